import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  createRng,
  type Dataset,
  halve,
  type Plugin,
  type RealImage,
  type Sample,
  SimganError,
  selectItems,
  type TrainingRecipe,
} from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import {
  compareDownstream,
  type EstimatorResult,
  judgeUse,
  type LabelPreservation,
  type PatchTestResult,
  patchTest,
  type UseReport,
} from '@simgan/core/evaluation';
import { parseMatch } from '@simgan/core/matching';
import { measureKernelDistances } from '@simgan/core/measures';
import { cropsOf, trainingForm } from '@simgan/core/training';
import { readDataset } from '../datasets/read-dataset.ts';
import { defaults } from '../runs/defaults.ts';
import type { JobOptions } from '../runs/events.ts';
import {
  choosePlugin,
  type EngineChoiceOptions,
  type Job,
  type PluginChoiceOptions,
  startEngine,
  startJob,
} from '../runs/job.ts';
import { meterFor } from '../runs/label-shift.ts';
import { openMatching } from '../runs/matching.ts';
import { chooseRecipe } from '../runs/prepare-training.ts';
import { type Rendering, startRendering } from '../runs/rendering.ts';
import { augmentFiles } from '../runs/run-folder.ts';
import { openReal, openSynthetic, reading, type SourceOptions } from '../runs/sources.ts';
import { endOf, placeShard, type Shard, shardFolder } from '../shards/shard.ts';
import { isShardManifest } from '../shards/shard-manifest.ts';
import { shardOf } from '../shards/shard-option.ts';
import { judgeTreated, type TreatedVerdict } from './judge-treated.ts';
import { lookAt, measureDistances, measureLabelShift, type SetDistance } from './report.ts';

/** Options for {@link evaluateDataset}. */
export interface EvaluateOptions extends JobOptions, PluginChoiceOptions, EngineChoiceOptions, SourceOptions {
  /** The refined pictures: a dataset's folder, or the folder that `augment` filled. */
  readonly refined: string;
  /** Most pictures of each set to look at, and to test an estimator on. Default: 1000. */
  readonly count?: number | undefined;
  /** Trains the plugin's estimator on each set and tests it on the stand-in camera. Default: false. */
  readonly downstream?: boolean;
  /** Judges what the refined pictures are worth to the plugin's task, without labels of real ones. Default: false. */
  readonly use?: boolean;
  /**
   * Only the pictures of one of several shards, such as `3/8`; `auto`: what the scheduler says in the environment. Shards
   * that are not merged yet are found in `refined/shards`, and of a merged dataset it is the same part. Default: all.
   */
  readonly shard?: Shard | string | undefined;
  /** How often to train it, from different weights. Default: 1. */
  readonly repeats?: number;
  /** In place of the estimator's number of steps. */
  readonly steps?: number | undefined;
  /** Default: 1. */
  readonly seed?: number | undefined;
}

/** How well a set can be told from real pictures. */
export interface Realism extends PatchTestResult {
  readonly kernelDistance: number;
}

/** What the plugin's estimator learns from each set. */
export interface Downstream {
  readonly estimator: string;
  readonly unit: string;
  readonly within: number;
  readonly steps: number;
  /** Pictures of the stand-in camera that it was tested on. */
  readonly tested: number;
  /** One for each repeat: the result by set. */
  readonly runs: readonly Readonly<Record<string, EstimatorResult>>[];
}

/** What refinement gained and what it cost. */
export interface Evaluation {
  readonly distances: Readonly<Record<string, SetDistance>>;
  /** By set; `real` compares one half of the real pictures with the other, which is what a perfect refiner would get. */
  readonly realism: Readonly<Record<string, Realism>>;
  /** How far labels moved by matching and by refining; `undefined` if the plugin has no probe. */
  readonly labels: Readonly<Record<'matched' | 'refined', LabelPreservation | undefined>>;
  readonly downstream: Downstream | undefined;
  /** What the sets are worth to the plugin's task on real pictures, judged without their labels. */
  readonly use: UseReport | undefined;
  /** What came of it in looks, labels and use. */
  readonly verdict: TreatedVerdict;
}

