import { resolve } from 'node:path';
import type { Plugin } from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import { createEngine } from '../engines/engines.ts';
import type { DeviceName, EngineName } from '../engines/names.ts';
import type { MeasuredRecipe } from '../engines/noise-training.ts';
import { loadPlugin, pluginReference } from '../plugins/load-plugin.ts';
import type { PluginOrigin } from '../render/protocol.ts';
import { defaults } from './defaults.ts';
import type { JobEvent, JobOptions, JobPhase } from './events.ts';

/** A job in progress: where it is and whom it tells. */
export interface Job {
  readonly cwd: string;
  readonly beside: string | undefined;
  readonly signal: AbortSignal | undefined;
  emit(event: JobEvent): void;
  /** An absolute path. */
  path(name: string): string;
  /** Something long: tells how far it is. */
  progress(phase: JobPhase, total: number): (done: number, detail?: string) => void;
}

/** The job that options describe. */
export function startJob({ onEvent = () => {}, signal, cwd = process.cwd(), beside }: JobOptions): Job {
  return {
    cwd,
    beside,
    signal,
    emit: onEvent,
    path: (name) => resolve(cwd, name),
    progress: (phase, total) => (done, detail) =>
      onEvent({ type: 'progress', phase, done, total, ...(detail !== undefined && { detail }) }),
  };
}

/** Which engine a job runs on. */
export interface EngineChoiceOptions {
  /** An engine by name, or one that the caller made and disposes. Default: `auto`, the fastest that loads. */
  readonly engine?: EngineName | 'auto' | Engine;
  /** Where the onnx engine runs. Default: `auto`. */
  readonly device?: DeviceName;
  /** Threads that compute, and that render. Default: as many as there are processors. */
  readonly threads?: number | undefined;
}

/** An engine, and how to give it back: one that the caller made is left alone. */
export interface StartedEngine {
  readonly engine: Engine;
  release(): Promise<void>;
}

/**
 * Starts the engine that the options name, and tells which it is.
 *
 * @param measured - what is to be trained: `auto` tries its steps on a GPU and on the processor.
 */
export async function startEngine(
  options: EngineChoiceOptions,
  job: Job,
  measured?: MeasuredRecipe,
): Promise<StartedEngine> {
  const { engine: wanted = defaults.engine, device = defaults.device, threads } = options;
  const isOwn = typeof wanted === 'string';
  const { engine, passedOver } = isOwn
    ? await createEngine(wanted, {
        from: job.cwd,
        device,
        ...(threads !== undefined && { threads }),
        ...(measured && { measured }),
      })
    : { engine: wanted, passedOver: [] };
  const { name, device: place, remark } = engine;
  // Of a processor, it says that there is no GPU, which `passedOver` does too.
  const why = place.startsWith('gpu') && remark ? { remark } : {};
  job.emit({ type: 'engine', name, device: place, passedOver, ...why });
  const slow = passedOver.find(({ name }) => name === 'onnx');
  if (slow) {
    const message = `The engine ${engine.name} computes, at a fraction of the usual speed. ${slow.reason}`;
    job.emit({ type: 'warning', message });
  }
  return { engine, release: async () => (isOwn ? engine.dispose() : undefined) };
}

/** Which plugin a job works with. */
export interface PluginChoiceOptions {
  /**
   * The domain: a plugin, or the name or path of one to load. A plugin by its name renders in several threads; an
   * object in the calling one.
   */
  readonly plugin: string | Plugin;
  /** Options for a plugin that is loaded by its name. */
  readonly pluginOptions?: Readonly<Record<string, unknown>>;
}

/** A plugin that is ready. */
export interface ChosenPlugin {
  readonly plugin: Plugin;
  /** As a file names it. */
  readonly reference: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Where threads find it; only of plugins by name. */
  readonly origin: PluginOrigin | undefined;
}

/** The plugin that the options name. @throws SimganError as `loadPlugin` does. */
export async function choosePlugin(
  { plugin, pluginOptions = {} }: PluginChoiceOptions,
  { cwd, beside }: Job,
): Promise<ChosenPlugin> {
  if (typeof plugin !== 'string') {
    return { plugin, reference: plugin.name, options: pluginOptions, origin: undefined };
  }
  const loaded = await loadPlugin(plugin, pluginOptions, { cwd, ...(beside && { beside }) });
  return { ...loaded, reference: pluginReference(plugin, cwd), options: pluginOptions };
}
