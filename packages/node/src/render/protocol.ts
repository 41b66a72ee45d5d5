/** @file What the pool and its threads say to each other. */
import type { Simulated } from '@simgan/core';

/** Where a plugin comes from, so that another thread can make it anew. */
export interface PluginOrigin {
  /** The URL of its module, whose default export is the factory. */
  readonly module: string;
  /** What the factory is called with; anything that structured clone carries. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** The two renderers of a plugin. */
export type RendererName = 'simulator' | 'standIn';

/** A sample to render; a thread renders one after the other, in the order it was asked for. */
export interface Job {
  readonly renderer: RendererName;
  readonly seed: number;
  readonly index: number;
}

/** An error as its name, code, message and stack: structured clone keeps neither class nor code of our errors. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
}

/** What a thread says: once that it is ready, then an answer to each job in turn. */
export type Message = 'ready' | { readonly rendered: Simulated<unknown> } | { readonly error: PlainError };
