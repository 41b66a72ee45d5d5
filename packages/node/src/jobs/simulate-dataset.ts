import { prefetch, selectItems } from '@simgan/core';
import type { ExistingOutput } from '../datasets/dataset-log.ts';
import { type WrittenDataset, writeDataset } from '../datasets/write-dataset.ts';
import { beginCopies, type CopyOptions, checkCopies, type WrittenFormat } from '../formats/dataset-copies.ts';
import { describeDataset } from '../formats/describe-dataset.ts';
import { defaults } from '../runs/defaults.ts';
import type { JobOptions } from '../runs/events.ts';
import { choosePlugin, type PluginChoiceOptions, startJob } from '../runs/job.ts';
import { startRendering } from '../runs/rendering.ts';
import { endOf, type PlacedShard, placeShard, type Shard, shardFolder } from '../shards/shard.ts';
import { checkShardCopies, shardOf } from '../shards/shard-option.ts';
import { writeShard } from '../shards/write-shard.ts';
import type { RendererChoice } from '../wire/renderer-options.ts';

/** Options for {@link simulateDataset}. */
export interface SimulateDatasetOptions extends JobOptions, PluginChoiceOptions, CopyOptions {
  /** How many samples. Default: 1000. */
  readonly count?: number | undefined;
  /** The folder to write. Default: the plugin's name with `-synthetic`. */
  readonly out?: string | undefined;
  /** A renderer in another process, in place of the plugin's simulator. */
  readonly renderer?: RendererChoice | undefined;
  /** Default: 1. */
  readonly seed?: number | undefined;
  /** Threads that render. Default: as many as there are processors. */
  readonly threads?: number | undefined;
  /** What to do with an earlier dataset in the folder. Default: `refuse`. Shards are resumed, unless it is `replace`. */
  readonly existing?: ExistingOutput | undefined;
  /**
   * Only one of several parts of the dataset, in `out/shards`; {@link mergeShards} makes one dataset of them. A text is
   * such as `3/8`, or `auto`: what the scheduler says in the environment (see {@link shardFromEnvironment}).
   */
  readonly shard?: Shard | string | undefined;
}

/** What {@link simulateDataset} wrote. */
export interface SimulatedDataset extends WrittenDataset {
  /** The whole path of the folder; of a shard, that within `out/shards`. */
  readonly dir: string;
  /** The dataset in other formats. */
  readonly formats: readonly WrittenFormat[];
  /** The shard, if it is one: it has the samples from `start` on. */
  readonly shard?: PlacedShard;
}

/**
 * Writes a dataset of a plugin's simulator without refining it, with `README.md` and `croissant.json`. Sample i of a seed is always the same.
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
  const shard = options.shard === undefined ? undefined : placeShard(shardOf(options.shard), count);
  const chosen = await choosePlugin(options, job);
  const dir = job.path(options.out ?? `${chosen.plugin.name}-synthetic`);
  checkShardCopies(options);
  await checkCopies(dir, options, existing);
  const rendering = startRendering(chosen, options.threads, job, options.renderer);
  const samples = rendering.simulate('simulator', { seed, length: count });
  const [start, end] = shard ? [shard.start, endOf(shard)] : [0, count];
  const length = end - start;
  // Sample i needs none before it, so what is written need not be rendered again.
  const unwritten = (isWritten: (id: string) => boolean) => {
    const indices = Array.from({ length }, (_, n) => start + n);
    const left = indices.filter((index) => !isWritten(samples.id(index)));
    if (left.length < length) {
      job.emit({ type: 'resume', phase: 'simulate', done: length - left.length, total: length });
    }
    return prefetch(selectItems(samples, left), rendering.ahead);
  };
  const update = job.progress('simulate', length);
  const writing = {
    plugin: chosen.plugin,
    provenance: { made: 'simulated', ...(options.renderer && { synthetic: rendering.origin }), seed },
    onProgress: (done: number) => update(done),
    signal: job.signal,
  };
  try {
    if (!shard) {
      const { plugin } = chosen;
      const about = {
        schema: plugin.annotation,
        name: plugin.name,
        provenance: writing.provenance,
        out: dir,
      };
      const copies = await beginCopies(dir, { ...options, ...about });
      try {
        const written = await writeDataset(dir, unwritten, { ...writing, existing, onLine: copies.add });
        const formats = await copies.finish([]);
        await describeDataset(dir, { name: `${plugin.name}-synthetic` });
        return { dir, ...written, formats };
      } finally {
        await copies.close();
      }
    }
    const written = await writeShard(dir, shard, unwritten, {
      ...writing,
      existing,
      pluginOptions: chosen.options,
      rendererParameters: options.renderer?.parameters,
      onWait: (message) => job.emit({ type: 'warning', message }),
    });
    return { dir: shardFolder(dir, shard), shard, ...written, formats: [] };
  } finally {
    await rendering.close();
  }
}
