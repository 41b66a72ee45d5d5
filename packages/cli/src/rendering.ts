import { availableParallelism } from 'node:os';
import type { Plugin } from '@simgan/core';
import { createRenderPool, type RenderPool } from '@simgan/core/node';
import type { Context } from './command.ts';
import { findPlugin } from './plugins.ts';

/** More render faster than pictures can be written or trained on, and each takes the memory of a program. */
const MOST_THREADS = 8;

/** Threads that render for a command; it closes them. None is started before it pays. */
export function startRendering(
  plugin: Plugin,
  options: {
    readonly plugin: string;
    readonly 'plugin-option': Readonly<Record<string, unknown>>;
    readonly threads: number | undefined;
  },
  { cwd, output }: Context,
): RenderPool {
  const { threads = Math.min(MOST_THREADS, availableParallelism()) } = options;
  return createRenderPool(plugin, {
    origin: { module: findPlugin(options.plugin, cwd), options: options['plugin-option'] },
    threads,
    onFallback: (reason) => output.warn(`pictures are rendered by one thread only. ${reason}`),
  });
}
