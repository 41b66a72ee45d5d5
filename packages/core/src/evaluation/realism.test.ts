import { expect, test } from 'vitest';
import { datasetOf } from '../dataset.ts';
import type { ImageSpec } from '../image.ts';
import { createEngine } from '../node/engines.ts';
import { createRng, type Rng } from '../rng.ts';
import { FEATURES, imageFeatures } from './features.ts';
import { halve } from './halve.ts';
import { measureKernelDistances } from './kernel-distance.ts';
import { patchTest } from './patch-test.ts';

const image: ImageSpec = { width: 32, height: 24, channels: 1, bits: 8 };

/** Pictures of soft stripes of random phase, with grain of a given strength and a brightness. */
const stripes = (count: number, seed: number, { grain = 6, brightness = 120 } = {}) => {
  const rng = createRng(seed);
  return datasetOf(
    Array.from({ length: count }, (_, i) => ({ id: String(i), image: draw(rng.fork(i), grain, brightness) })),
  );
};

function draw(rng: Rng, grain: number, brightness: number): Uint8Array {
  const phase = 2 * Math.PI * rng.next();
  const slope = rng.normal();
  return Uint8Array.from({ length: image.width * image.height }, (_, at) => {
    const [x, y] = [at % image.width, Math.floor(at / image.width)];
    return brightness + 50 * Math.sin(phase + 0.4 * x + 0.2 * slope * y) + grain * rng.normal();
  });
}

test('features are histograms that sum to 1, and a spectrum that knows coarse from fine', () => {
  const smooth = imageFeatures(draw(createRng(1), 0, 120), image);
  const grainy = imageFeatures(draw(createRng(1), 30, 120), image);
  expect(smooth).toHaveLength(FEATURES);
  const sum = (from: number, to: number) => grainy.slice(from, to).reduce((a, b) => a + b, 0);
  for (const [from, to] of [
    [0, 12],
    [12, 22],
    [22, 32],
  ] as const)
    expect(sum(from, to)).toBeCloseTo(1, 9);
  const finest = 37;
  expect(grainy[finest]! - smooth[finest]!).toBeGreaterThan(2);
  // Vertical stripes: all power across, none along.
  const vertical = imageFeatures(
    Uint8Array.from({ length: 768 }, (_, at) => 120 + 100 * Math.sin(1.4 * (at % 32))),
    image,
  );
  const directions = [...vertical.slice(38)];
  expect(directions.indexOf(Math.max(...directions))).toBe(0);
});

test('a set of the same kind is as near as real is to real; others are further, the stranger the more', async () => {
  const real = stripes(120, 1);
  const sets = {
    same: stripes(60, 2),
    grainier: stripes(60, 3, { grain: 12 }),
    strange: stripes(60, 4, { grain: 30, brightness: 160 }),
  };
  const { sets: distances, control } = await measureKernelDistances(sets, real, { image, seed: 5 });
  expect(Math.abs(control)).toBeLessThan(0.3);
  expect(Math.abs(distances.same!)).toBeLessThan(0.3);
  expect(distances.grainier).toBeGreaterThan(2);
  expect(distances.strange).toBeGreaterThan(2 * distances.grainier!);
  expect(await measureKernelDistances(sets, real, { image, seed: 5 })).toEqual({ sets: distances, control });
});

test('real pictures that a refiner has seen are the control, and the others are compared with as a whole', async () => {
  const [heldOut, seen] = [stripes(60, 7), stripes(60, 8)];
  const sets = { seen, grainier: stripes(60, 9, { grain: 12 }) };
  const apart = await measureKernelDistances(sets, heldOut, { image, seed: 5, control: seen });
  expect(apart.control).toBe(apart.sets.seen);
  expect(Math.abs(apart.control)).toBeLessThan(0.3);
  expect(apart.sets.grainier).toBeGreaterThan(2);
  // No half is drawn, so the seed changes nothing.
  expect(await measureKernelDistances(sets, heldOut, { image, seed: 6, control: seen })).toEqual(apart);
});

test('halves share nothing and leave nothing out', async () => {
  const [a, b] = halve(datasetOf([...Array(11).keys()]), 3);
  const items: number[] = [];
  for (const half of [a, b]) for await (const item of half) items.push(item);
  expect([a.length, b.length]).toEqual([5, 6]);
  expect(items.toSorted((x, y) => x - y)).toEqual([...Array(11).keys()]);
  expect(items).not.toEqual([...Array(11).keys()]);
});

test('the patch test guesses on sets of one kind and is certain of different ones, every time alike', async () => {
  const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
  const options = { image, engine, seed: 1, steps: 60 };
  const real = stripes(160, 1);
  const same = await patchTest(stripes(160, 2), real, options);
  expect(Math.abs(same.auc - 0.5)).toBeLessThan(0.1);
  expect(Math.abs(same.balancedAccuracy - 0.5)).toBeLessThan(0.1);
  const other = await patchTest(stripes(80, 3, { grain: 14 }), real, options);
  expect(other.auc).toBeGreaterThan(0.95);
  expect(other.balancedAccuracy).toBeGreaterThan(0.85);
  expect(await patchTest(stripes(80, 3, { grain: 14 }), real, options)).toEqual(other);
  await expect(patchTest(stripes(3, 1), real, options)).rejects.toMatchObject({ code: 'NOT_ENOUGH_DATA' });
  await engine.dispose();
});
