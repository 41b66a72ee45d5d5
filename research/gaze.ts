/**
 * @file What refinement gains for eyes, and what it costs: the tables of docs/results-eyes.md. Three parts:
 *
 * - `downstream`: on the stand-in camera, where labels are known. The gaze estimator is trained on images as simulated,
 *   matched, refined without matching, matched and refined, and on labeled images of the camera itself, the upper bound;
 *   on `--count` images and on four times as many; several refiners, each with its own estimators.
 * - `paper-network`: the paper's own gaze network learns from labeled images of the stand-in camera.
 * - with `--real DIR`: distances to real images. A refiner sees one half of them and the other half is the reference.
 *
 *     npm run research:gaze                                  # three refiners, stand-in camera
 *     npm run research:gaze -- --part none --real DIR        # distances to your images alone
 *     npm run research:gaze -- --quick                       # a smoke test: minutes, no result
 *
 * Options: `--seeds 1,2,3`, `--count 1000` (images in a training set), `--steps N` (of the refiner),
 * `--estimator-steps 2500`, `--match SETTING` (default: the recipe's), `--part all|downstream|paper-network|none`,
 * `--real DIR`, `--color`, `--threads 1`, `--quick`.
 *
 * Prints a report as it grows and saves it with all figures in `research/results`. A seed takes about ten minutes on
 * one core.
 */
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  createRng,
  createTraining,
  type Dataset,
  type Estimator,
  halve,
  type RealImage,
  type Sample,
  simulate,
  type TrainingRecipe,
  takeFrom,
  train,
  trainedRefiner,
} from '@simgan/core';
import {
  compareDownstream,
  type EstimatorResult,
  measureLabelPreservation,
  pairById,
  patchTest,
} from '@simgan/core/evaluation';
import { formatMatch, parseMatch } from '@simgan/core/matching';
import { mean, measureKernelDistances, std } from '@simgan/core/measures';
import { createEngine, readImages } from '@simgan/node';
import { type EyeAnnotation, eyes, paperGazeEstimator, smallGazeEstimator } from '@simgan/plugin-eyes';
import { collect } from './collect.ts';
import { openReport } from './report.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '' },
    count: { type: 'string', default: '' },
    threads: { type: 'string', default: '1' },
    steps: { type: 'string', default: '' },
    'estimator-steps': { type: 'string', default: '' },
    match: { type: 'string' },
    part: { type: 'string', default: 'all' },
    real: { type: 'string' },
    color: { type: 'boolean', default: false },
  },
});
const { quick } = options;
const plugin = eyes({ color: options.color });
const { image, probe, standIn } = plugin;
const quickRecipe: TrainingRecipe = plugin.recipes.quick;
const recipe: TrainingRecipe = {
  ...quickRecipe,
  match: options.match === undefined ? (quickRecipe.match ?? 'none') : parseMatch(options.match),
  steps: Number(options.steps || (quick ? 150 : quickRecipe.steps)),
};
const seeds = (options.seeds || (quick ? '1' : '1,2,3')).split(',').map(Number);
const sizes = {
  once: Number(options.count || (quick ? 256 : 1000)),
  ...(quick ? { test: 256, pool: 256, training: 512 } : { test: 2000, pool: 2048, training: 4096 }),
};
const estimator: Estimator<EyeAnnotation> = {
  ...smallGazeEstimator,
  recipe: {
    ...smallGazeEstimator.recipe,
    steps: Number(options['estimator-steps'] || (quick ? 300 : 2500)),
  },
};

type Eyes = Dataset<Sample<EyeAnnotation>>;

const { engine } = await createEngine('onnx', { threads: Number(options.threads), device: 'cpu' });
const { figures, say, note, minutes, save } = openReport('gaze');
Object.assign(figures, { recipe, sizes, seeds });

