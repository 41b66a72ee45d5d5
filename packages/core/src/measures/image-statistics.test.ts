import { expect, test } from 'vitest';
import { blobs } from '../../test/blobs.ts';
import { datasetOf } from '../dataset.ts';
import { simulate } from '../simulate.ts';
import { measureStatistics, statisticsDistance } from './image-statistics.ts';

const plugin = blobs();
const synthetic = simulate(plugin.simulator, { seed: 1, length: 30 });
const real = simulate(plugin.standIn, { seed: 2, length: 40 });

test('a set is at no distance from itself, and at some from what another camera took', async () => {
  const [raw, camera] = [
    await measureStatistics(synthetic, plugin.image),
    await measureStatistics(real, plugin.image),
  ];
  expect(statisticsDistance(raw, raw)).toEqual({ intensity: 0, gradient: 0 });
  expect(statisticsDistance(raw, camera).intensity).toBeGreaterThan(0.05);
  expect(statisticsDistance(raw, camera)).toEqual(statisticsDistance(camera, raw));
});

test('diversity falls to 0 when all images are one', async () => {
  const one = await synthetic.at(0);
  const collapsed = datasetOf([one, one, one]);
  expect((await measureStatistics(collapsed, plugin.image)).diversity).toBeCloseTo(0, 6);
  expect((await measureStatistics(synthetic, plugin.image)).diversity).toBeGreaterThan(0.05);
});
