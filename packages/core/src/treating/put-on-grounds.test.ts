import { expect, test } from 'vitest';
import { datasetOf, mapDataset } from '../dataset.ts';
import { createImage, type Image, type SizedForm } from '../image.ts';
import { createRng, type Rng } from '../rng.ts';
import type { Sample } from '../sample.ts';
import { simulate } from '../simulate.ts';
import { planGrounds } from './plan-grounds.ts';
import { putOnGrounds } from './put-on-grounds.ts';

const form: SizedForm = { width: 40, height: 32, channels: 1, bits: 8 };

/** A frame of 200 with a hole, on a ground of 30: at the edge some of both. */
function drawFrame(rng: Rng, image = form): { image: Image; annotation: { at: [number, number] } } {
  const [left, top] = [8 + rng.int(16), 6 + rng.int(10)];
  const drawn = createImage(image);
  for (const at of drawn.data.keys()) {
    const pixel = Math.floor(at / image.channels);
    const [x, y] = [(pixel % image.width) - left, Math.floor(pixel / image.width) - top];
    const isInside = x >= 0 && y >= 0 && x < 12 && y < 12;
    const isHole = x >= 3 && y >= 3 && x < 7 && y < 7;
    const isEdge = x === 0 || y === 0 || x === 11 || y === 11;
    drawn.data[at] = !isInside || isHole ? 30 : isEdge ? 75 : 200;
  }
  return { image: drawn, annotation: { at: [left, top] } };
}

function drawWaves(rng: Rng, image = form): { image: Image } {
  const drawn = createImage(image);
  const [period, phase, base] = [3 + 4 * rng.next(), 6 * rng.next(), 30 + 190 * rng.next()];
  for (const at of drawn.data.keys()) {
    const pixel = Math.floor(at / image.channels);
    drawn.data[at] =
      base + 20 * Math.sin((pixel % image.width) / period + phase + Math.floor(pixel / image.width));
  }
  return { image: drawn };
}

const synthetic = simulate((rng) => drawFrame(rng), { seed: 1, length: 60 });
const grounds = simulate((rng) => ({ ...drawWaves(rng), annotation: {} }), { seed: 2, length: 60 });
/** Frames on waves: their ground shows through the hole. */
const real = mapDataset(grounds, (ground, index) => {
  const { image } = drawFrame(createRng(index));
  return {
    ...ground,
    image: { ...image, data: image.data.map((v, i) => (v > 30 ? v : ground.image.data[i]!)) },
  };
});
const at = async (set: typeof synthetic, index: number) =>
  (await set.at(index)) as Sample<{ at: [number, number] }>;
const gray = { ...createImage(form), data: createImage(form).data.fill(100) };

test('the plain ground of a renderer is found, and what can take its place', async () => {
  const { plan } = await planGrounds({ synthetic, real, image: form });
  expect(plan).toMatchObject({ color: [30], grain: 1 });
  expect(plan!.pictures).toHaveLength(60);
  const few = await planGrounds({
    synthetic,
    real,
    image: form,
    cutFrom: datasetOf([{ id: 'one', image: gray }]),
  });
  expect(few.plan!.pictures).toEqual([gray]);
});

test('a ground shows wherever nothing was rendered, content covers it or differs from it, and labels stay', async () => {
  const plan = { color: [30], grain: 1, pictures: [gray] };
  const treatment = putOnGrounds({ image: form }, plan, 1);
  const treated = treatment.treat(synthetic);
  const counts = { covering: 0, differing: 0 };
  for (let index = 0; index < synthetic.length; index++) {
    const [before, after] = [await at(synthetic, index), await at(treated, index)];
    expect({ ...after, image: 0 }).toEqual({ ...before, image: 0 });
    const isCovering = after.image.data.includes(200);
    counts[isCovering ? 'covering' : 'differing'] += 1;
    for (const [pixel, value] of before.image.data.entries()) {
      // Content is 170 above its own ground; its edge, 45, is in part content.
      const expected = isCovering ? { 30: 100, 200: 200, 75: 97 } : { 30: 100, 200: 70, 75: 55 };
      expect(after.image.data[pixel]).toBe(expected[value as 30]);
    }
  }
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(20);
  expect(treatment.describe()).toMatch(/^parts of 1 real pictures behind the content/);
});

test('every picture gets another part of another picture, the same one for the same seed', async () => {
  const { plan } = await planGrounds({ synthetic, real, image: form });
  const treat = async (index: number, seed = 1) => {
    const { image } = putOnGrounds({ image: form }, plan!, seed).apply(await at(synthetic, index));
    return [...image.data];
  };
  const corner = (data: number[]) => data.slice(0, 4);
  expect(await treat(1)).toEqual(await treat(1));
  expect(corner(await treat(1))).not.toEqual(corner(await treat(1, 2)));
  expect(corner(await treat(1))).not.toEqual(corner(await treat(2)));
});

test('pictures of any size and in color are put on grounds of any size', async () => {
  const large: SizedForm = { width: 50, height: 40, channels: 3, bits: 8 };
  const small: SizedForm = { width: 9, height: 7, channels: 3, bits: 8 };
  const { image, annotation } = drawFrame(createRng(1), large);
  const plan = {
    ...{ color: [30, 30, 30], grain: 1 },
    pictures: [drawWaves(createRng(2), small).image],
  };
  const treatment = putOnGrounds({ image: { channels: 3, bits: 8 } }, plan, 1);
  const treated = treatment.apply({ id: 'one', image, annotation });
  expect(new Set(treated.image.data.subarray(0, 150)).size).toBeGreaterThan(3);
  const alpha = new Uint8Array(50 * 40).fill(128);
  const transparent = { id: 'one', image: { ...image, alpha }, annotation };
  expect(treatment.apply(transparent)).toBe(transparent);
});

test('there is no plan without a plain ground, beside another one, or for measurements', async () => {
  const onWaves = { synthetic: real, real, image: form };
  expect(await planGrounds(onWaves)).toEqual({
    reason: 'the content of the synthetic pictures does not stand on a plain ground',
  });
  expect(await planGrounds({ ...onWaves, synthetic, real: synthetic })).toEqual({
    reason: 'the real pictures have a plain ground as well',
  });
  // Textures of about one brightness are no plain ground.
  const textured = mapDataset(synthetic, ({ id, image }, index) => ({
    id,
    image: { ...image, data: image.data.map((v, i) => (v > 30 ? v : 100 + 30 * Math.sin(i / 3 + index))) },
  }));
  expect((await planGrounds({ synthetic, real: textured, image: form })).plan).toBeDefined();
  const depth: SizedForm = { ...form, bits: 16 };
  const empty = datasetOf([{ id: 'one', image: createImage(depth) }]);
  expect(await planGrounds({ synthetic: empty, real: empty, image: depth })).toEqual({
    reason: 'these pictures hold measurements, not light',
  });
});
