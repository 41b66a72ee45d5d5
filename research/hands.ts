/**
 * @file What refinement gains an estimator of hand joints: trained on simulated, on refined and on labeled images of
 * the stand-in camera, and tested on others of that camera. The tables of docs/results-hands.md.
 *
 *     npm run research:hands -- --samples 3000               # three refiners, each with its own estimators
 *     npm run research:hands -- --estimator hourglass        # heat maps by the plugin's small hourglass
 *     npm run research:hands -- --quick                      # a smoke test: minutes, no result
 *
 * Options: `--estimator regressor`, `--size 64` (pixels), `--seeds 1,2,3`, `--samples 2000` (in each training set), `--test 500`,
 * `--refiner-steps N` and `--estimator-steps N` (default: the recipe's), `--threads 1`, `--quick`.
 *
 * Prints a report and saves it with all figures in `research/results`.
 */
import { parseArgs } from 'node:util';
import {
  cacheItems,
  createRng,
  createTraining,
  type Dataset,
  type RealImage,
  type Sample,
  type Simulator,
  simulate,
  train,
  trainedRefiner,
} from '@simgan/core';
import {
  createEstimatorState,
  pairById,
  patchTest,
  testEstimator,
  trainEstimator,
} from '@simgan/core/evaluation';
import { summarize } from '@simgan/core/measures';
import { totalSteps } from '@simgan/core/training';
import { createEngine } from '@simgan/node';
import {
  depthHands,
  type HandAnnotation,
  type HandAnswer,
  type HandPoseScore,
  handEstimator,
  jointRegressor,
  jointResiduals,
  regressorRecipe,
  scoreHandPoses,
  smallNumbers,
} from '@simgan/plugin-depth-hands';
import { collect } from './collect.ts';
import { openReport } from './report.ts';

type Hands = Dataset<Sample<HandAnnotation>>;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    estimator: { type: 'string', default: 'regressor' },
    size: { type: 'string', default: '64' },
    seeds: { type: 'string', default: '' },
    samples: { type: 'string', default: '' },
    test: { type: 'string', default: '' },
    'refiner-steps': { type: 'string', default: '' },
    'estimator-steps': { type: 'string', default: '' },
    threads: { type: 'string', default: '1' },
  },
});
const { quick } = options;
const size = Number(options.size);
const plugin = depthHands({ size });
const { image, probe } = plugin;
const { quick: quickRecipe } = plugin.recipes;
const recipe = {
  ...quickRecipe,
  steps: Number(options['refiner-steps'] || (quick ? 40 : quickRecipe.steps)),
};
const isHourglass = options.estimator === 'hourglass';
const ownRecipe = isHourglass ? smallNumbers.recipe : regressorRecipe;
const estimatorRecipe = {
  ...ownRecipe,
  steps: Number(options['estimator-steps'] || (quick ? 100 : ownRecipe.steps)),
};
const base = isHourglass
  ? handEstimator(image, { ...smallNumbers, recipe: estimatorRecipe })
  : jointRegressor(image, estimatorRecipe);
const count = {
  samples: Number(options.samples || (quick ? 128 : 2000)),
  test: Number(options.test || (quick ? 64 : 500)),
  unlabeled: quick ? 128 : 1000,
};
const seeds = (options.seeds || (quick ? '1' : '1,2,3')).split(',').map(Number);

const { engine } = await createEngine('onnx', { threads: Number(options.threads), device: 'cpu' });
const { figures, say, note, minutes, save } = openReport('hands');

const render = (simulator: Simulator<HandAnnotation>, purpose: string, length: number): Hands =>
  cacheItems(simulate(simulator, { seed: seedOf(purpose), length }), {
    budget: 2 ** 30,
    sizeOf: ({ image: { data } }) => data.byteLength + 8192,
  });
const synthetic = render(plugin.simulator, 'synthetic', count.samples);
const unlabeled = render(plugin.standIn, 'unlabelled', count.unlabeled);
const labeled = render(plugin.standIn, 'labelled', count.samples);
const test = render(plugin.standIn, 'test', count.test);

const scores: Record<string, HandPoseScore[]> = { synthetic: [], refined: [], 'stand-in, labeled': [] };
const refiners: Record<string, RefinedHands> = {};
Object.assign(figures, { recipe, estimatorRecipe, count, seeds, scores, refiners });
for (const seed of seeds) {
  const refined = await refineWith(seed);
  refiners[seed] = await describe(refined);
  note(`seed ${seed}: ${JSON.stringify(refiners[seed])}`);
  for (const [name, set] of Object.entries({ synthetic, refined, 'stand-in, labeled': labeled })) {
    const score = await estimateFrom(set, seed);
    scores[name]!.push(score);
    note(`seed ${seed}, ${name}: ${JSON.stringify(score)}`);
  }
  save();
}
await engine.dispose();
sayTables();
process.stdout.write(`\nSaved as ${save()}\n`);
process.exit(0);

/** No two sets share a hand. */
function seedOf(purpose: string): number {
  return createRng(1)
    .fork('bench hands')
    .fork(purpose)
    .int(2 ** 31);
}

