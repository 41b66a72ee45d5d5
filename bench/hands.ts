/**
 * @file What refinement is worth to an estimator of hand joints: trained on simulated, on refined and on labelled
 * pictures of the stand-in camera, and tested on others of that camera. Prints the table of docs/results-hands.md.
 *
 * `node --conditions=@simgan/source --import tsx bench/hands.ts [--size 64] [--seeds 1,2,3] [--threads 1] …`
 */
import { parseArgs } from 'node:util';
import { createEstimatorState, pairById, patchTest, summarize, testEstimator, trainEstimator } from '@simgan/core/evaluation';
import { createRng, createTrainingState, type Dataset, datasetOf, type Engine, type SizedForm, type RealImage, refine, cacheItems, type Sample, simulate, totalSteps, train } from '@simgan/core';
import { createEngine } from '@simgan/node';
import {
  depthHands,
  type HandAnnotation,
  type HandAnswer,
  type HandPoseScore,
  handProbe,
  jointRegressor,
  jointResiduals,
  regressorRecipe,
  scoreHandPoses,
} from '@simgan/plugin-depth-hands';

type Hands = Dataset<Sample<HandAnnotation>>;

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '64' },
    seeds: { type: 'string', default: '1,2,3' },
    samples: { type: 'string', default: '2000' },
    test: { type: 'string', default: '500' },
    'refiner-steps': { type: 'string', default: '' },
    'estimator-steps': { type: 'string', default: '3000' },
    threads: { type: 'string', default: '1' },
  },
});
const size = Number(values.size);
const plugin = depthHands({ size });
const { image } = plugin;
const quick = plugin.recipes.quick;
const recipe = { ...quick, steps: Number(values['refiner-steps'] || quick.steps) };
const { engine } = await createEngine('onnx', { threads: Number(values.threads), device: 'cpu' });
const numbers = { ...regressorRecipe, steps: Number(values['estimator-steps']) };
const samples = Number(values.samples);
const seeds = values.seeds.split(',').map(Number);

/** No two sets share a hand. */
const seedOf = (purpose: string) =>
  createRng(1)
    .fork('bench hands')
    .fork(purpose)
    .int(2 ** 31);
const kept = (dataset: Hands): Hands =>
  cacheItems(dataset, { budget: 2 ** 30, sizeOf: ({ image: pixels }) => pixels.byteLength + 8192 });
const clean = (purpose: string, length: number) =>
  kept(simulate(plugin.simulator, { seed: seedOf(purpose), length }));
const camera = (purpose: string, length: number) =>
  kept(simulate(plugin.standIn!, { seed: seedOf(purpose), length }));

const synthetic = clean('synthetic', samples);
const unlabelled = camera('unlabelled', 1000);
const labelled = camera('labelled', samples);
const test = camera('test', Number(values.test));

const note = (text: string) => process.stderr.write(`${text}\n`);
const started = performance.now();
const scores: Record<string, HandPoseScore[]> = { synthetic: [], refined: [], 'stand-in, labelled': [] };
const labels: string[] = [];
for (const seed of seeds) {
  const refined = await refineWith(seed);
  labels.push(`| ${seed} | ${(await describeRefined(refined, image, engine)).join(' | ')} |`);
  note(labels.at(-1)!);
  for (const [name, set] of Object.entries({ synthetic, refined, 'stand-in, labelled': labelled })) {
    const score = await estimateFrom(set, seed);
    scores[name]!.push(score);
    note(`seed ${seed}, ${name}: ${JSON.stringify(score)}`);
  }
}
await engine.dispose();

