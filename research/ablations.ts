/**
 * @file What the parts of the method are worth on the stand-in camera: the table of docs/steering.md. The quick recipe of
 * eyes is trained as it is, and with one part changed at a time: the history buffer off (paper, fig. 8 of version 2 asks
 * the same), batch norm in the discriminator, a discriminator that judges whole pictures (fig. 7), an adaptive K_g. Each
 * is judged by a two-sample test on crops and by how far the pupil moved.
 *
 *     npm run research:ablations                  # three seeds
 *     npm run research:ablations -- --quick       # a smoke test: minutes, no result
 *
 * Options: `--seeds 1,2,3`, `--steps 400`, `--count 400` (pictures tested), `--threads 2`, `--quick`,
 * `--variants "as it is,without history"` (some rows alone).
 */
import { parseArgs } from 'node:util';
import {
  createTraining,
  patchDiscriminator,
  simulate,
  type TrainingRecipe,
  train,
  trainedRefiner,
} from '@simgan/core';
import { measureLabelPreservation, pairById, patchTest } from '@simgan/core/evaluation';
import { mean, measureKernelDistances, std } from '@simgan/core/measures';
import { createEngine } from '@simgan/node';
import { eyes } from '@simgan/plugin-eyes';
import { chosenNames } from './chosen-names.ts';
import { collect } from './collect.ts';
import { openReport } from './report.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '' },
    steps: { type: 'string', default: '' },
    count: { type: 'string', default: '' },
    variants: { type: 'string', default: '' },
    threads: { type: 'string', default: '2' },
  },
});
const { quick } = options;
const seeds = (options.seeds || (quick ? '1' : '1,2,3')).split(',').map(Number);
const steps = Number(options.steps || (quick ? 20 : 400));
const count = Number(options.count || (quick ? 40 : 400));

const plugin = eyes();
const { image } = plugin;
const recipe: TrainingRecipe = { ...plugin.recipes.quick, steps };

/** The plugin's discriminator, with one of its properties changed. */
const discriminator = (change: Parameters<typeof patchDiscriminator>[1]) =>
  patchDiscriminator(
    [
      { convolution: 3, stride: 2, filters: 96 },
      { convolution: 3, stride: 2, filters: 64 },
      { maxPool: 3 },
      { convolution: 3, filters: 32 },
      { convolution: 1, filters: 32 },
    ],
    change,
  );

const variants: Readonly<Record<string, Partial<TrainingRecipe>>> = {
  'not trained': {},
  'as it is': {},
  'without history': { historySize: 0 },
  'batch norm in the discriminator': { discriminator: discriminator({ batchNorm: true }) },
  'global discriminator': { discriminator: discriminator({ scope: 'global' }) },
  'adaptive K_g': { refinerUpdates: { range: [1, 10] } },
};

const wanted = chosenNames(options.variants, variants);

interface Measured {
  readonly distance: number;
  readonly auc: number;
  readonly shift: number;
  readonly lost: number;
}

const { figures, say, note, save, minutes } = openReport('ablations');
const { engine } = await createEngine('onnx', { threads: Number(options.threads), device: 'cpu' });
const rows: Record<string, Measured[]> = {};

for (const seed of seeds) {
  const shots = (renderer: 'simulator' | 'standIn', fork: number, length: number) =>
    collect(simulate(plugin[renderer], { seed: 1000 * seed + fork, length }));
  const synthetic = await shots('simulator', 1, 2000);
  const real = await shots('standIn', 2, 1000);
  const [held, camera] = [await shots('simulator', 3, count), await shots('standIn', 4, 2 * count)];
  const measure = async (pictures: typeof held): Promise<Measured> => {
    const { sets } = await measureKernelDistances({ pictures }, camera, { image, seed });
    const { auc } = await patchTest(camera, pictures, { image, engine, seed, limit: count });
    const { quantities } = await measureLabelPreservation(pairById(held, pictures), plugin.probe);
    const { shift, lost } = quantities.pupilCenter!;
    return { distance: sets.pictures!, auc, shift: shift.mean, lost: lost / Math.max(1, shift.count + lost) };
  };
  const add = (name: string, measured: Measured) => {
    rows[name] = [...(rows[name] ?? []), measured];
    note(`seed ${seed}: ${name}: ${JSON.stringify(measured)}`);
    figures.rows = rows;
    save();
  };
  add('synthetic', await measure(held));
  for (const name of wanted) {
    const changed = { ...recipe, ...variants[name] };
    const training = await createTraining({ plugin, recipe: changed, synthetic, real, engine, seed });
    if (name !== 'not trained') for await (const _ of train(training));
    const refiner = trainedRefiner(training);
    add(name, await measure(await collect(refiner.refine(held))));
    await refiner.dispose();
    training.dispose();
  }
}
await engine.dispose();

say(`## Parts of the method, on the stand-in camera`);
say();
say(
  `The quick recipe of gray eyes, ${steps} steps, seeds ${seeds.join(', ')} of pictures and weights (mean ± std); ${count} pictures tested, ${minutes().toFixed(0)} minutes in all. The AUC is that of a classifier of 15x15 crops against the camera's; 0.5 is guessing.`,
);
say();
say('| | kernel distance | AUC | pupil moved, px | pupils lost |');
say('| --- | --- | --- | --- | --- |');
for (const [name, measured] of Object.entries(rows)) {
  const cell = (of: (one: Measured) => number, digits: number) => {
    const values = measured.map(of);
    const spread = values.length > 1 ? ` ± ${std(values, 1).toFixed(digits)}` : '';
    return `${mean(values).toFixed(digits)}${spread}`;
  };
  const lost = `${(100 * mean(measured.map((one) => one.lost))).toFixed(1)}%`;
  say(
    `| ${name} | ${cell(({ distance }) => distance, 1)} | ${cell(({ auc }) => auc, 2)} | ${cell(({ shift }) => shift, 2)} | ${lost} |`,
  );
}
say();
note(`saved in ${save()}`);