/** Trains a refiner and refines the synthetic images with it. */
async function refineWith(seed: number): Promise<Hands> {
  const training = await createTraining({ plugin, recipe, synthetic, real: unlabeled, engine, seed });
  try {
    for await (const progress of train(training)) {
      if (progress.phase !== 'adversarial' || progress.step % 50 !== 0) continue;
      const { step, steps, refiner } = progress;
      note(
        `seed ${seed}, refiner ${step}/${steps}, moved ${refiner.regularization.toFixed(4)}, lambda ${refiner.lambda.toFixed(1)}`,
      );
    }
    const refiner = trainedRefiner(training);
    const refined = await collect(refiner.refine(synthetic));
    await refiner.dispose();
    return refined;
  } finally {
    training.dispose();
  }
}

/** Trains an estimator and scores its answers to the test images. */
async function estimateFrom(set: Hands, seed: number): Promise<HandPoseScore> {
  const answers: HandAnswer[] = [];
  const estimator: typeof base = {
    ...base,
    errors(output, annotation) {
      answers.push({ output: output.slice(), annotation });
      return base.errors(output, annotation);
    },
  };
  const state = createEstimatorState(estimator, image, seed);
  const training = trainEstimator({ estimator, state, samples: set, image, engine, seed });
  for await (const { step, steps, loss } of training) {
    if (step % 500 === 0) note(`seed ${seed}, estimator ${step}/${steps}, loss ${loss.toFixed(2)}`);
  }
  await testEstimator({ estimator, network: state.network, samples: test, image, engine });
  state.dispose();
  return scoreHandPoses(base, answers);
}

/** What a refiner made of the synthetic images. */
interface RefinedHands {
  /** How well a classifier of crops distinguishes images from those of the camera: area under the curve. */
  readonly auc: { readonly synthetic: number; readonly refined: number };
  /** How far depth moved at visible joints, mm. */
  readonly depth: { readonly mean: number; readonly p95: number };
  /** Intersection over union of the silhouettes; 5% are below `p5`. */
  readonly overlap: { readonly mean: number; readonly p5: number };
}

async function describe(refined: Hands): Promise<RefinedHands> {
  const auc = async (set: Dataset<RealImage>) =>
    (await patchTest(unlabeled, set, { image, engine, seed: 1 })).auc;
  const residuals: number[] = [];
  const differences: number[] = [];
  for await (const { synthetic: before, refined: after } of pairById(synthetic, refined, 500)) {
    for (const { residual } of jointResiduals(before.image, after.image, before.annotation)) {
      residuals.push(Math.abs(residual));
    }
    const [from, to] = [probe.measure(before.image).silhouette, probe.measure(after.image).silhouette];
    if (from && to) differences.push(probe.quantities.silhouette.distance(from.values, to.values));
  }
  const [depth, silhouette] = [summarize(residuals), summarize(differences)];
  return {
    auc: { synthetic: await auc(synthetic), refined: await auc(refined) },
    depth: { mean: depth.mean, p95: depth.p95 },
    overlap: { mean: 1 - silhouette.mean, p5: 1 - silhouette.p95 },
  };
}

function sayTables(): void {
  say('# What refinement gains for hands');
  say();
  say(
    `${size}x${size}, ${count.samples} samples in each training set, ${count.test} test images, seeds ${seeds.join(', ')}; refiner ${totalSteps(recipe)} steps, estimator ${estimatorRecipe.steps}; ${options.threads} thread(s), ${minutes().toFixed(0)} minutes. ± is the population std over the seeds.`,
  );
  say();
  say('| trained on | mean joint error, mm | joints within 5 px | hands with all joints within 40 mm |');
  say('| --- | --- | --- | --- |');
  for (const [name, runs] of Object.entries(scores)) {
    const cell = (of: (score: HandPoseScore) => number, digits: number) => {
      const { mean, std } = summarize(runs.map(of));
      return runs.length > 1 ? `${mean.toFixed(digits)} ± ${std.toFixed(digits)}` : mean.toFixed(digits);
    };
    const percent = (of: (score: HandPoseScore) => number) => `${cell((score) => 100 * of(score), 1)}%`;
    const cells = [
      cell((score) => score.meanError, 1),
      percent((score) => score.jointsWithin),
      percent((score) => score.handsWithin),
    ];
    say(`| ${[name, ...cells].join(' | ')} |`);
  }
  say();
  say(
    '| refiner | classifier of crops, AUC: synthetic | refined | depth at a visible joint moved, mm: mean | 95% within | silhouette overlap: mean | 95% above |',
  );
  say('| --- | --- | --- | --- | --- | --- | --- |');
  for (const [seed, { auc, depth, overlap }] of Object.entries(refiners)) {
    const cells = [
      auc.synthetic.toFixed(2),
      auc.refined.toFixed(2),
      depth.mean.toFixed(1),
      depth.p95.toFixed(1),
      overlap.mean.toFixed(3),
      overlap.p5.toFixed(3),
    ];
    say(`| seed ${seed} | ${cells.join(' | ')} |`);
  }
}
