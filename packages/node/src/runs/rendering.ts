import { availableParallelism } from 'node:os';
import { type Dataset, type Sample, simulate } from '@simgan/core';
import { createRenderPool, type RenderPool } from '../render/pool.ts';
import type { RendererName } from '../render/protocol.ts';
import type { ChosenPlugin, Job } from './job.ts';

/** More render faster than pictures can be written or trained on, and each takes the memory of a program. */
const MOST_THREADS = 8;

/** Renders for a job, in threads where it knows where they find the plugin. */
export type Rendering = Pick<RenderPool, 'simulate' | 'ahead' | 'close'>;

/** What renders for a job; the job closes it. No thread is started before it pays. */
export function startRendering(
  { plugin, origin }: ChosenPlugin,
  threads: number | undefined,
  job: Job,
): Rendering {
  if (!origin) {
    return {
      ahead: 0,
      simulate: (renderer: RendererName, options): Dataset<Sample<unknown>> =>
        simulate(plugin[renderer]!, options),
      close: async () => {},
    };
  }
  return createRenderPool(plugin, {
    origin,
    threads: threads ?? Math.min(MOST_THREADS, availableParallelism()),
    onFallback: (reason) =>
      job.emit({ type: 'warning', message: `Pictures are rendered by one thread only. ${reason}` }),
  });
}