say('# What refinement gains for eyes');
say();
say(
  `${image.width}x${image.height} ${options.color ? 'RGB' : 'gray'}; refiner: recipe quick, ${recipe.steps} steps of ${recipe.batchSize}, match ${formatMatch(recipe.match ?? 'none')}; ${cpus()[0]!.model}, ${options.threads} thread(s), Node ${process.version}.`,
);
note(`engine ${engine.name}: ${engine.device}`);
if (options.part === 'all' || options.part === 'downstream') await downstream();
if (options.part === 'all' || options.part === 'paper-network') await paperNetwork();
if (options.real !== undefined) await realism(resolve(options.real));
say();
say(`${minutes().toFixed(0)} minutes in total.`);
await engine.dispose();
process.stdout.write(`\nSaved as ${save()}\n`);
process.exit(0);

/** Estimators trained on each kind of images and tested on the stand-in camera. */
async function downstream(): Promise<void> {
  const camera = (purpose: string, seed: number, length: number) =>
    collect(simulate(standIn, { seed: seedOf(purpose, seed), length }));
  const test = await camera('test', 0, sizes.test);
  const runs: Record<string, EstimatorResult[]> = {};
  const shifts: Shift[] = [];
  for (const seed of seeds) {
    const pool = await camera('unlabelled', seed, sizes.pool);
    const treated = await treat(seed, 4 * sizes.once, pool);
    shifts.push(...(await shiftsOf(treated, seed)));
    const all = { ...treated, 'labeled stand-in': await camera('labelled', seed, 4 * sizes.once) };
    for (const times of [1, 4]) {
      const sets = Object.fromEntries(
        Object.entries(all).map(([kind, set]) => [`${kind} ${times}x`, takeFrom(set, times * sizes.once)]),
      );
      const results = await compareDownstream({ estimator, sets, test, image, engine, seed });
      for (const [key, result] of Object.entries(results)) {
        note(`seed ${seed}: ${key}: ${result.mean.toFixed(2)}°, ${percent(result.share)} within 7°`);
        runs[key] = [...(runs[key] ?? []), result];
      }
    }
    Object.assign(figures, { downstream: runs, shifts });
    save();
  }
  say();
  say('## The gaze estimator on held-out images of the stand-in camera');
  say();
  say(
    `${seeds.length} refiner(s) (seeds ${seeds.join(', ')}), each with its own simulated images, its own ${sizes.pool} unlabeled images of the camera and its own estimators (mean ± std over the seeds); ${test.length} test images; small estimator, ${estimator.recipe.steps} steps of ${estimator.recipe.batchSize}, the same for all rows.`,
  );
  say();
  say(`| trained on | ${sizes.once}: mean error | within 7° | ${4 * sizes.once}: mean error | within 7° |`);
  say('| --- | --- | --- | --- | --- |');
  const kinds = Object.keys(runs).flatMap((key) => (key.endsWith(' 1x') ? [key.slice(0, -3)] : []));
  for (const kind of kinds) {
    const cells = [1, 4].flatMap((times) => {
      const results = runs[`${kind} ${times}x`]!;
      return [
        `${spread(results.map((result) => result.mean))}°`,
        `${spread(results.map(({ share }) => 100 * share))}%`,
      ];
    });
    say(`| ${[kind, ...cells].join(' | ')} |`);
  }
  say();
  sayPaper();
  sayShifts(shifts);
}

/** Shrivastava et al., CVPR 2017, on MPIIGaze: the shares of table 1 and the errors of table 2. */
function sayPaper(): void {
  say(
    'The paper, on MPIIGaze (Shrivastava et al., CVPR 2017, section 3.1; its own, larger estimator and 1.2 million images as "4x"):',
  );
  say();
  say('| trained on | within 7° | 4x: within 7° | 4x: mean error |');
  say('| --- | --- | --- | --- |');
  say('| synthetic | 62.3% | 64.9% | 11.2° |');
  say('| refined | 69.4% | 87.2% | 7.8° |');
}

/** Simulated images, and what is made of them without labels of the camera. */
type Treatments = Readonly<
  Record<'synthetic' | 'matched' | 'refined, not matched' | 'matched, then refined', Eyes>
>;

