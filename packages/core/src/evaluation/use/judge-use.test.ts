import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import {
  type BarAnnotation,
  type Bars,
  barImage,
  barPlace,
  bars,
  barWay,
  changed,
  photographed,
} from '../../../test/bars.ts';
import { wasmEngine as engine } from '../../../test/wasm-engine.ts';
import { joinDatasets, mapDataset } from '../../dataset.ts';
import type { Estimator } from '../estimator.ts';
import { testEstimator } from '../train-estimator.ts';
import { type JudgeUseOptions, judgeUse } from './judge-use.ts';

const raw = bars(1, 300);
const real = photographed(bars(2, 150), 3);
const labeled = photographed(bars(4, 200), 5);
const base = { image: barImage, engine, seed: 1, raw, real };

const relabeled = (set: Bars, label: (index: number) => Promise<BarAnnotation>): Bars =>
  mapDataset(set, async (sample, index) => ({ ...sample, annotation: await label(index) }));
const annotationAt = async (index: number) => (await raw.at(index % raw.length)).annotation;
const opposite = async (index: number): Promise<BarAnnotation> => {
  const annotation = await annotationAt(index);
  return { ...annotation, way: annotation.way === 0 ? 1 : 0 };
};
const inverted = changed(raw, 0, (value) => 255 - value);

/** Sets with whose labels or pictures something is wrong, and the gate that is there for it. */
const planted: Record<
  string,
  { readonly set: Bars; readonly gate: 'readsRaw' | 'readable' | 'information' }
> = {
  // The corner tells the label, which the bar no longer does for sure.
  leaked: {
    set: mapDataset(photographed(raw, 6), (sample) => ({
      ...sample,
      image: {
        ...sample.image,
        data: sample.image.data.map((value, i) => (i < 3 ? 250 * sample.annotation.way : value)),
      },
    })),
    gate: 'readsRaw',
  },
  permuted: { set: relabeled(raw, (index) => annotationAt(7 * index + 1)), gate: 'readsRaw' },
  inverted: { set: inverted, gate: 'readsRaw' },
  // Half of it is right, so that networks read the raw pictures; the other half lies about another kind of picture.
  swapped: { set: joinDatasets(raw, relabeled(inverted, opposite), (id) => `${id}-b`), gate: 'readable' },
  noise: { set: changed(raw, 8, (_, rng) => 255 * rng.next()), gate: 'readable' },
  // Whatever was simulated, the pictures show one and the same bar.
  collapsed: {
    set: mapDataset(raw, async (sample) => ({ ...sample, image: (await raw.at(0)).image })),
    gate: 'information',
  },
};

async function accuracies(
  estimator: Estimator<BarAnnotation>,
  options: Partial<JudgeUseOptions<BarAnnotation>> = {},
) {
  const errors: Record<string, number> = {};
  const report = await judgeUse<BarAnnotation>({
    ...base,
    estimator,
    treatments: {},
    async onTrained({ set, network }) {
      const { mean } = await testEstimator({ estimator, network, samples: labeled, image: barImage, engine });
      errors[set] = (errors[set] ?? 0) + mean;
    },
    ...options,
  });
  return { report, errors };
}

test('what makes networks better on real pictures is found better, without their labels', async () => {
  const tensors = tf.memory().numTensors;
  const treatments = { camera: photographed(raw, 9) };
  const { report, errors } = await accuracies(barWay, { treatments });
  expect(report.treatments.camera).toMatchObject({ verdict: 'better', failed: [] });
  expect(report.recommended).toBe('camera');
  expect(errors.camera).toBeLessThan(0.25 * errors.raw!);
  expect(tf.memory().numTensors).toBe(tensors);
});

test('points are judged by where they are', async () => {
  const treatments = {
    camera: photographed(raw, 9),
    permuted: relabeled(raw, (index) => annotationAt(7 * index + 1)),
  };
  const { report, errors } = await accuracies(barPlace, { treatments, repeats: 5 });
  expect(report.recommended).toBe('camera');
  expect(errors.camera).toBeLessThan(0.25 * errors.raw!);
  expect(report.treatments.permuted).toMatchObject({ verdict: 'refused' });
});

test('planted sets are refused, each by the gate that is there for it', async () => {
  const treatments = Object.fromEntries(Object.entries(planted).map(([name, { set }]) => [name, set]));
  const report = await judgeUse({ ...base, estimator: barWay, treatments, steps: 100 });
  for (const [name, { gate }] of Object.entries(planted)) {
    expect(report.treatments[name], name).toMatchObject({ verdict: 'refused' });
    expect(report.treatments[name]!.failed, name).toContain(gate);
  }
  expect(report.treatments.leaked!.failed).not.toContain('readable');
  expect(report.treatments.swapped!.failed).not.toContain('readsRaw');
  expect(report.recommended).toBe('raw');
});

