import { defaults } from '../runs/defaults.ts';
import { startEngine, startJob } from '../runs/job.ts';
import { buildRefiner, findTrained } from '../runs/open-refiner.ts';
import { startRendering } from '../runs/rendering.ts';
import { openReal, openSynthetic, originOfReal } from '../runs/sources.ts';
import { placeShard, shardFolder } from '../shards/shard.ts';
import { shardOf } from '../shards/shard-option.ts';
import type { AugmentedShard, AugmentShardOptions } from './augment-options.ts';
import { givenRefiner, isCompared, originOfRefiner, refinerStack, withRunOf } from './trained-settings.ts';
import { writeTreated } from './write-treated.ts';

/**
 * One shard with a trained refiner. Only the first one opens the real pictures, whose rejects it lists: nothing is
 * compared, and the others need no more than to know where they are.
 */
export async function augmentShard(options: AugmentShardOptions): Promise<AugmentedShard> {
  const started = performance.now();
  const job = startJob(options);
  const wanted = shardOf(options.shard);
  const trained = await findTrained(options.refiner, options, job);
  const { chosen } = trained;
  const { plugin } = chosen;
  const settings = await withRunOf(trained.stored.config, options, job);
  const { seed = defaults.seed, count = defaults.count } = settings;
  const dir = job.path(options.out ?? `${plugin.name}-augmented`);
  const disposals: (() => unknown)[] = [];
  try {
    const { engine, release } = await startEngine(options, job);
    disposals.push(release);
    const rendering = startRendering(chosen, options.threads, job, options.renderer);
    disposals.push(() => rendering.close());
    const refiner = buildRefiner(trained.origin, trained.stored, plugin, engine, {
      recipe: settings.recipe,
      seed,
    });
    disposals.push(() => refiner.dispose());
    job.emit({ type: 'refiner', origin: options.refiner, recipe: refiner.recipe });
    const means = { seed, atLeast: 1, rendering };
    const synthetic = await openSynthetic(plugin, settings, { ...means, count }, job);
    const isFirst = wanted.index === 0;
    const real = !isCompared(trained, settings)
      ? undefined
      : isFirst && settings.real !== undefined
        ? await openReal(plugin, settings, means, job)
        : { origin: originOfReal(settings, job), rejects: [] };
    const origin = originOfRefiner(options.refiner, refiner);
    const parts = {
      stack: refinerStack(refiner),
      origin,
      real,
      synthetic: isFirst ? synthetic : { ...synthetic, rejects: [] },
      recipeName: refiner.recipe ?? 'custom',
      decision: givenRefiner,
    };
    const shard = placeShard(wanted, synthetic.samples.length);
    const written = await writeTreated(
      dir,
      parts,
      { chosen, seed, options, ahead: rendering.ahead, shard },
      job,
    );
    const seconds = (performance.now() - started) / 1000;
    const { count: samples, resumed } = written;
    return { dir, dataset: shardFolder(dir, shard), shard, count: samples, resumed, seconds };
  } finally {
    for (const dispose of disposals.toReversed()) await dispose();
  }
}