async function treat(seed: number, length: number, real: Dataset<RealImage>): Promise<Treatments> {
  const simulated = (purpose: string, count: number) =>
    collect(simulate(plugin.simulator, { seed: seedOf(purpose, seed), length: count }));
  const synthetic = await simulated('synthetic', length);
  const sets = { samples: synthetic, synthetic: await simulated('training', sizes.training), real, seed };
  const unmatched = await refineWith({ ...recipe, match: 'none' }, sets);
  const full = await refineWith(recipe, sets);
  return {
    synthetic,
    matched: full.matched,
    'refined, not matched': unmatched.refined,
    'matched, then refined': full.refined,
  };
}

/** Trains a refiner between two sets, and matches and refines the samples as it does. */
async function refineWith(
  one: TrainingRecipe,
  sets: { samples: Eyes; synthetic: Dataset<RealImage>; real: Dataset<RealImage>; seed: number },
): Promise<{ matched: Eyes; refined: Eyes }> {
  const { samples, synthetic, real, seed } = sets;
  const training = await createTraining({ plugin, recipe: one, synthetic, real, engine, seed });
  try {
    const { corrections } = training.matcher;
    note(`seed ${seed}: refining after match ${formatMatch(corrections)}`);
    if (corrections.length > 0) figures.corrections = corrections;
    for await (const progress of train(training)) {
      if (progress.phase !== 'adversarial' || progress.step % 200 !== 0) continue;
      const { step, steps, refiner } = progress;
      note(
        `  step ${step} of ${steps}, moved ${refiner.regularization.toFixed(3)}, lambda ${refiner.lambda.toFixed(2)}`,
      );
    }
    const refiner = trainedRefiner(training);
    const refined = await collect(refiner.refine(samples));
    await refiner.dispose();
    return { matched: await collect(training.matcher.match(samples)), refined };
  } finally {
    training.dispose();
  }
}

/** No two sets share an eye. */
function seedOf(purpose: string, seed: number): number {
  return createRng(seed)
    .fork(purpose)
    .int(2 ** 31);
}

/** How far a step from one set to the next moved the pupils, pixels. */
interface Shift {
  readonly step: string;
  readonly mean: number;
  readonly std: number;
  readonly p95: number;
  /** The share of pupils that are found before and not after. */
  readonly lost: number;
  readonly measured: number;
}

/** What matching and the refiner each did to the labels, by the probe. */
async function shiftsOf(sets: Treatments, seed: number): Promise<Shift[]> {
  const steps = [
    ['synthetic', 'matched'],
    ['matched', 'matched, then refined'],
    ['synthetic', 'refined, not matched'],
    ['synthetic', 'matched, then refined'],
  ] as const;
  const shifts: Shift[] = [];
  for (const [from, to] of steps) {
    const { quantities, pairs } = await measureLabelPreservation(pairById(sets[from], sets[to], 1000), probe);
    const { shift, lost, abstained } = quantities.pupilCenter!;
    const measured = pairs - abstained;
    shifts.push({
      step: `${from} → ${to}`,
      mean: shift.mean,
      std: shift.std,
      p95: shift.p95,
      lost: lost / measured,
      measured,
    });
  }
  note(`seed ${seed}: ${shifts.map((shift) => `${shift.step} ${shift.mean.toFixed(2)} px`).join('; ')}`);
  return shifts;
}

function sayShifts(shifts: readonly Shift[]): void {
  say();
  say(
    'How far the center of the pupil moved, by the label probe, mean ± std over images (the article of 2017, by hand: 1.1 ± 0.8 px):',
  );
  say();
  say('| step | px at width 55 | 95% within | lost |');
  say('| --- | --- | --- | --- |');
  for (const step of new Set(shifts.map((shift) => shift.step))) {
    const some = shifts.filter((shift) => shift.step === step);
    const over = (of: (shift: Shift) => number) => mean(some.map(of));
    say(
      `| ${step} | ${over((one) => one.mean).toFixed(2)} ± ${over((one) => one.std).toFixed(2)} | ${over((one) => one.p95).toFixed(2)} | ${percent(over((one) => one.lost))} |`,
    );
  }
}

