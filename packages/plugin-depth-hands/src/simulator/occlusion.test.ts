import { expect, test } from 'vitest';
import { cropAround, NYU_KINECT, project, toCrop } from '../camera.ts';
import type { Cone } from './flesh.ts';
import type { Vec3 } from './geometry.ts';
import { occludedJoints } from './occlusion.ts';
import { HandSurface } from './surface.ts';

const finger: Cone = { part: 'index', from: [-40, 0, 700], to: [40, 0, 700], fromRadius: 9, toRadius: 9 };
const before = (depth: number): Cone => ({
  part: 'thumb',
  from: [0, -40, depth],
  to: [0, 40, depth],
  fromRadius: 9,
  toRadius: 9,
});

function isOccluded(joint: Vec3, cones: Cone[]): boolean {
  const crop = cropAround([0, 0, 700], NYU_KINECT, { size: 128, cube: 300 });
  const uvd = toCrop(project(joint, NYU_KINECT), crop);
  return occludedJoints(new HandSurface(cones), [joint], [uvd], { crop, camera: NYU_KINECT, size: 128 })[0]!;
}

test('a joint is occluded by what stands in front of it, even closely, and by nothing else', () => {
  expect(isOccluded([0, 0, 700], [finger])).toBe(false);
  expect(isOccluded([0, 0, 700], [finger, before(675)])).toBe(true);
  expect(isOccluded([0, 0, 700], [finger, before(620)])).toBe(true);
  expect(isOccluded([0, 0, 700], [finger, before(730)])).toBe(false);
  expect(isOccluded([30, 0, 700], [finger, before(675)])).toBe(false);
});

test('a joint deep in the flesh, or outside the cube, is occluded', () => {
  const toward: Cone = { part: 'index', from: [0, 0, 760], to: [0, 0, 680], fromRadius: 9, toRadius: 9 };
  expect(isOccluded([0, 0, 700], [toward])).toBe(false);
  expect(isOccluded([0, 0, 720], [toward])).toBe(true);
  const wide: Cone = { ...finger, to: [200, 0, 700] };
  expect(isOccluded([145, 0, 700], [wide])).toBe(false);
  expect(isOccluded([160, 0, 700], [wide])).toBe(true);
});
