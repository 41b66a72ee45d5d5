import {
  annotationSchema,
  createImage,
  type Dataset,
  datasetOf,
  itemsOf,
  mapDataset,
  type Plugin,
  type Sample,
  type SizedForm,
  simulate,
} from '@simgan/core';
import { classEstimator } from '@simgan/core/evaluation';
import { frame, planFraming, planGrounds, putOnGrounds, randomize } from '@simgan/core/treating';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { barsPlugin } from '../../test/bars.ts';
import { createEngine } from '../engines/engines.ts';
import { startJob } from '../runs/job.ts';
import { rungJudge } from './judge-rungs.ts';
import type { JudgedTask } from './judged-task.ts';
import { rawStack, type Stack } from './stack.ts';

const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
afterAll(() => engine.dispose());

const image: SizedForm = { width: 20, height: 20, channels: 1, bits: 8 };
const annotation = annotationSchema(z.object({ size: z.enum(['small', 'large']) }), { size: 'invariant' });

/** Bright squares; a large one is twice as wide as a small one, and `scale` makes all of them smaller. */
function squares(seed: number, length: number, scale = 1): Dataset<Sample<unknown>> {
  return simulate(
    (rng) => {
      const isLarge = rng.next() < 0.5;
      const side = (isLarge ? 12 : 6) * scale * Math.exp(0.08 * rng.normal());
      const [left, top] = [10 - side / 2 + rng.normal() / 2, 10 - side / 2 + rng.normal() / 2];
      const drawn = createImage(image);
      const share = (at: number, from: number) =>
        Math.max(0, Math.min(at + 1, from + side) - Math.max(at, from));
      for (const i of drawn.data.keys())
        drawn.data[i] = 240 * share(i % 20, left) * share(Math.floor(i / 20), top);
      return { image: drawn, annotation: { size: isLarge ? 'large' : 'small' } };
    },
    { seed, length },
  );
}

const estimator = classEstimator<unknown>({
  classes: ['large', 'small'],
  size: image,
  classOf: (one) => (one as { size: string }).size,
});
const task: JudgedTask = { estimator, image, what: 'size', fit: (item) => item };
const plugin = { ...barsPlugin(), image, annotation } as Plugin;

test('networks that learned from framed pictures are asked for framed ones, randomized or not', async () => {
  const [samples, real] = [squares(1, 200), squares(2, 60, 0.5)];
  const { plan } = await planFraming({ synthetic: samples, real, image });
  const framing = frame(plugin, plan!);
  const randomization = randomize(plugin, { seed: 1, scale: 0, shear: 0, rotation: 0.05 });
  const judging = { pictures: 200, real: 60, steps: 60, repeats: 2 };
  const origin = { rejects: [], origin: 'here' };
  for (const standing of [rawStack, { names: ['randomized'], randomization }] as Stack[]) {
    const judge = rungJudge({
      ...{ plugin, task, engine, seed: 1, judging, job: startJob({}) },
      synthetic: { ...origin, samples, training: samples, annotations: 'plugin' },
      real: { ...origin, images: real, isStandIn: false },
    });
    const framed: Stack = { ...standing, framing, names: ['framed', ...standing.names] };
    const { treatments } = await judge.judge(standing, new Map([['framed', framed]]));
    // Where they are not framed, small ones are as large as large ones that are.
    expect(treatments.framed!.readsRaw).toBeGreaterThan(0.9);
    expect(treatments.framed!.readable).toBeGreaterThan(0.8);
  }
});

test('pictures on other grounds are readable and taken where real content stands on such', async () => {
  const samples = squares(1, 200);
  const real = mapDataset(squares(2, 100), ({ id, image: picture }, index) => {
    const [base, turn] = [(index * 53) % 220, index % 7];
    const data = picture.data.map((value, i) => {
      const wave = 20 * Math.sin((turn * (i % 20)) / 9 + Math.floor(i / 20) / 2 + index);
      return Math.min(255, Math.abs(value - Math.max(0, base + wave)));
    });
    return { id, image: { ...picture, data } };
  });
  const { plan } = await planGrounds({ synthetic: samples, real, image });
  const judging = { pictures: 200, real: 100, steps: 100, repeats: 2 };
  const origin = { rejects: [], origin: 'here' };
  const judge = rungJudge({
    ...{ plugin, task, engine, seed: 1, judging, job: startJob({}) },
    synthetic: { ...origin, samples, training: samples, annotations: 'plugin' },
    real: { ...origin, images: real, isStandIn: false },
  });
  const stack: Stack = { grounds: putOnGrounds(plugin, plan!, 1), names: ['grounded'] };
  const { treatments } = await judge.judge(rawStack, new Map([['grounded', stack]]));
  expect(treatments.grounded!.readable).toBeGreaterThan(0.8);
  expect(treatments.grounded).toMatchObject({ verdict: 'better' });
});

test('sets that are sorted by class are judged by all classes', async () => {
  const sorted = async (set: Dataset<Sample<unknown>>) => {
    const isSmall = ({ annotation: label }: Sample<unknown>) =>
      (label as { size: string }).size === 'small' ? 1 : 0;
    return datasetOf((await itemsOf(set)).toSorted((one, other) => isSmall(one) - isSmall(other)));
  };
  const [samples, images] = [await sorted(squares(1, 300)), await sorted(squares(2, 120))];
  const origin = { rejects: [], origin: 'here' };
  const judge = rungJudge({
    ...{ plugin, task, engine, seed: 1, job: startJob({}) },
    judging: { pictures: 60, real: 30, steps: 60, repeats: 2 },
    synthetic: { ...origin, samples, training: samples, annotations: 'plugin' },
    real: { ...origin, images, isStandIn: false },
  });
  const randomization = randomize(plugin, { seed: 1, scale: 0 });
  const randomized: Stack = { randomization, names: ['randomized'] };
  const { raw } = await judge.judge(rawStack, new Map([['randomized', randomized]]));
  expect(raw.information).toBeGreaterThan(0.5);
});

test('where grounds are tried, all are judged on more pictures', async () => {
  const samples = squares(1, 150);
  const noise = mapDataset(squares(2, 60), ({ id }, index) => {
    const data = Uint8Array.from({ length: 400 }, (_, i) => (i * 37 + index * 91) % 251);
    return { id, image: { ...image, data } };
  });
  const { plan } = await planGrounds({ synthetic: samples, real: noise, image });
  const origin = { rejects: [], origin: 'here' };
  const judged: Record<string, number> = {};
  const judge = rungJudge({
    ...{ plugin, task, engine, seed: 1, job: startJob({}) },
    judging: { pictures: 60, real: 30, steps: 2, repeats: 2 },
    synthetic: { ...origin, samples, training: samples, annotations: 'plugin' },
    real: { ...origin, images: noise, isStandIn: false },
    onTreated: (name, pictures) => {
      judged[name] = pictures.length;
    },
  });
  const randomization = randomize(plugin, { seed: 1 });
  const randomized: Stack = { randomization, names: ['randomized'] };
  await judge.judge(rawStack, new Map([['randomized', randomized]]));
  expect(judged).toEqual({ raw: 60, randomized: 60 });
  const grounded: Stack = { grounds: putOnGrounds(plugin, plan!, 1), names: ['grounded'] };
  await judge.judge(
    rawStack,
    new Map([
      ['randomized', randomized],
      ['grounded', grounded],
    ]),
  );
  expect(judged).toEqual({ raw: 150, randomized: 150, grounded: 150 });
});
