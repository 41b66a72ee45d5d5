import { expect, test } from 'vitest';
import { createDataset, type Dataset } from '../dataset.ts';
import type { ImageSpec } from '../image.ts';
import { createRng, type Rng } from '../rng.ts';
import type { RealImage } from '../sample.ts';
import { diagnose, measurePhotometry } from './diagnosis.ts';

const image: ImageSpec = { width: 40, height: 30, channels: 1, bits: 8 };

interface Look {
  readonly count?: number;
  readonly light?: (value: number) => number;
  readonly noise?: number;
  readonly period?: number;
}

/** Waves of a period in pixels, in a light, with noise; values in [0, 1] before rounding. */
function waves({ count = 600, light = (value) => value, noise = 0, period = 12 }: Look): Dataset<RealImage> {
  const rng = createRng(1);
  return createDataset(count, (index) => {
    const source: Rng = rng.fork(index);
    const [a, b, tilt] = [source.next() * 6, source.next() * 6, source.next() - 0.5];
    const pixels = Uint8Array.from({ length: image.width * image.height }, (_, at) => {
      const [x, y] = [at % image.width, Math.floor(at / image.width)];
      const [u, v] = [x + tilt * y, y - tilt * x];
      const wave = Math.sin((2 * Math.PI * u) / period + a) + Math.sin((2 * Math.PI * v) / period + b);
      const value = light(0.5 + wave / 5) + noise * source.normal();
      return Math.round(255 * Math.min(1, Math.max(0, value)));
    });
    return { id: String(index), image: pixels };
  });
}

const measured = (look: Look) => measurePhotometry(waves(look), image, 60);
const findings = async (synthetic: Look, real: Look) =>
  diagnose(await measured(synthetic), await measured(real)).map(({ finding }) => finding);

test('two sets of one kind have nothing between them', async () => {
  expect(await findings({}, { count: 700 })).toEqual([]);
});

test('noise is measured in shares of the range, and told', async () => {
  const { noise } = await measured({ noise: 0.05 });
  expect(noise).toBeCloseTo(0.05, 2);
  expect((await measured({})).noise).toBeLessThan(0.01);
  expect((await findings({}, { noise: 0.05 })).join(' ')).toContain('The real pictures are noisier');
});

test('light, equalised histograms and scale are told apart', async () => {
  expect((await findings({ light: (value) => value * 0.5 }, {})).join(' ')).toContain('The light differs');
  const even = await measured({});
  const equalised = { ...even, unevenness: 0.01 };
  expect(diagnose(even, equalised)[0]!.finding).toContain('The real pictures are histogram-equalised');
  const larger = await measured({ period: 24 });
  expect(larger.structure).toBeGreaterThan(1.5 * even.structure);
  expect((await findings({ period: 24 }, {})).join(' ')).toContain('as large in the synthetic ones');
});

test('an evenly spread histogram has no unevenness, a flat picture has most', async () => {
  const ramp = createDataset(1, () => ({
    id: 'ramp',
    image: Uint8Array.from({ length: 1200 }, (_, at) => Math.floor((at * 256) / 1200)),
  }));
  const flat = createDataset(1, () => ({ id: 'flat', image: new Uint8Array(1200) }));
  expect((await measurePhotometry(ramp, image)).unevenness).toBeLessThan(0.005);
  expect((await measurePhotometry(flat, image)).unevenness).toBeCloseTo(0.5, 2);
});

test('finer structure has its energy in finer octaves', async () => {
  const [fine, coarse] = [await measured({ period: 4 }), await measured({ period: 30 })];
  expect(fine.octaves.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  expect(fine.octaves[0]).toBeGreaterThan(2 * coarse.octaves[0]!);
});

test('copies and small sets are told', async () => {
  const few = waves({ count: 5 });
  const copies = createDataset(600, (index) => few.at(index % 5));
  const photometry = await measurePhotometry(copies, image, 100);
  expect(photometry.duplicates).toBe(95);
  const all = diagnose(await measured({}), { ...photometry, length: 100 }).map(({ finding }) => finding);
  expect(all).toContain('There are only 100 real pictures.');
  expect(all).toContain('95 of 100 real pictures look the same as another one.');
});
