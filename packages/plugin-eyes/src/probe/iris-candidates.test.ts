import { simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { standInCamera } from '../stand-in/stand-in-camera.ts';
import { candidates } from './iris-candidates.ts';
import { standardPlane } from './plane.ts';

test('one of five candidates is near the iris, even on a camera that the network never saw', async () => {
  let near = 0;
  let eyes = 0;
  for await (const { image, annotation } of simulate(standInCamera(), { seed: 8, length: 100 })) {
    if (annotation.openness < 0.5) continue;
    eyes += 1;
    const [x, y] = annotation.irisCenter;
    const places = candidates(standardPlane(image, image.width), 5);
    expect(places).toHaveLength(5);
    if (places.some(([px, py]) => Math.hypot(px - x, py - y) < 6)) near += 1;
  }
  expect(near / eyes).toBeGreaterThan(0.97);
});

test('candidates are apart, and small pictures have them too', () => {
  const plane = { values: new Float32Array(12 * 9), width: 12, height: 9 };
  expect(candidates(plane, 3)).toHaveLength(3);
  const wide = {
    values: Float32Array.from({ length: 55 * 35 }, (_, i) => Math.sin(i)),
    width: 55,
    height: 35,
  };
  const places = candidates(wide, 4);
  for (const [i, [x, y]] of places.entries()) {
    for (const [px, py] of places.slice(i + 1)) expect(Math.hypot(px - x, py - y)).toBeGreaterThan(3);
  }
});
