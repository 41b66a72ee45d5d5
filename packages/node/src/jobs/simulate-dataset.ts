import { prefetch, selectItems } from '@simgan/core';
import type { ExistingOutput } from '../datasets/dataset-log.ts';
import { type WrittenDataset, writeDataset } from '../datasets/write-dataset.ts';
import { defaults } from '../runs/defaults.ts';
import type { JobOptions } from '../runs/events.ts';
import { choosePlugin, type PluginChoiceOptions, startJob } from '../runs/job.ts';
import { startRendering } from '../runs/rendering.ts';

/** Options for {@link simulateDataset}. */
export interface SimulateDatasetOptions extends JobOptions, PluginChoiceOptions {
  /** How many samples. Default: 1000. */
  readonly count?: number | undefined;
  /** The folder to write. Default: the plugin's name with `-synthetic`. */
  readonly out?: string | undefined;
  /** Default: 1. */
  readonly seed?: number | undefined;
  /** Threads that render. Default: as many as there are processors. */
  readonly threads?: number | undefined;
  /** What to do with an earlier dataset in the folder. Default: `refuse`. */
  readonly existing?: ExistingOutput;
}

/** What {@link simulateDataset} wrote. */
export interface SimulatedDataset extends WrittenDataset {
  /** The whole path of the folder. */
  readonly dir: string;
}

/**
 * Writes a dataset of a plugin's simulator without refining it. Sample i of a seed is always the same.
 *
 * @throws SimganError as `writeDataset` does.
 * @example
 * ```ts no-run
 * await simulateDataset({ plugin: 'eyes', count: 100, out: 'eyes-synthetic' });
 * ```
 */
export async function simulateDataset(options: SimulateDatasetOptions): Promise<SimulatedDataset> {
  const { count = defaults.count, seed = defaults.seed, existing = 'refuse' } = options;
  const job = startJob(options);
  const chosen = await choosePlugin(options, job);
  const dir = job.path(options.out ?? `${chosen.plugin.name}-synthetic`);
  const rendering = startRendering(chosen, options.threads, job);
  const samples = rendering.simulate('simulator', { seed, length: count });
  // Sample i needs none before it, so what is written need not be rendered again.
  const unwritten = (isWritten: (id: string) => boolean) => {
    const indices = Array.from({ length: count }, (_, index) => index);
    const left = indices.filter((index) => !isWritten(samples.id(index)));
    if (left.length < count) {
      job.emit({ type: 'resume', phase: 'simulate', done: count - left.length, total: count });
    }
    return prefetch(selectItems(samples, left), rendering.ahead);
  };
  const update = job.progress('simulate', count);
  try {
    const written = await writeDataset(dir, unwritten, {
      plugin: chosen.plugin,
      provenance: { made: 'simulated', seed },
      existing,
      onProgress: (done) => update(done),
      signal: job.signal,
    });
    return { dir, ...written };
  } finally {
    await rendering.close();
  }
}
