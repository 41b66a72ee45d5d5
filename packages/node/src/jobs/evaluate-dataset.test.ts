import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Estimator, estimatorNetwork, simulate } from '@simgan/core';
import { evaluationSchema } from '@simgan/report';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { type BlobAnnotation, blobs } from '../../test/blobs.ts';
import { temporaryFolder } from '../../test/folders.ts';
import { writeDataset } from '../datasets/write-dataset.ts';
import type { JobEvent } from '../runs/events.ts';
import { evaluateDataset } from './evaluate-dataset.ts';
import { evaluationFigures, writeEvaluation } from './evaluation-figures.ts';
import { simulateDataset } from './simulate-dataset.ts';

/** Only against hangs: a few hundred steps of a classifier. */
const HANG = 300_000;

/** Where the blob is, as shares of the picture. */
const place: Estimator<BlobAnnotation> = {
  name: 'place',
  unit: 'px',
  within: 1.5,
  network: estimatorNetwork([{ maxPool: 2, stride: 2 }, { dense: 2 }]),
  outputShape: [1, 1, 2],
  recipe: { steps: 100, batchSize: 4, optimizer: { kind: 'adam' }, learningRate: 0.01 },
  target: ({ x, y }) => Float32Array.of(x / 12, y / 10),
  loss: (output, target) => tf.mean(tf.squaredDifference(output, target)),
  errors: ([x = 0, y = 0], truth) => [Math.hypot(x * 12 - truth.x, y * 10 - truth.y)],
};

const plugin = { ...blobs(), estimator: place };
const options = { plugin, engine: 'onnx', device: 'cpu', threads: 1, count: 40 } as const;

test(
  'a classifier separates camera images from real ones worse than simulated ones; estimators train on each set',
  async () => {
    const cwd = await temporaryFolder();
    // A perfect refiner: the pictures of the camera, with the labels of the simulator.
    const synthetic = simulate(plugin.simulator, { seed: 1, length: 40 });
    const perfect = simulate(plugin.standIn, { seed: 1, length: 40 });
    await writeDataset(join(cwd, 'out', 'dataset'), perfect, { plugin });
    const real = simulate(plugin.standIn, { seed: 2, length: 40 });
    const events: JobEvent[] = [];
    const evaluation = await evaluateDataset({
      ...{ ...options, cwd, refined: 'out', synthetic, real },
      ...{ downstream: true, steps: 3, repeats: 2 },
      onEvent: (event) => events.push(event),
    });
    const { realism, distances, labels, downstream } = evaluation;
    const sets = ['synthetic', 'matched', 'refined', 'real'];
    expect([Object.keys(realism), Object.keys(distances)]).toEqual([sets, sets]);
    expect(realism.refined!.kernelDistance).toBeLessThan(realism.synthetic!.kernelDistance);
    expect(realism.refined!.auc).toBeLessThan(realism.synthetic!.auc);
    expect(distances.refined!.intensity).toBeLessThan(distances.synthetic!.intensity!);

    expect(labels.refined).toMatchObject({ pairs: 40, quantities: { place: { unit: 'px' } } });
    // Corrections of light move nothing further than noise does.
    expect(labels.matched!.pairs).toBe(40);
    expect(labels.refined!.quantities.place!.shift.mean).toBeGreaterThan(0);

    expect(downstream).toMatchObject({ estimator: 'place', unit: 'px', within: 1.5, steps: 3, tested: 40 });
    expect(downstream!.runs).toHaveLength(2);
    for (const run of downstream!.runs) {
      expect(Object.keys(run)).toEqual(['synthetic', 'matched', 'refined', 'stand-in camera']);
      for (const { count, mean } of Object.values(run)) {
        expect(count).toBe(40);
        expect(mean).toBeLessThan(20);
      }
    }
    // It closes the gap, in noise in which the probe loses sight of the blobs; nobody asked what it is good for.
    expect(evaluation.verdict).toMatchObject({ looks: 'closer', labels: 'moved', use: 'not judged' });
    expect(evaluation.verdict.certificate).toMatchObject({ quantity: 'place', sampled: 40 });
    expect(evaluation.use).toBeUndefined();
    expect(downstream!.runs[0]).not.toEqual(downstream!.runs[1]);

    const progress = (phase: string) =>
      events.flatMap((event) => (event.type === 'progress' && event.phase === phase ? [event.done] : []));
    expect(progress('evaluate')).toEqual([0, 1, 2, 4]);
    expect(progress('estimate')).toEqual(Array.from({ length: 2 * 4 * 3 }, (_, i) => i + 1));
  },
  HANG,
);

