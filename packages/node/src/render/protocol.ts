/** @file The messages between a render pool and its threads. */
import type { Plugin, Simulated, SimulatorOrigin } from '@simgan/core';

/** Where a plugin comes from, so that another thread can create it again. */
export interface PluginOrigin {
  /** URL of the plugin's module, whose default export is the factory. */
  readonly module: string;
  /** The argument of the factory. It must survive structured clone. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** The two renderers of a plugin. */
export type RendererName = 'simulator' | 'standIn';

/** What names a renderer in errors, and the form that its images must have. */
export function originOf(
  { name, image }: Partial<Pick<Plugin, 'name' | 'image'>>,
  renderer: RendererName,
): SimulatorOrigin {
  return { renderer, ...(name !== undefined && { plugin: name }), ...(image && { image }) };
}

/** A sample to render. A thread renders its jobs one at a time, in the order they were sent. */
export interface Job {
  readonly renderer: RendererName;
  readonly seed: number;
  readonly index: number;
}

/** The fields of an error. Structured clone would lose the class, the code and the problems of a SimganError. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
  readonly problems: unknown;
}

/** What a thread sends: `ready` once the plugin is created, then one answer per job, in order. */
export type Message = 'ready' | { readonly rendered: Simulated<unknown> } | { readonly error: PlainError };
