/**
 * @file What refiners that move things are worth to a classifier, beside those that change pixels alone: the tables of
 * docs/warping.md.
 *
 *     npm run research:warp -- --data DIR                            # print digits to MNIST, open and closed eyes
 *     npm run research:warp -- --data DIR --tasks print-mnist --refiners 1
 *     npm run research:warp -- --data DIR --quick                    # a smoke test: minutes, no result
 *
 * Options: `--data DIR`, `--fashion DIR`, `--fonts DIR` as for `research:judge`; `--tasks a,b`, `--rows a,b`,
 * `--refiners 3` (trainings of each refiner), `--networks 2` (classifiers on the samples of each), `--labels test`
 * (or `labeled`: on real pictures that are not reported, to choose numbers by), `--steps N` of a refiner, `--plain` (no
 * augmentation), `--threads 1`, `--seed 1`, `--quick`.
 */
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  createImage,
  createTraining,
  type Dataset,
  type Engine,
  type Image,
  type Sample,
  type TrainingRecipe,
  takeFrom,
  train,
  trainedRefiner,
} from '@simgan/core';
import { createEstimatorState, trainEstimator } from '@simgan/core/evaluation';
import { mean, std } from '@simgan/core/measures';
import type { RefinerLosses } from '@simgan/core/training';
import { randomize } from '@simgan/core/treating';
import { createEngine } from '@simgan/node';
import sharp from 'sharp';
import { chosenNames } from './chosen-names.ts';
import { collect } from './collect.ts';
import { openReport } from './report.ts';
import { accuracyOf } from './tasks/class-task.ts';
import { type AnyTask, defaultPlaces, tasks } from './tasks/index.ts';
import { warpRows } from './warp-rows.ts';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    fashion: { type: 'string', default: defaultPlaces.fashion },
    fonts: { type: 'string', default: defaultPlaces.fonts },
    tasks: { type: 'string', default: 'print-mnist,open-eyes' },
    rows: { type: 'string', default: Object.keys(warpRows).join(',') },
    refiners: { type: 'string', default: '3' },
    networks: { type: 'string', default: '2' },
    labels: { type: 'string', default: 'test' },
    threads: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    plain: { type: 'boolean', default: false },
    steps: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const { data = '', fashion, fonts, quick } = options;
const [refiners, networks, firstSeed] = [
  Number(options.refiners),
  Number(options.networks),
  Number(options.seed),
];

/** The scores of classifiers on one set, in percent; with classic augmentation on top in `augmented`. */
interface Scores {
  readonly plain: readonly number[];
  readonly augmented: readonly number[];
}

const { engine } = await createEngine('onnx', { threads: Number(options.threads), device: 'cpu' });
const { figures, say, note, save } = openReport('warp');
const pictures = new URL('./results/', import.meta.url).pathname;
mkdirSync(pictures, { recursive: true });
for (const name of chosenNames(options.tasks, tasks)) {
  const task: AnyTask = await tasks[name as keyof typeof tasks]({ data, fashion, fonts });
  const raw = await collect(await task.raw(1, quick ? 200 : task.length));
  say(`\n## ${task.title}\n`);
  say(`| samples | training | ${task.unit}, plain | with augmentation | pixels changed by | moved by, px |`);
  say('| --- | --- | --- | --- | --- | --- |');
  const rows: Record<string, unknown> = {};
  figures[name] = rows;
  const rawScores = await scoresOf(task, raw, engine);
  rows.raw = rawScores;
  sayRow('as simulated', '–', rawScores, '–', '–');
  for (const row of chosenNames(options.rows, warpRows)) {
    for (let seed = firstSeed; seed < firstSeed + refiners; seed++) {
      const { samples, regularization, displacement, lambdas } = await refinedBy(task, raw, row, seed);
      await savePreview(`${pictures}warp-${name}-${row}-${seed}.png`, raw, samples, task.real);
      const scores = await scoresOf(task, samples, engine);
      const moved = samples.length > 0 ? await rmsOf(samples) : undefined;
      rows[`${row} ${seed}`] = { ...scores, regularization, displacement, moved, lambdas };
      sayRow(row, String(seed), scores, regularization.toFixed(3), moved?.toFixed(2) ?? '–');
      save();
    }
  }
}
await engine.dispose();
process.stdout.write(`\nSaved as ${save()}\n`);
process.exit(0);

function sayRow(name: string, training: string, { plain, augmented }: Scores, change: string, moved: string) {
  const cell = (scores: readonly number[]) =>
    scores.length > 0 ? `${mean(scores).toFixed(1)} ± ${std(scores).toFixed(1)}` : '–';
  say(`| ${[name, training, cell(plain), cell(augmented), change, moved].join(' | ')} |`);
}