/**
 * Compares refined pictures with those they were made of and with real ones: statistics, a kernel distance on
 * hand-made features, a two-sample test on crops, how far labels moved, and what an estimator learns from each set.
 *
 * @throws SimganError INVALID_ARGUMENT if the plugin lacks what `downstream` needs; NOT_ENOUGH_DATA for small sets.
 * @example
 * ```ts no-run
 * const { realism } = await evaluateDataset({ plugin: 'eyes', refined: 'eyes-augmented', real: 'my-eye-photos' });
 * console.log(realism.refined.auc, realism.real.auc);
 * ```
 */
export async function evaluateDataset(options: EvaluateOptions): Promise<Evaluation> {
  const { count = defaults.evaluated, seed = defaults.seed } = options;
  const job = startJob(options);
  const chosen = await choosePlugin(options, job);
  const { plugin } = chosen;
  if (options.downstream) checkDownstream(plugin);
  if (options.use) checkUse(plugin);
  const { recipe } = chooseRecipe(plugin, {});
  const { refined, start } = await readPart(job.path(options.refined), options.shard, plugin, job);
  const rendering = startRendering(chosen, options.threads, job);
  try {
    const means = { seed, atLeast: 8, rendering };
    const end = start + refined.samples.length;
    const whole = await openSynthetic(plugin, options, { ...means, count: end }, job);
    const isSimulated = options.synthetic === undefined;
    const source = isSimulated ? { ...whole, samples: rangeOf(whole.samples, start, end) } : whole;
    if (options.downstream && (source.annotations === 'foreign' || refined.annotations === 'foreign')) {
      throw new SimganError(
        'INVALID_ARGUMENT',
        `\`downstream\`: the annotations must be those of the plugin ${plugin.name}; name their reader with \`format\`.`,
      );
    }
    const camera = await openReal(plugin, options, means, job);
    // What was done before refinement; where nothing was, or nobody knows, what could have been.
    const before = refined.manifest?.provenance.match;
    const match = typeof before === 'string' && before !== 'none' ? parseMatch(before) : 'auto';
    const pictures = { synthetic: source.training, real: camera.images, plugin, recipe, seed };
    const { matcher } = await openMatching(match, pictures, job);
    const sets: Record<string, Dataset<Sample<unknown>>> = {
      synthetic: source.samples,
      matched: matcher.match(source.samples),
      refined: refined.samples as Dataset<Sample<unknown>>,
    };
    const looked = Object.fromEntries(Object.entries(sets).map(([name, set]) => [name, lookAt(set, count)]));
    const real = lookAt(camera.images, count);
    const { engine, release } = await startEngine(options, job);
    try {
      const rows = Object.entries(looked).map(([label, images]) => ({ label, images }));
      const domain = { plugin, recipe, seed };
      const distances = await measureDistances(rows, real, domain);
      const realism = await measureRealism(looked, real, { ...domain, engine, count }, job);
      const labelsOf = (name: string) =>
        measureLabelShift(plugin, { ...source, samples: looked.synthetic! }, looked[name]!, count);
      const labels = { matched: await labelsOf('matched'), refined: await labelsOf('refined') };
      const downstream = options.downstream
        ? await measureDownstream(sets, { ...domain, engine, options, rendering, count }, job)
        : undefined;
      const use = options.use
        ? await measureUse(
            { raw: source.samples, refined: sets.refined! },
            real,
            { ...domain, engine, count, steps: options.steps },
            job,
          )
        : undefined;
      const origins = originsOf(refined, source.samples);
      const verdict = await judgeTreated(
        {
          synthetic: looked.synthetic!,
          placed: async (indices) => selectItems(origins ?? source.samples, indices),
          treated: refined.samples,
          real,
        },
        {
          form: trainingForm(plugin.image, recipe),
          seed,
          meter: origins && meterFor(plugin, source),
          limit: recipe.steering?.labelShift ?? 1,
          use: use?.treatments.refined,
        },
      );
      return { distances, realism, labels, downstream, use, verdict };
    } finally {
      await release();
    }
  } finally {
    await rendering.close();
  }
}