const minutes = ((performance.now() - started) / 60_000).toFixed(0);
process.stdout.write(
  `${[
    `${size}x${size}, ${samples} samples in each training set, ${test.length} test pictures, seeds ${values.seeds}; ` +
      `refiner ${totalSteps(recipe)} steps, estimator ${numbers.steps}; ${values.threads} thread(s), ${minutes} minutes`,
    '',
    '| trained on | mean joint error, mm | joints within 5 px | hands with all joints within 40 mm |',
    '|---|---|---|---|',
    ...Object.entries(scores).map(([name, runs]) => {
      const cell = (of: (score: HandPoseScore) => number, digits: number) => {
        const { mean, deviation } = summarize(runs.map(of));
        return runs.length > 1
          ? `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}`
          : mean.toFixed(digits);
      };
      const percent = (of: (score: HandPoseScore) => number) => `${cell((score) => 100 * of(score), 1)} %`;
      return `| ${name} | ${cell((s) => s.meanError, 1)} | ${percent((s) => s.jointsWithin)} | ${percent((s) => s.handsWithin)} |`;
    }),
    '',
    '| refiner | crops told from the camera, AUC: synthetic | refined | depth at a visible joint moved, mm: mean | p95 | silhouette, overlap: mean | 5 % below |',
    '|---|---|---|---|---|---|---|',
    ...labels,
  ].join('\n')}\n`,
);

/** Trains a refiner and refines the synthetic pictures with it. */
async function refineWith(seed: number): Promise<Hands> {
  const state = createTrainingState(plugin, recipe, seed);
  const options = { plugin, state, synthetic, real: unlabelled, engine, seed };
  for await (const { step, steps, refiner } of train(options)) {
    if (step % 50 === 0)
      note(
        `seed ${seed}, refiner ${step}/${steps}, moved ${refiner?.regularization.toFixed(4)}, lambda ${refiner?.lambda.toFixed(1)}`,
      );
  }
  const refined: Sample<HandAnnotation>[] = [];
  for await (const sample of refine(synthetic, { refiner: state.averagedRefiner, image, engine, seed })) {
    refined.push(sample);
  }
  state.dispose();
  return datasetOf(refined);
}

/** Trains an estimator and scores what it answers to the test pictures. */
async function estimateFrom(set: Hands, seed: number): Promise<HandPoseScore> {
  const answers: HandAnswer[] = [];
  const base = jointRegressor(image, numbers);
  const estimator: typeof base = {
    ...base,
    errors(output, annotation) {
      answers.push({ output: output.slice(), annotation });
      return base.errors(output, annotation);
    },
  };
  const state = createEstimatorState(estimator, image, seed);
  for await (const { step, steps, loss } of trainEstimator({
    estimator,
    state,
    samples: set,
    image,
    engine,
    seed,
  })) {
    if (step % 500 === 0) note(`seed ${seed}, estimator ${step}/${steps}, loss ${loss.toFixed(2)}`);
  }
  await testEstimator({ estimator, network: state.network, samples: test, image, engine });
  state.dispose();
  return scoreHandPoses(base, answers);
}

/** How far from the camera's pictures refined ones still are, and what refinement did to the labels. */
async function describeRefined(refined: Hands, form: SizedForm, on: Engine): Promise<string[]> {
  const told = async (set: Dataset<RealImage>) =>
    (await patchTest(unlabelled, set, { image: form, engine: on, seed: 1 })).auc.toFixed(2);
  const probe = handProbe(form);
  const residuals: number[] = [];
  const moved: number[] = [];
  for await (const { synthetic: before, refined: after } of pairById(synthetic, refined, 500)) {
    for (const { residual } of jointResiduals(before.image, after.image, before.annotation)) {
      residuals.push(Math.abs(residual));
    }
    const [from, to] = [probe.measure(before.image).silhouette, probe.measure(after.image).silhouette];
    if (from && to) moved.push(probe.quantities.silhouette!.distance(from.values, to.values));
  }
  const [depth, silhouette] = [summarize(residuals), summarize(moved)];
  return [
    await told(synthetic),
    await told(refined),
    depth.mean.toFixed(1),
    depth.p95.toFixed(1),
    (1 - silhouette.mean).toFixed(3),
    (1 - silhouette.p95).toFixed(3),
  ];
}
