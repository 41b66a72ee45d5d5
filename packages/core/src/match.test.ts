import { expect, test } from 'vitest';
import { blobs } from '../test/blobs.ts';
import { datasetOf } from './dataset.ts';
import { measureStatistics, statisticsDistance } from './evaluation/statistics.ts';
import { matchHistograms } from './match.ts';
import { simulate } from './simulate.ts';

const plugin = blobs();
const synthetic = simulate(plugin.simulator, { seed: 1, length: 30 });
const real = simulate(plugin.standIn!, { seed: 2, length: 40 });

test('each image takes the values of one real image, in the order of its own', async () => {
  const matched = await matchHistograms(synthetic, real, { image: plugin.image, seed: 3 });
  const histograms = new Set<string>();
  for await (const { image } of real) histograms.add([...image].sort((a, b) => a - b).join());
  const used = new Set<string>();
  for (let i = 0; i < synthetic.length; i++) {
    const before = await synthetic.at(i);
    const after = await matched.at(i);
    expect({ ...after, image: before.image }).toEqual(before);
    const histogram = [...after.image].sort((a, b) => a - b).join();
    expect(histograms.has(histogram)).toBe(true);
    used.add(histogram);
    const order = [...before.image.keys()].sort((a, b) => before.image[a]! - before.image[b]!);
    for (const [k, pixel] of order.entries()) {
      if (k === 0 || before.image[pixel] === before.image[order[k - 1]!]) continue;
      expect(after.image[pixel]).toBeGreaterThanOrEqual(after.image[order[k - 1]!]!);
    }
  }
  expect(used.size).toBeGreaterThan(5);
});

test('a sample is matched the same way whatever else is asked for, and another seed draws another reference', async () => {
  const at = async (seed: number, index: number) =>
    (await matchHistograms(synthetic, real, { image: plugin.image, seed })).at(index);
  expect(await at(3, 7)).toEqual(await at(3, 7));
  const some = [0, 1, 2, 3, 4];
  const images = async (seed: number) => Promise.all(some.map(async (i) => (await at(seed, i)).image.join()));
  expect(await images(3)).not.toEqual(await images(4));
});

test('grey stays grey: channels of equal pixels are reordered alike', async () => {
  const image = { width: 4, height: 4, channels: 3, bits: 8 } as const;
  const flat = datasetOf([{ id: 'a', annotation: null, image: new Uint8Array(48).fill(9) }]);
  const ramp = datasetOf([{ id: 'b', image: Uint8Array.from({ length: 48 }, (_, i) => Math.floor(i / 3)) }]);
  const matched = await (await matchHistograms(flat, ramp, { image, seed: 1 })).at(0);
  for (let pixel = 0; pixel < 16; pixel++) {
    const [r, g, b] = matched.image.slice(pixel * 3, pixel * 3 + 3);
    expect([g, b]).toEqual([r, r]);
  }
});

test('matching closes the distance in intensities; a set is at no distance from itself', async () => {
  const statistics = (dataset: typeof synthetic) => measureStatistics(dataset, plugin.image);
  const [raw, camera] = [await statistics(synthetic), await statistics(real)];
  const matched = await statistics(await matchHistograms(synthetic, real, { image: plugin.image, seed: 3 }));
  expect(statisticsDistance(raw, raw)).toEqual({ intensity: 0, gradient: 0 });
  const before = statisticsDistance(raw, camera);
  const after = statisticsDistance(matched, camera);
  expect(before.intensity).toBeGreaterThan(0.05);
  expect(after.intensity).toBeLessThan(before.intensity / 4);
  expect(after.gradient).toBeLessThan(before.gradient);
});

test('diversity falls to 0 when all images are one', async () => {
  const one = await synthetic.at(0);
  const collapsed = datasetOf([one, one, one]);
  expect((await measureStatistics(collapsed, plugin.image)).diversity).toBeCloseTo(0, 6);
  expect((await measureStatistics(synthetic, plugin.image)).diversity).toBeGreaterThan(0.05);
});