/** What the measurements need beside the pictures. */
interface Means {
  readonly plugin: Plugin;
  readonly recipe: TrainingRecipe;
  readonly engine: Engine;
  readonly seed: number;
  readonly count: number;
}

/** The kernel distance and the patch test of every set, and of one half of the real pictures against the other. */
async function measureRealism(
  sets: Readonly<Record<string, Dataset<Sample<unknown>>>>,
  real: Dataset<Omit<Sample<unknown>, 'annotation'>>,
  { plugin, recipe, engine, seed, count }: Means,
  job: Job,
): Promise<Record<string, Realism>> {
  const form = trainingForm(plugin.image, recipe);
  const cropped = Object.entries(sets).map(([name, set]) => [name, cropsOf(set, form, seed)] as const);
  const goal = cropsOf(real, form, seed);
  const kernel = await measureKernelDistances(Object.fromEntries(cropped), goal, {
    image: form,
    seed,
    limit: Math.min(500, count),
  });
  const update = job.progress('evaluate', cropped.length + 1);
  const test = { image: form, engine, seed, limit: count, signal: job.signal };
  const realism: Record<string, Realism> = {};
  for (const [done, [name, set]] of cropped.entries()) {
    job.signal?.throwIfAborted();
    update(done, name);
    realism[name] = { kernelDistance: kernel.sets[name]!, ...(await patchTest(goal, set, test)) };
  }
  realism.real = { kernelDistance: kernel.control, ...(await patchTest(...halve(goal, seed), test)) };
  update(cropped.length + 1);
  return realism;
}

/** The refined pictures to evaluate, and the position of the first of them in the whole dataset. */
async function readPart(
  out: string,
  wanted: EvaluateOptions['shard'],
  plugin: Plugin,
  job: Job,
): Promise<{ refined: Awaited<ReturnType<typeof readDataset>>; start: number }> {
  if (wanted === undefined) {
    return { refined: await readDataset(datasetIn(out), plugin, reading(job)), start: 0 };
  }
  const shard = shardOf(wanted);
  const own = shardFolder(out, shard);
  if (existsSync(own)) {
    const refined = await readDataset(own, plugin, reading(job));
    const { manifest } = refined;
    return { refined, start: manifest && isShardManifest(manifest) ? manifest.shard.start : 0 };
  }
  const refined = await readDataset(datasetIn(out), plugin, reading(job));
  const placed = placeShard(shard, refined.samples.length);
  const samples = rangeOf(refined.samples as Dataset<Sample<unknown>>, placed.start, endOf(placed));
  return { refined: { ...refined, samples } as typeof refined, start: placed.start };
}

function rangeOf<Item>(dataset: Dataset<Item>, start: number, end: number): Dataset<Item> {
  return selectItems(
    dataset,
    Array.from({ length: end - start }, (_, n) => start + n),
  );
}

/**
 * The synthetic sample of each refined one, by position; `undefined` if some have none, or things moved on purpose, so
 * that labels of both sets are not where they were.
 */
function originsOf(
  { samples, manifest }: Awaited<ReturnType<typeof readDataset>>,
  source: Dataset<Sample<unknown>>,
): Dataset<Sample<unknown>> | undefined {
  const treatment = manifest?.provenance.treatment;
  if (typeof treatment === 'string' && /framed|randomized|warped|pseudo-labeled/.test(treatment))
    return undefined;
  const places = new Map(Array.from({ length: source.length }, (_, index) => [source.id(index), index]));
  const indices = Array.from({ length: samples.length }, (_, index) => places.get(samples.id(index)) ?? -1);
  return indices.includes(-1) ? undefined : selectItems(source, indices);
}