/** Trains a refiner of a row and refines all samples with it. */
async function refinedBy(task: AnyTask, raw: Dataset<Sample<unknown>>, row: string, seed: number) {
  const { plugin } = task;
  const base = plugin.recipes.quick as TrainingRecipe;
  const made: TrainingRecipe = warpRows[row]!(base, task.name);
  const recipe = { ...made, steps: quick ? 10 : Number(options.steps ?? made.steps) };
  const training = await createTraining({ plugin, recipe, synthetic: raw, real: task.real, engine, seed });
  const reports: RefinerLosses[] = [];
  const started = process.cpuUsage();
  for await (const step of train(training)) if (step.phase === 'adversarial') reports.push(step.refiner);
  const used = process.cpuUsage(started);
  const last = reports.slice(-100);
  const regularization = mean(last.map((report) => report.regularization));
  const displacement = mean(last.map((report) => report.displacement ?? 0));
  const lambdas = [last.at(-1)!.lambda, last.at(-1)!.displacementLambda];
  note(
    `${task.name}: ${row}, training ${seed}: ${((used.user + used.system) / 1e6).toFixed(0)} CPU-seconds, pixels ${regularization.toFixed(3)}, ${displacement.toFixed(2)} px², lambdas ${lambdas}`,
  );
  const refiner = trainedRefiner(training);
  const samples = await collect(refiner.refine(raw));
  await refiner.dispose();
  training.dispose();
  return { samples, regularization, displacement, lambdas };
}

async function rmsOf(samples: Dataset<Sample<unknown>>): Promise<number | undefined> {
  const squares: number[] = [];
  for await (const { displacement } of samples) if (displacement) squares.push(displacement.rms ** 2);
  return squares.length > 0 ? Math.sqrt(mean(squares)) : undefined;
}

async function scoresOf(task: AnyTask, samples: Dataset<Sample<unknown>>, on: Engine): Promise<Scores> {
  const { image, plugin } = task;
  const augmented: Sample<unknown>[] = [];
  for (const copy of options.plain ? [] : [1, 2, 3]) {
    const randomized = randomize(
      { image, annotation: plugin.annotation },
      { seed: copy, gamma: 0, contrast: 0, offset: 0, shading: 0, jpeg: 0 },
    );
    for await (const sample of randomized.treat(samples))
      augmented.push({ ...sample, id: `${copy}-${sample.id}` });
  }
  const copies = await collect(toAsync(augmented));
  const scores = { plain: [] as number[], augmented: [] as number[] };
  for (let seed = 1; seed <= networks; seed++) {
    scores.plain.push(await scoreOf(task, samples, on, seed));
    if (!options.plain) scores.augmented.push(await scoreOf(task, copies, on, seed));
  }
  return scores;
}

async function* toAsync<Item>(items: readonly Item[]) {
  yield* items;
}

async function scoreOf(
  task: AnyTask,
  samples: Dataset<Sample<unknown>>,
  on: Engine,
  seed: number,
): Promise<number> {
  const { estimator, image } = task;
  const state = createEstimatorState(estimator, image, seed);
  const recipe = quick ? { ...estimator.recipe, steps: 10 } : estimator.recipe;
  for await (const _ of trainEstimator({
    estimator: { ...estimator, recipe },
    state,
    samples,
    image,
    engine: on,
    seed,
  }));
  const measures =
    options.labels === 'labeled'
      ? await accuracyOf(state.network, on, {
          estimator,
          image,
          test: takeFrom(task.labeled!, Math.min(2000, task.labeled!.length)),
        })
      : await task.score(state.network, on);
  state.dispose();
  return Object.values(measures)[0]!;
}

/** Three rows: simulated pictures, the same refined, and real ones. */
async function savePreview(
  file: string,
  raw: Dataset<Sample<unknown>>,
  refined: Dataset<Sample<unknown>>,
  real: AnyTask['real'],
): Promise<void> {
  const COUNT = 16;
  const rows: Image[][] = [[], [], []];
  for (let i = 0; i < COUNT; i++) {
    for (const [row, set] of [raw, refined, real].entries())
      rows[row]!.push((await set.at(i % set.length)).image);
  }
  const { width, height, channels } = rows[0]![0]!;
  const sheet = createImage({ width: width * COUNT, height: height * 3, channels, bits: 8 });
  for (const [row, images] of rows.entries()) {
    for (const [column, { data: values }] of images.entries()) {
      for (let y = 0; y < height; y++) {
        const at = ((row * height + y) * sheet.width + column * width) * channels;
        sheet.data.set(values.subarray(y * width * channels, (y + 1) * width * channels), at);
      }
    }
  }
  const { data: bytes } = sheet;
  await sharp(Buffer.from(bytes.buffer), { raw: { width: sheet.width, height: sheet.height, channels } })
    .resize({ width: sheet.width * 3, kernel: 'nearest' })
    .png()
    .toFile(file);
}