test('the use of refined pictures is judged without labels of real ones', async () => {
  const cwd = await temporaryFolder();
  const judged = {
    ...plugin,
    estimator: {
      ...place,
      answer: {
        kind: 'values',
        names: ['x', 'y'],
        values: (output: Float32Array) => output,
        truth: ({ x, y }: BlobAnnotation) => [x / 12, y / 10],
      },
    } as Estimator<BlobAnnotation>,
  };
  const synthetic = simulate(plugin.simulator, { seed: 1, length: 40 });
  await writeDataset(join(cwd, 'same'), synthetic, { plugin });
  const real = simulate(plugin.standIn, { seed: 2, length: 40 });
  const totals = new Set<number>();
  const evaluation = await evaluateDataset({
    ...options,
    ...{ plugin: judged, cwd, refined: 'same', synthetic, real, use: true, steps: 30 },
    onEvent: (event) => event.type === 'progress' && event.phase === 'estimate' && totals.add(event.total),
  });
  const { use, verdict } = evaluation;
  // Seven networks: two of the refined pictures, four of raw ones, and first one that reads all and learns twice as long.
  expect([...totals]).toEqual([7 * 2 * 30]);
  const { verdict: word, reason } = use!.treatments.refined!;
  expect(verdict).toMatchObject({ use: word === 'refused' ? 'worse' : word, labels: 'hold' });
  expect(verdict.reasons[2]).toBe(`Use: ${reason}`);
  const file = await writeEvaluation(join(cwd, 'same'), evaluation);
  const shown = evaluationSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  expect(evaluationFigures(evaluation)).toMatchObject(shown);
  expect(Object.keys(shown.use!)).toEqual(['raw', 'refined']);
  expect(shown.certificate).toEqual(verdict.certificate);
  expect(shown.verdict?.map(({ question }) => question)).toEqual(['looks', 'labels', 'use']);
  await expect(
    evaluateDataset({ ...options, cwd, refined: 'same', synthetic, real, use: true }),
  ).rejects.toThrow('does not say how its answers are compared');
});

test('a shard is evaluated alone, merged or not', async () => {
  const cwd = await temporaryFolder();
  const all = simulate(plugin.simulator, { seed: 1, length: 40 });
  await writeDataset(join(cwd, 'whole'), all, { plugin });
  const real = simulate(plugin.standIn, { seed: 2, length: 40 });
  const ofWhole = await evaluateDataset({ ...options, cwd, refined: 'whole', real, shard: '1/2' });
  // Without `synthetic` the simulator makes the pictures of the shard again: nothing has changed, so nothing moved.
  expect(ofWhole.labels.refined).toMatchObject({
    pairs: 20,
    quantities: { place: { shift: { count: 20, mean: 0 } } },
  });
  await simulateDataset({ plugin, cwd, count: 40, out: 'parts', shard: '1/2' });
  const ofPart = await evaluateDataset({ ...options, cwd, refined: 'parts', real, shard: '1/2' });
  expect(ofPart).toEqual(ofWhole);
});

test('missing parts of a plugin are reported before anything is read', async () => {
  const cwd = await temporaryFolder();
  await expect(
    evaluateDataset({ ...options, plugin: blobs(), cwd, refined: 'x', downstream: true }),
  ).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: '`downstream`: the plugin blobs has no estimator to train.',
  });
  const { standIn: _, ...blind } = plugin;
  await expect(
    evaluateDataset({ ...options, plugin: blind, cwd, refined: 'x', downstream: true }),
  ).rejects.toThrow('`downstream`: the plugin blobs has no stand-in camera to test its estimator on.');
  await expect(evaluateDataset({ ...options, cwd, refined: 'x' })).rejects.toMatchObject({
    code: 'NOT_ENOUGH_DATA',
    message: expect.stringContaining(`${join(cwd, 'x')} cannot be read`),
  });
  await mkdir(join(cwd, 'empty'));
  await expect(evaluateDataset({ ...options, cwd, refined: 'empty' })).rejects.toMatchObject({
    code: 'NOT_ENOUGH_DATA',
  });
  await writeDataset(join(cwd, 'few'), simulate(plugin.standIn, { seed: 1, length: 3 }), { plugin });
  const few = simulate(plugin.simulator, { seed: 1, length: 3 });
  await expect(evaluateDataset({ ...options, cwd, refined: 'few', synthetic: few })).rejects.toThrow(
    'fewer than',
  );
});