/** That the paper's own estimator, at its full size, learns. */
async function paperNetwork(): Promise<void> {
  const steps = quick ? 60 : 600;
  const batchSize = 32;
  const labeled = await collect(simulate(standIn, { seed: 101, length: 4 * sizes.once }));
  const test = await collect(simulate(standIn, { seed: 102, length: Math.min(500, sizes.test) }));
  const results = await compareDownstream<EyeAnnotation>({
    estimator: {
      ...paperGazeEstimator,
      recipe: { steps, batchSize, optimizer: { kind: 'adam' }, learningRate: 3e-4 },
    },
    sets: { labeled },
    test,
    image,
    engine,
    seed: 1,
    onStep: (_, { step, loss }) => {
      if (step % 50 === 0) note(`  paper's network, step ${step}, loss ${loss.toFixed(4)}`);
    },
  });
  const { mean: error, share } = results.labeled!;
  const meanDirection = await meanDirectionError(labeled, test);
  say();
  say("## The paper's own gaze network");
  say();
  say(
    `9.8 million parameters, ${steps} steps of ${batchSize} on ${labeled.length} labeled images of the stand-in camera: ${error.toFixed(2)}°, ${percent(share)} within 7°. Always answering the mean direction gives ${meanDirection.toFixed(2)}°.`,
  );
  figures.paperNetwork = { steps, batchSize, error, share, meanDirection };
  save();
}

/** The mean error, degrees, of always answering the mean direction. */
async function meanDirectionError(known: Eyes, test: Eyes): Promise<number> {
  const direction = new Float32Array(3);
  for await (const { annotation } of known) {
    for (const [axis, value] of annotation.gaze!.direction.entries()) direction[axis]! += value;
  }
  const errors: number[] = [];
  for await (const { annotation } of test) errors.push(...smallGazeEstimator.errors(direction, annotation));
  return mean(errors);
}

/** Distances to real images that no refiner has seen. */
async function realism(dir: string): Promise<void> {
  const { images, ignored, rejects } = await readImages(dir, image);
  note(`${images.length} real images, ${rejects.length} rejected, ${ignored} other files`);
  const rows: Record<string, { distance: number; accuracy: number; auc: number }[]> = {};
  const shifts: Shift[] = [];
  for (const seed of seeds) {
    const [seen, heldOut] = halve(images, seed);
    const treated = await treat(seed, sizes.once, seen);
    shifts.push(...(await shiftsOf(treated, seed)));
    const sets: Record<string, Dataset<RealImage>> = { ...treated, 'real, the half seen': seen };
    const distances = await measureKernelDistances(sets, heldOut, { image, seed, control: seen });
    for (const [kind, set] of Object.entries(sets)) {
      const { balancedAccuracy: accuracy, auc } = await patchTest(heldOut, set, { image, engine, seed });
      rows[kind] = [...(rows[kind] ?? []), { distance: distances.sets[kind]!, accuracy, auc }];
      note(`seed ${seed}: ${kind}: ${distances.sets[kind]!.toFixed(2)}, ${accuracy.toFixed(2)}`);
    }
    Object.assign(figures, { realism: rows, realShifts: shifts });
    save();
  }
  say();
  say('## Distances to real images');
  say();
  say(
    `${images.length} real images, split by the seeds ${seeds.join(', ')}: refiner and matching see one half, the other half is the reference; ${sizes.once} simulated images (mean ± std over splits). KID on hand-made features; a classifier of 15x15 crops, refined or real (accuracy 0.5 is chance).`,
  );
  say();
  say('| images | KID | classifier: accuracy | AUC |');
  say('| --- | --- | --- | --- |');
  for (const [kind, results] of Object.entries(rows)) {
    const cell = (of: (result: (typeof results)[number]) => number) => spread(results.map(of));
    say(
      `| ${kind} | ${cell(({ distance }) => distance)} | ${cell(({ accuracy }) => accuracy)} | ${cell(({ auc }) => auc)} |`,
    );
  }
  sayShifts(shifts);
}

/** Mean ± std of the values as a sample, which a few seeds are. */
function spread(values: readonly number[]): string {
  const center = mean(values).toFixed(2);
  return values.length === 1 ? center : `${center} ± ${std(values, 1).toFixed(2)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
