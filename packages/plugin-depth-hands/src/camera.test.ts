import { expect, test } from 'vitest';
import { cropAround, NYU_KINECT, project, toCrop, toFrame, unproject } from './camera.ts';
import type { Vec3 } from './simulator/geometry.ts';

const points: Vec3[] = [
  [0, 0, 700],
  [120, -35, 812],
  [-210.5, 77, 560],
];

test('projection agrees with the factors that the dataset publishes', () => {
  // The dataset also gives xzFactor = width / fx and yzFactor = height / fy, over normalized coordinates.
  const [xzFactor, yzFactor] = [1.0883671, 0.817612648];
  for (const [x, y, z] of points) {
    const [u, v, d] = project([x, y, z], NYU_KINECT);
    expect((u / 640 - 0.5) * d * xzFactor).toBeCloseTo(x, 3);
    expect((0.5 - v / 480) * d * yzFactor).toBeCloseTo(y, 3);
    expect(d).toBe(z);
    expect(unproject([u, v, d], NYU_KINECT).map((value, axis) => value - [x, y, z][axis]!)).toEqual([
      expect.closeTo(0, 9),
      expect.closeTo(0, 9),
      0,
    ]);
  }
});

test('a crop is as many millimeters wide and high as its cube, and its pixels map to the frame and back', () => {
  const center: Vec3 = [80, -40, 733.3];
  const crop = cropAround(center, NYU_KINECT, { size: 96, cube: 300 });
  const [left, top] = unproject(toFrame([-0.5, -0.5, center[2]], crop), NYU_KINECT);
  const [right, bottom] = unproject(toFrame([95.5, 95.5, center[2]], crop), NYU_KINECT);
  expect(right - left).toBeCloseTo(300, 9);
  expect(top - bottom).toBeCloseTo(300, 9);
  expect((left + right) / 2).toBeCloseTo(center[0], 9);
  expect((top + bottom) / 2).toBeCloseTo(center[1], 9);
  expect(crop.near).toBe(583);
  const [u, v] = toCrop(toFrame([12.25, 90, 700], crop), crop);
  expect(u).toBeCloseTo(12.25, 9);
  expect(v).toBeCloseTo(90, 9);
});