test('gates that look for wrong labels are not asked of a set whose labels are right by construction', async () => {
  const { set } = planted.permuted!;
  const labels = { declared: 'exact', told: 'guessed' } as const;
  const treatments = { silent: set, declared: set, told: set };
  const report = await judgeUse({ ...base, estimator: barWay, treatments, labels, steps: 100 });
  expect(report.treatments.silent!.failed).toContain('readsRaw');
  expect(report.treatments.told!.failed).toContain('readsRaw');
  expect(report.treatments.declared!.failed).not.toContain('readsRaw');
});

test('what cannot be judged is refused before anything is trained', async () => {
  const { answer: _, ...silent } = barWay;
  const options = { ...base, estimator: silent, treatments: { raw }, repeats: 1, steps: 0 };
  await expect(judgeUse(options)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    problems: [
      expect.stringContaining('way of a bar does not say how its answers are compared'),
      expect.stringContaining('repeats is 1'),
      expect.stringContaining('steps is 0'),
      expect.stringContaining('called raw'),
    ],
  });
  const few = { ...base, estimator: barWay, treatments: {}, real: bars(1, 19) };
  await expect(judgeUse(few)).rejects.toMatchObject({ code: 'NOT_ENOUGH_DATA' });
});

test('networks that diverge on a treatment refuse it, and the same seed gives the same figures', async () => {
  const estimator: Estimator<BarAnnotation> = {
    ...barWay,
    // An annotation that says nothing sensible makes the loss no number.
    target: (annotation) =>
      annotation.way === 1 && annotation.at[0] < 0
        ? Float32Array.of(Number.NaN, 0)
        : barWay.target(annotation),
  };
  const broken = relabeled(raw, async () => ({ way: 1, at: [-1, 0] }));
  const judge = () => judgeUse({ ...base, estimator, treatments: { broken }, steps: 3 });
  const report = await judge();
  expect(report.treatments.broken).toMatchObject({
    verdict: 'refused',
    reason: expect.stringContaining('diverged'),
  });
  expect(await judge()).toEqual(report);
});

test('an abort stops judging within a step, and progress counts networks and steps', async () => {
  const abort = new AbortController();
  const seen: string[] = [];
  const judging = judgeUse({
    ...base,
    estimator: barWay,
    treatments: {},
    steps: 2,
    signal: abort.signal,
    onProgress({ set, network, networks, step, steps }) {
      seen.push(`${set} ${network}/${networks} ${step}/${steps}`);
      if (set === 'raw') abort.abort(new Error('enough'));
    },
  });
  await expect(judging).rejects.toThrow('enough');
  expect(seen).toEqual([...[1, 2, 3, 4].map((step) => `raw, varied 0/5 ${step}/4`), 'raw 1/5 1/2']);
});

test('a set of its own for each network: what one learned from lies, and the networks no longer agree', async () => {
  const lying = relabeled(raw, opposite);
  const asked: number[] = [];
  const own = async (repeat: number) => {
    asked.push(repeat);
    return repeat === 0 ? raw : lying;
  };
  const { treatments } = await judgeUse({
    ...base,
    estimator: barWay,
    steps: 60,
    treatments: { same: lying, own },
  });
  expect(asked).toEqual([0, 1]);
  expect(treatments.own!.agreement).toBeLessThan(0);
  expect(treatments.same!.agreement).toBeGreaterThan(0.3);
});

test('content that was moved by a known map is read where it was moved to', async () => {
  const turned = (sample: Awaited<ReturnType<Bars['at']>>) => {
    const { width, data } = sample.image;
    // Lying bars stand, and say so.
    const image = {
      ...sample.image,
      data: data.map((_, i) => data[(i % width) * width + Math.floor(i / width)]!),
    };
    const [x, y] = sample.annotation.at;
    return {
      ...sample,
      image,
      annotation: { way: (1 - sample.annotation.way) as 0 | 1, at: [y, x] as const },
    };
  };
  const shifted = (sample: Awaited<ReturnType<Bars['at']>>) => {
    const moved = turned(sample);
    // Inverted, networks cannot read what was not.
    return { ...moved, image: { ...moved.image, data: moved.image.data.map((value) => 255 - value) } };
  };
  const treatments = { inverted: mapDataset(raw, shifted) };
  const options = { ...base, estimator: barWay, steps: 120, treatments };
  const blind = await judgeUse(options);
  const placed = await judgeUse({ ...options, placements: { inverted: shifted } });
  const [unread, read] = [blind, placed].map(({ treatments: { inverted } }) => inverted!.readsRaw);
  expect(read!).toBeGreaterThan(0.2 + unread!);
});
