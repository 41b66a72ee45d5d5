import { expect, test } from 'vitest';
import { type WavesLook, waves, wavesForm } from '../../test/waves.ts';
import { createDataset, datasetOf } from '../dataset.ts';
import { createImage, imageOf } from '../image.ts';
import { measurePhotometry } from './photometry.ts';

const measured = (look: WavesLook) => measurePhotometry(waves(look), wavesForm, 40);

test('the counts say how many pictures were looked at, of how many', async () => {
  expect(await measured({ count: 90 })).toMatchObject({ images: 40, length: 90 });
  expect(await measured({ count: 9 })).toMatchObject({ images: 9, length: 9 });
});

test('brightness and contrast are shares of the range of the form', async () => {
  const dim = waves({ light: (value) => 0.5 * value });
  const [full, halved] = [await measured({}), await measurePhotometry(dim, wavesForm, 40)];
  expect(full.brightness).toBeCloseTo(0.5, 2);
  expect(halved.brightness).toBeCloseTo(full.brightness / 2, 2);
  expect(halved.contrast).toBeCloseTo(full.contrast / 2, 2);
  // The upper half of the range is never used: over the lower one the light is as before.
  const ranged = await measurePhotometry(dim, { ...wavesForm, range: [0, 127.5] }, 60);
  expect(ranged.brightness).toBeCloseTo(full.brightness, 2);
});

test('noise is measured in shares of the range', async () => {
  expect((await measured({ noise: 0.05 })).noise).toBeCloseTo(0.05, 2);
  expect((await measured({})).noise).toBeLessThan(0.01);
});

test('larger structures are found as such', async () => {
  const [fine, coarse] = [await measured({ period: 12 }), await measured({ period: 24 })];
  expect(coarse.structure).toBeGreaterThan(1.5 * fine.structure);
});

test('an evenly spread histogram has no unevenness, a flat picture has most', async () => {
  const pixels = Uint8Array.from({ length: 1200 }, (_, at) => Math.floor((at * 256) / 1200));
  const ramp = datasetOf([{ id: 'ramp', image: imageOf(pixels, wavesForm) }]);
  const flat = datasetOf([{ id: 'flat', image: createImage(wavesForm) }]);
  expect((await measurePhotometry(ramp, wavesForm)).unevenness).toBeLessThan(0.005);
  expect((await measurePhotometry(flat, wavesForm)).unevenness).toBeCloseTo(0.5, 2);
});

test('finer structure has its energy in finer octaves', async () => {
  const [fine, coarse] = [await measured({ period: 4 }), await measured({ period: 30 })];
  expect(fine.octaves.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  expect(fine.octaves[0]).toBeGreaterThan(2 * coarse.octaves[0]!);
});

test('duplicates are counted', async () => {
  const few = waves({ count: 5 });
  const copies = createDataset(600, (index) => few.at(index % 5));
  expect((await measurePhotometry(copies, wavesForm, 100)).duplicates).toBe(95);
  expect((await measured({})).duplicates).toBe(0);
});
