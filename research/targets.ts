/**
 * @file How far refiners move pixels where lambda follows a target, and what holds them back when they do not get there:
 * the table of docs/when-it-fails.md.
 *
 *     npm run research:targets -- --data DIR
 *     npm run research:targets -- --data DIR --rows "as in quick,faster" --steps 200
 *
 * Options: `--data DIR`, `--fonts DIR` as for `research:judge`; `--task print-mnist`, `--target 0.2`, `--steps 800`,
 * `--rows a,b`, `--seed 1`, `--threads 1`.
 */
import { parseArgs } from 'node:util';
import { createTraining, patchDiscriminator, type TrainingRecipe, train } from '@simgan/core';
import { mean } from '@simgan/core/measures';
import type { DiscriminatorLosses, RefinerLosses } from '@simgan/core/training';
import { createEngine } from '@simgan/node';
import { chosenNames } from './chosen-names.ts';
import { collect } from './collect.ts';
import { openReport } from './report.ts';
import { type AnyTask, defaultPlaces, tasks } from './tasks/index.ts';
import { wholeStrokes } from './whole-strokes.ts';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: '' },
    fashion: { type: 'string', default: defaultPlaces.fashion },
    fonts: { type: 'string', default: defaultPlaces.fonts },
    task: { type: 'string', default: 'print-mnist' },
    target: { type: 'string', default: '0.2' },
    steps: { type: 'string', default: '800' },
    rows: { type: 'string' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string', default: '1' },
  },
});
const target = Number(options.target);
const finer = patchDiscriminator([
  { convolution: 3, filters: 32 },
  { convolution: 3, stride: 2, filters: 48 },
  { convolution: 3, filters: 48 },
]);
const open = { start: 5, target, range: [1e-3, 50] } as const;

/** What is changed in the recipe `quick`, whose lambda may fall to 0.2. */
const changes: Readonly<Record<string, Partial<TrainingRecipe>>> = {
  'as in quick': { lambda: { start: 5, target, range: [0.2, 50] } },
  'lambda may fall to 0.001': { lambda: open },
  'the same from 0.5 on': { lambda: { ...open, start: 0.5 } },
  'twice the learning rate': { lambda: open, learningRate: 4e-4 },
  'five times the learning rate': { lambda: open, learningRate: 1e-3 },
  'a discriminator of finer patches': { lambda: open, discriminator: finer },
  'a discriminator of wider patches': { lambda: open, discriminator: wholeStrokes },
  'wider patches and five times the learning rate': {
    lambda: open,
    learningRate: 1e-3,
    discriminator: wholeStrokes,
  },
  'two discriminator steps per turn': { lambda: open, discriminatorUpdates: 2 },
};

const { engine } = await createEngine('onnx', { threads: Number(options.threads), device: 'cpu' });
const { figures, say, note, save } = openReport('targets');
const task: AnyTask = await tasks[options.task as keyof typeof tasks]({
  data: options.data,
  fashion: options.fashion,
  fonts: options.fonts,
});
const synthetic = await collect(await task.raw(1, 2000));
say(`\nTarget ${target}, ${options.steps} steps, ${task.title}.\n`);
say('| recipe | change, first to last quarter | lambda at the end | right on refined | right on real |');
say('| --- | --- | --- | --- | --- |');
for (const name of chosenNames(options.rows, changes)) {
  const base = task.plugin.recipes.quick as TrainingRecipe;
  const recipe = { ...base, match: 'none', steps: Number(options.steps), ...changes[name] } as const;
  const { real } = task;
  const training = await createTraining({
    ...{ plugin: task.plugin, recipe, synthetic, real, engine, seed: Number(options.seed) },
  });
  const refiner: RefinerLosses[] = [];
  const discriminator: DiscriminatorLosses[] = [];
  for await (const step of train(training)) {
    if (step.phase !== 'adversarial') continue;
    refiner.push(step.refiner);
    discriminator.push(step.discriminator);
  }
  training.dispose();
  const quarter = Math.ceil(refiner.length / 4);
  const quarters = [0, 1, 2, 3].map((n) => {
    const part = refiner.slice(n * quarter, (n + 1) * quarter);
    return { change: mean(part.map(({ regularization }) => regularization)), lambda: part.at(-1)!.lambda };
  });
  const last = discriminator.slice(-quarter);
  const accuracies = [
    mean(last.map(({ accuracyOnRefined }) => accuracyOnRefined)),
    mean(last.map(({ accuracyOnReal }) => accuracyOnReal)),
  ];
  figures[name] = { quarters, accuracies };
  const moved = quarters.map(({ change }) => change.toFixed(3)).join(', ');
  const right = accuracies.map((accuracy) => `${Math.round(100 * accuracy)}%`);
  say(`| ${[name, moved, quarters[3]!.lambda.toPrecision(2), ...right].join(' | ')} |`);
  note(name);
  save();
}
await engine.dispose();
process.exit(0);
