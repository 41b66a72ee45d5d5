import { expect, test } from 'vitest';
import { type BarAnnotation, barImage, barPlace, bars, barWay, photographed } from '../../test/bars.ts';
import { wasmEngine as engine } from '../../test/wasm-engine.ts';
import { mapDataset } from '../dataset.ts';
import type { RealImage } from '../sample.ts';
import type { Estimator } from './estimator.ts';
import { pseudoLabel } from './pseudo-labels.ts';

const { answer, recipe } = barWay;
const labeling = {
  ...barWay,
  recipe: { ...recipe, steps: 60 },
  answer: { ...answer!, annotation: (way: number) => ({ way, at: [0, 0] }) },
} as Estimator<BarAnnotation>;
const truths = photographed(bars(4, 120), 5);
const real = mapDataset(truths, ({ id, image }): RealImage => ({ id, image }));
const base = {
  estimator: labeling,
  image: barImage,
  engine,
  seed: 1,
  samples: bars(1, 200),
  real,
  rounds: 1,
};

test('the most certain half of each class gets the label that networks read, and the same seed the same labels', async () => {
  const { samples, confidence } = await pseudoLabel(base);
  const ways = new Map<string, number>();
  for await (const { id, annotation } of truths) ways.set(id, annotation.way);
  let right = 0;
  const counts = [0, 0];
  const ids: string[] = [];
  for await (const { id, annotation } of samples) {
    ids.push(id);
    counts[annotation.way]! += 1;
    if (annotation.way === ways.get(id)) right += 1;
    expect(confidence.get(id)).toBeGreaterThan(0.5);
  }
  expect(samples.length).toBeGreaterThanOrEqual(60);
  expect(samples.length).toBeLessThanOrEqual(61);
  expect(Math.min(...counts)).toBeGreaterThan(15);
  expect(right / samples.length).toBeGreaterThan(0.85);
  expect(ids).toEqual(ids.toSorted());
  const all = await pseudoLabel({ ...base, share: 1 });
  expect(all.samples.length).toBe(real.length);
  const mean = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value, 0);
  // What was kept is what networks are more certain of.
  expect(mean(confidence.values()) / confidence.size).toBeGreaterThan(
    mean(all.confidence.values()) / all.confidence.size,
  );
  const again = await pseudoLabel(base);
  expect([...again.confidence]).toEqual([...confidence]);
});

test('from the second round on, networks learn from varied copies of what was labeled before, too', async () => {
  const few = { ...labeling, recipe: { ...recipe, steps: 2 } };
  const samples = bars(1, 20);
  const varied: string[] = [];
  const steps: number[] = [];
  let reads = 0;
  const counted = mapDataset(real, (picture) => {
    reads += 1;
    return picture;
  });
  const options = {
    ...{ ...base, estimator: few, samples, real: counted, rounds: 2, networks: 1 },
    vary<Varied extends RealImage>(sample: Varied): Varied {
      varied.push(sample.id);
      return sample;
    },
    onStep: (_: unknown, network: number) => steps.push(network),
  };
  const twice = await pseudoLabel(options);
  // Once, however many networks answer; a picture that a batch asks for twice may be read twice.
  expect(reads).toBeLessThan(1.5 * real.length);
  const copies = (ids: readonly string[]) => ids.flatMap((id) => Array(4).fill(id)).sort();
  const drawn = Array.from({ length: samples.length }, (_, index) => samples.id(index));
  expect(varied.slice(0, 80).sort()).toEqual(copies(drawn));
  const once = await pseudoLabel({ ...options, rounds: 1 });
  const labeled = [...once.confidence.keys()];
  expect(varied.slice(80, 80 + 4 * labeled.length).sort()).toEqual(copies(labeled));
  expect(steps).toEqual([0, 0, 1, 1, 0, 0]);
  expect([...twice.confidence]).not.toEqual([...once.confidence]);
});

test('what cannot label is refused, and an abort stops it', async () => {
  await expect(pseudoLabel({ ...base, estimator: barPlace })).rejects.toThrow('cannot label pictures');
  await expect(pseudoLabel({ ...base, estimator: barWay })).rejects.toThrow('cannot label pictures');
  await expect(pseudoLabel({ ...base, share: 0 })).rejects.toThrow('`share` is 0');
  await expect(pseudoLabel({ ...base, rounds: 1.5 })).rejects.toThrow('`rounds` is 1.5');
  await expect(pseudoLabel({ ...base, signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
});
