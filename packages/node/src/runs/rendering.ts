import { availableParallelism } from 'node:os';
import { type Dataset, type Plugin, prefetch, type Sample, SimganError, simulate } from '@simgan/core';
import { createRenderPool, type RenderPool } from '../render/pool.ts';
import { originOf, type RendererName } from '../render/protocol.ts';
import { type RendererRetry, remoteSimulator } from '../wire/remote-simulator.ts';
import type { RendererChoice } from '../wire/renderer-options.ts';
import type { ChosenPlugin, Job } from './job.ts';

/** More render faster than pictures can be written or trained on, and each takes the memory of a program. */
const MOST_THREADS = 8;

/** Renders for a job, in threads where it knows where they find the plugin. */
export interface Rendering extends Pick<RenderPool, 'simulate' | 'ahead' | 'close'> {
  /** What takes the simulator's part, for provenance: `simulator`, or `renderer` and its URL or command. */
  readonly origin: string;
}

/**
 * What renders for a job; the job closes it. No thread is started before it pays.
 *
 * @param renderer - a renderer in another process, in place of the plugin's simulator.
 * @throws SimganError INVALID_ARGUMENT if the renderer's options cannot be used.
 */
export function startRendering(
  chosen: ChosenPlugin,
  threads: number | undefined,
  job: Job,
  renderer?: RendererChoice,
): Rendering {
  const pool = startPool(chosen, threads, job);
  return renderer
    ? startRemote(chosen, { concurrency: threads, ...renderer } as RendererChoice, pool, job)
    : pool;
}

/** The renderer for what is simulated; the stand-in camera stays the plugin's. */
function startRemote(
  { plugin }: ChosenPlugin,
  renderer: RendererChoice,
  pool: Rendering,
  job: Job,
): Rendering {
  let isWarned = false;
  const onRetry = ({ seed, index, reason }: RendererRetry) => {
    if (isWarned) return;
    isWarned = true;
    const end = reason.includes('\n') ? '\n' : '. ';
    const message = `The renderer failed at index ${index} of seed ${seed}: ${reason}${end}The request is retried; further retries are not reported.`;
    job.emit({ type: 'warning', message });
  };
  const { cwd, signal } = job;
  const remote = remoteSimulator(plugin, { ...renderer, cwd, signal, onRetry });
  const ahead = 2 * remote.concurrency;
  return {
    origin: remote.origin,
    ahead,
    simulate: (name, options) =>
      name === 'simulator' ? prefetch(remote.simulate(options), ahead) : pool.simulate(name, options),
    async close() {
      await Promise.all([remote.close(), pool.close()]);
    },
  };
}

function startPool({ plugin, origin }: ChosenPlugin, threads: number | undefined, job: Job): Rendering {
  if (!origin) {
    return {
      origin: 'simulator',
      ahead: 0,
      simulate: (renderer: RendererName, options): Dataset<Sample<unknown>> => {
        checkRenderer(plugin, renderer);
        return simulate(plugin[renderer]!, { ...options, origin: originOf(plugin, renderer) });
      },
      close: async () => {},
    };
  }
  const pool = createRenderPool(plugin, {
    origin,
    threads: threads ?? Math.min(MOST_THREADS, availableParallelism()),
    onFallback: (reason) =>
      job.emit({ type: 'warning', message: `Pictures are rendered by one thread only. ${reason}` }),
  });
  return {
    origin: 'simulator',
    ahead: pool.ahead,
    simulate: (renderer, options) => {
      checkRenderer(plugin, renderer);
      return pool.simulate(renderer, options);
    },
    close: () => pool.close(),
  };
}

/** @throws SimganError INVALID_ARGUMENT if the plugin has no simulator, with what to pass in its place. */
function checkRenderer({ name, simulator }: Plugin, renderer: RendererName): void {
  if (renderer !== 'simulator' || simulator) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `The plugin ${name} has no simulator: pass a folder of synthetic pictures as \`synthetic\`, of which all are refined, or a \`renderer\`.`,
  );
}
