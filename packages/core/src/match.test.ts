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

test('colours take the mean of the real tints, and grey stays grey where the real is grey', async () => {
  const image = { width: 4, height: 4, channels: 3, bits: 8 } as const;
  const pixels = (color: (pixel: number) => number[]) =>
    Uint8Array.from(Array.from({ length: 16 }, (_, pixel) => color(pixel)).flat());
  const grey = datasetOf([{ id: 'a', annotation: null, image: pixels((i) => [i, i, i]) }]);
  const ramp = datasetOf([{ id: 'b', image: pixels((i) => [100 + i, 100 + i, 100 + i]) }]);
  const reddish = datasetOf([{ id: 'c', image: pixels((i) => [130 + i, 100 + i, 70 + i]) }]);
  const matched = async (real: typeof ramp) =>
    [...(await (await matchHistograms(grey, real, { image, seed: 1 })).at(0)).image].slice(0, 6);
  expect(await matched(ramp)).toEqual([100, 100, 100, 101, 101, 101]);
  expect(await matched(reddish)).toEqual([130, 100, 70, 131, 101, 71]);
});

test('equal values are ordered by their surroundings, not at random', async () => {
  const image = { width: 5, height: 1, channels: 1, bits: 8 } as const;
  const steps = datasetOf([{ id: 'a', annotation: null, image: Uint8Array.of(1, 5, 5, 5, 9) }]);
  const real = datasetOf([{ id: 'b', image: Uint8Array.of(10, 20, 30, 40, 50) }]);
  const matched = await (await matchHistograms(steps, real, { image, seed: 1 })).at(0);
  expect([...matched.image]).toEqual([10, 20, 30, 40, 50]);
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
