/**
 * @file What simulated eyes are worth to gaze on webcam strips: columns and rows of the screen, by networks that learned
 * from the simulator before a laptop, sharp and blurred, from what the camera's treatment makes of it, and from labeled
 * strips (the upper bound). The tables of gaze on strips in docs/results-eyes.md.
 *
 *     npm run research:strips -- --data DIR                           # all rows, three networks
 *     npm run research:strips -- --data DIR --rows sharp --crop tight
 *     npm run research:strips -- --data DIR --labels other            # on strips that are not reported, to choose by
 *     npm run research:strips -- --data DIR --quick                   # a smoke test: minutes, no result
 *
 * Options: `--data DIR` with the folder `eyes-gaze-webcam`; `--rows a,b`; `--crop about` (what is cut from a strip; `tight`,
 * `inward`, `squeezed`, `middle`); `--networks 3`; `--samples 6000` (simulated pictures, others for each network);
 * `--steps 250` of 64; `--labels test`; `--threads 1`, `--quick`.
 *
 * Both eyes of a strip are answered, and the angles averaged; an affine map from angles to cells is fitted to 100 strips
 * that are not reported, in every row. Always answering the middle gives 2.5.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  cropImage,
  type Dataset,
  datasetOf,
  type Estimator,
  estimatorNetwork,
  type RealImage,
  type Sample,
  simulate,
} from '@simgan/core';
import { createEstimatorState, trainEstimator } from '@simgan/core/evaluation';
import { resample, resizeTransform } from '@simgan/core/geometry';
import { mean, std } from '@simgan/core/measures';
import { createEngine } from '@simgan/node';
import { type EyeAnnotation, type EyeSimulatorOptions, eyes, smallGazeEstimator } from '@simgan/plugin-eyes';
import { augmented } from './augmented.ts';
import { chosenNames } from './chosen-names.ts';
import { collect } from './collect.ts';
import { openReport } from './report.ts';
import {
  anglesOf,
  readStrips,
  type ScreenScore,
  type Strip,
  scoreOnScreen,
  spreadSplit,
} from './tasks/webcam-strips.ts';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: '' },
    rows: { type: 'string' },
    crop: { type: 'string', default: 'about' },
    networks: { type: 'string', default: '3' },
    samples: { type: 'string', default: '6000' },
    steps: { type: 'string', default: '250' },
    labels: { type: 'string', default: 'test' },
    threads: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
  },
});
const { quick } = options;
const networks = quick ? 1 : Number(options.networks);
const length = quick ? 100 : Number(options.samples);
const steps = quick ? 10 : Number(options.steps);

/** Left edges and width of the two crops of a strip, pixels; they are scaled to the pictures' size. */
const crops: Readonly<Record<string, { readonly lefts: readonly [number, number]; readonly width: number }>> =
  {
    about: { lefts: [11, 97], width: 47 },
    tight: { lefts: [14, 101], width: 40 },
    inward: { lefts: [16, 92], width: 47 },
    squeezed: { lefts: [0, 77], width: 78 },
    middle: { lefts: [15, 93], width: 47 },
  };
/** Strips that the map from angles to cells is fitted to. */
const CALIBRATION = 100;

/** What a network learns from: a simulator, and what is done to its pictures. */
interface Row {
  readonly title: string;
  readonly simulator: EyeSimulatorOptions;
  readonly treat?: string;
}
const open = { color: true, closedRate: 0, blinkRate: 0 } as const satisfies EyeSimulatorOptions;
const rows: Readonly<Record<string, Row>> = {
  sharp: { title: 'before a laptop, sharp', simulator: { ...open, camera: 'laptop', blur: [0, 0] } },
  laptop: { title: 'before a laptop', simulator: { ...open, camera: 'laptop' } },
  'sharp-camera': {
    title: 'before a laptop, sharp, then `--treat camera`',
    simulator: { ...open, camera: 'laptop', blur: [0, 0] },
    treat: 'camera',
  },
  'laptop-camera': {
    title: 'before a laptop, then `--treat camera`',
    simulator: { ...open, camera: 'laptop' },
    treat: 'camera',
  },
  any: { title: 'before any camera, sharp (the default)', simulator: open },
  'any-camera': {
    title: 'before any camera, then `--treat camera`',
    simulator: open,
    treat: 'camera',
  },
};
const LABELED = 'labeled';

/**
 * Four convolutions with pooling. It learns briefly: what tells gaze in simulated pictures alone is learned late, and after
 * 700 steps rows of the strips that are not reported are read a third worse than after 250.
 */
