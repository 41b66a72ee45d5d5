import { expect, test } from 'vitest';
import { blobs } from '../../test/blobs.ts';
import { mapDataset } from '../dataset.ts';
import { measureKernelDistances } from '../measures/kernel-distance.ts';
import { simulate } from '../simulate.ts';
import { compareLooks } from './looks.ts';

const plugin = blobs();
const { image } = plugin;
const synthetic = simulate(plugin.simulator, { seed: 1, length: 60 });
const real = simulate(plugin.standIn, { seed: 2, length: 80 });
const other = simulate(plugin.standIn, { seed: 3, length: 60 });
const options = { image, seed: 1 };

/** A chessboard over every picture, as no camera makes it. */
const ruinedPictures = mapDataset(synthetic, (sample) => {
  const data = sample.image.data.map((value, i) => ((i + Math.floor(i / image.width)) % 2 ? 255 : value));
  return { ...sample, image: { ...sample.image, data: data as Uint8Array } };
});

test('pictures of the real camera close the gap, unchanged ones do not, ruined ones widen it', async () => {
  const perfect = await compareLooks({ synthetic, refined: other, real }, options);
  expect(perfect.verdict).toBe('closer');
  expect(perfect.closed.low).toBeGreaterThan(0.8);
  expect(perfect.closed.value).toBeCloseTo(1, 1);
  const unchanged = await compareLooks({ synthetic, refined: synthetic, real }, options);
  expect(unchanged.verdict).toBe('no different');
  expect(unchanged.closed.value).toBe(0);
  const ruined = await compareLooks({ synthetic, refined: ruinedPictures, real }, options);
  expect(ruined.verdict).toBe('farther');
  expect(ruined.closed.high).toBeLessThan(0);
});

test('distances are those of measureKernelDistances', async () => {
  const { sets, control } = await measureKernelDistances({ synthetic }, real, options);
  const looks = await compareLooks({ synthetic, refined: synthetic, real }, options);
  expect(looks.synthetic.value).toBeCloseTo(sets.synthetic!, 9);
  expect(looks.control).toBeCloseTo(control, 9);
  expect(looks.synthetic.low).toBeLessThan(looks.synthetic.value);
});

test('two samples of one simulator are no different', async () => {
  const again = simulate(plugin.simulator, { seed: 7, length: 60 });
  const { verdict } = await compareLooks({ synthetic, refined: again, real }, options);
  expect(verdict).toBe('no different');
});