/** What the plugin's estimator learns for real pictures, judged without their labels. */
async function measureUse(
  { raw, refined }: Readonly<Record<'raw' | 'refined', Dataset<Sample<unknown>>>>,
  real: Dataset<RealImage>,
  { plugin, recipe, engine, seed, count, steps: wanted }: Means & Pick<EvaluateOptions, 'steps'>,
  job: Job,
): Promise<UseReport> {
  const form = trainingForm(plugin.image, recipe);
  const crops = <Item extends RealImage>(set: Dataset<Item>) => cropsOf(lookAt(set, count), form, seed);
  let update: ((done: number, detail?: string) => void) | undefined;
  return judgeUse({
    estimator: plugin.estimator!,
    image: form,
    engine,
    seed,
    raw: crops(raw),
    treatments: { refined: crops(refined) },
    real: crops(real),
    ...(wanted !== undefined && { steps: wanted }),
    ...(job.signal && { signal: job.signal }),
    onProgress({ network, networks, step, steps, set }) {
      update ??= job.progress('estimate', networks * steps);
      update(network * steps + step, set);
    },
  });
}

/** The plugin's estimator trained on each set and tested on the stand-in camera, from several weights. */
async function measureDownstream(
  sets: Readonly<Record<string, Dataset<Sample<unknown>>>>,
  {
    plugin,
    recipe: trained,
    engine,
    seed,
    count,
    options,
    rendering,
  }: Means & { readonly options: EvaluateOptions; readonly rendering: Rendering },
  job: Job,
): Promise<Downstream> {
  const estimator = plugin.estimator!;
  const { recipe, name, unit, within } = estimator;
  const { repeats = defaults.repeats, steps = recipe.steps } = options;
  const rng = createRng(seed).fork('downstream');
  const cached = (set: Dataset<Sample<unknown>>) => lookAt(set, set.length);
  const shots = (length: number) => cached(rendering.simulate('standIn', { seed: rng.int(2 ** 31), length }));
  const test = shots(count);
  // What labeled pictures of the camera itself would give: no refiner can be asked for more.
  const upperBound = shots(sets.refined!.length);
  const learned = {
    ...Object.fromEntries(Object.entries(sets).map(([label, set]) => [label, cached(set)])),
    'stand-in camera': upperBound,
  };
  const update = job.progress('estimate', repeats * Object.keys(learned).length * steps);
  let done = 0;
  const runs: Readonly<Record<string, EstimatorResult>>[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const run = await compareDownstream({
      estimator: { ...estimator, recipe: { ...recipe, steps } },
      sets: learned,
      test,
      image: trainingForm(plugin.image, trained),
      engine,
      seed: seed + repeat,
      onStep(set, { loss }) {
        job.signal?.throwIfAborted();
        done += 1;
        update(done, `${set}, loss ${loss.toFixed(4)}`);
      },
    });
    runs.push(run);
  }
  return { estimator: name, unit, within, steps, tested: test.length, runs };
}

function checkUse({ name, estimator }: Plugin): void {
  if (estimator?.answer) return;
  const problem = estimator
    ? `the estimator ${estimator.name} of the plugin ${name} does not say how its answers are compared (\`answer\`)`
    : `the plugin ${name} has no estimator to train`;
  throw new SimganError('INVALID_ARGUMENT', `\`use\`: ${problem}.`);
}

function checkDownstream({ name, estimator, standIn }: Plugin): void {
  const problem = !estimator
    ? `the plugin ${name} has no estimator to train`
    : !standIn
      ? `the plugin ${name} has no stand-in camera to test its estimator on`
      : undefined;
  if (problem) throw new SimganError('INVALID_ARGUMENT', `\`downstream\`: ${problem}.`);
}

/** `augment` writes its dataset into a folder of its output. */
function datasetIn(dir: string): string {
  const inner = join(dir, augmentFiles.dataset);
  return existsSync(inner) ? inner : dir;
}