const estimator: Estimator<EyeAnnotation> = {
  ...smallGazeEstimator,
  network: estimatorNetwork([
    { convolution: 3, filters: 24 },
    { maxPool: 2, stride: 2 },
    { convolution: 3, filters: 32 },
    { maxPool: 2, stride: 2 },
    { convolution: 3, filters: 48 },
    { convolution: 3, filters: 64 },
    { dense: 96 },
    { dense: 3 },
  ]),
  recipe: { steps, batchSize: 64, optimizer: { kind: 'adam' }, learningRate: 0.001 },
};

const crop = crops[chosenNames(options.crop, crops)[0]!]!;
const { engine } = await createEngine('onnx', { threads: Number(options.threads), device: 'cpu' });
const { image } = eyes(open);
const strips = await readStrips(join(options.data, 'eyes-gaze-webcam'), image.channels);
const [other, test] = ['unlabelled', 'test'].map((split) => strips.filter((strip) => strip.split === split));
const { some: calibration, rest } = spreadSplit(other!, CALIBRATION);
const tested = options.labels === 'other' ? rest : test!;

const { figures, say, note, save } = openReport('strips');
say(
  `${length} simulated pictures for each of ${networks} networks, ${steps} steps; ${tested.length} strips (${options.labels}), crop ${options.crop}.\n`,
);
say('| learned from | column | row | yaw with column | pitch with row |');
say('| --- | --- | --- | --- | --- |');
for (const name of chosenNames(options.rows, { ...rows, [LABELED]: true })) {
  const scores: ScreenScore[] = [];
  for (let seed = 1; seed <= networks; seed++) {
    const samples = name === LABELED ? labeledEyes() : await pictures(rows[name]!, seed);
    const score = await scoreOf(samples, seed);
    note(`${name}, network ${seed}: ${JSON.stringify(score)}`);
    scores.push(score);
  }
  const cell = (of: (score: ScreenScore) => number) => {
    const values = scores.map(of);
    return `${mean(values).toFixed(2)} ± ${std(values).toFixed(2)}`;
  };
  figures[name] = scores;
  const title = name === LABELED ? `${rest.length} labeled strips: the upper bound` : rows[name]!.title;
  say(
    `| ${[title, cell((score) => score.column), cell((score) => score.row), cell((score) => score.yawWithColumn), cell((score) => score.pitchWithRow)].join(' | ')} |`,
  );
  save();
}
await engine.dispose();
process.stdout.write(`\nSaved as ${save()}\n`);
process.exit(0);

/** Simulated pictures of a row; another seed, others. */
async function pictures({ simulator, treat }: Row, seed: number): Promise<Dataset<Sample<EyeAnnotation>>> {
  const plugin = eyes(simulator);
  const raw = await collect(simulate(plugin.simulator!, { seed, length }));
  if (treat === undefined) return raw;
  const real = datasetOf<RealImage>(other!.flatMap(eyesOf));
  return (await augmented(plugin, { engine, seed, synthetic: raw, real, treat })).samples;
}

/** The strips of the upper bound. Directions stand for cells: the affine map takes any. */
function labeledEyes(): Dataset<Sample<EyeAnnotation>> {
  return datasetOf(
    rest.flatMap((strip) => {
      const [yaw, pitch] = [0.06 * (strip.column - 4.5), 0.06 * (4.5 - strip.row)];
      const direction: [number, number, number] = [
        -Math.sin(yaw) * Math.cos(pitch),
        -Math.sin(pitch),
        -Math.cos(yaw) * Math.cos(pitch),
      ];
      return eyesOf(strip).map((eye) => ({ ...eye, annotation: { gaze: { direction, pitch, yaw } } }));
    }),
  );
}

/** The two eyes of a strip, as large as the simulated ones. */
function eyesOf(strip: Strip): RealImage[] {
  const { height } = strip.image;
  return crop.lefts.map((left, index) => {
    const eye = cropImage(strip.image, { left, top: 0, width: crop.width, height });
    return { id: `${strip.id}-${index}`, image: resample(eye, resizeTransform(eye, image)) };
  });
}

async function scoreOf(samples: Dataset<Sample<EyeAnnotation>>, seed: number): Promise<ScreenScore> {
  const state = createEstimatorState(estimator, image, seed);
  for await (const _ of trainEstimator({ estimator, state, samples, image, engine, seed }));
  const answered = async (some: readonly Strip[]) => {
    const angles = await anglesOf(some.flatMap(eyesOf), { network: state.network, image, engine });
    return some.map(({ column, row }, index) => {
      const [one, two] = [angles[2 * index]!, angles[2 * index + 1]!];
      return { column, row, angles: one.map((angle, axis) => (angle + two[axis]!) / 2) };
    });
  };
  const score = scoreOnScreen(await answered(calibration), await answered(tested));
  state.dispose();
  return score;
}
