import { expect, test } from 'vitest';
import { png, readAll, temporaryFolder } from '../../test/reading.ts';
import { synthesEyes } from './synthes-eyes.ts';

test('reads the gaze from the file name', async () => {
  const bytes = await png(120, 80, (x) => 2 * x);
  const dir = await temporaryFolder({
    'f01/f01_122_-0.0000_-0.0000.png': bytes,
    'f01/f01_36_0.1963_-0.7854.png': bytes,
    'f01/f01_36_0.1963_-0.7854.pkl': 'pickled',
    'm02/m02_7_3.5_0.1.png': bytes,
    'm02/portrait.png': bytes,
  });
  const { samples, rejects } = await readAll(dir, synthesEyes());
  expect(samples.map(({ id, annotation }) => [id, annotation.gaze!.pitch, annotation.gaze!.yaw])).toEqual([
    ['f01/f01_122_-0.0000_-0.0000', 0, 0],
    ['f01/f01_36_0.1963_-0.7854', 0.1963, -0.7854],
  ]);
  // Up and to the picture's right.
  const [x, y, z] = samples[1]!.annotation.gaze!.direction;
  expect(x).toBeGreaterThan(0.6);
  expect(y).toBeLessThan(-0.15);
  expect(Math.hypot(x, y, z)).toBeCloseTo(1);
  expect(rejects).toEqual([
    { file: 'm02/m02_7_3.5_0.1.png', reason: expect.stringContaining('not the radians of a gaze') },
    { file: 'm02/portrait.png', reason: expect.stringContaining('so its gaze is unknown') },
  ]);
});

test('cuts the window from the middle', async () => {
  const dir = await temporaryFolder({ 'f01_1_0.0_0.0.png': await png(120, 80, (x) => 2 * x) });
  const { samples } = await readAll(dir, synthesEyes({ window: { width: 55, height: 35 } }));
  // Column 0 of the window is column 32.5 of the picture.
  expect(samples[0]!.image.data[0]).toBe(65);
});
