import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { completeEyeAnnotation } from '../annotation.ts';
import { faceAt, facePoint } from './face.ts';
import { labelsOf, opennessOf } from './labels.ts';
import { marginsAt, poseLids } from './lids.ts';
import { eyeOptions } from './options.ts';
import { drawScene, type EyeScene } from './scene.ts';

const options = eyeOptions.parse({ headRoll: [-20, 20] });
const scenes = Array.from({ length: 1000 }, (_, i) => drawScene(createRng(7).fork(i), options));

type Vec = [number, number, number];

/** Hamilton's product. */
type Quaternion = [w: number, x: number, y: number, z: number];
const times = ([a, b, c, d]: Quaternion, [e, f, g, h]: Quaternion): Quaternion => [
  a * e - b * f - c * g - d * h,
  a * f + b * e + c * h - d * g,
  a * g - b * h + c * e + d * f,
  a * h + b * g - c * f + d * e,
];
const turn = (angle: number, axis: Vec): Quaternion => [
  Math.cos(angle / 2),
  ...(axis.map((value) => value * Math.sin(angle / 2)) as Vec),
];
const rotate = (q: Quaternion, v: Vec): Vec => {
  const [, x, y, z] = times(times(q, [0, ...v]), [q[0], -q[1], -q[2], -q[3]]);
  return [x, y, z];
};

/** The head's turn as the annotation states it, by quaternions. */
function headOf({ head }: EyeScene): Quaternion {
  return times(times(turn(head.yaw, [0, 1, 0]), turn(-head.pitch, [1, 0, 0])), turn(head.roll, [0, 0, 1]));
}

/** The way back: the ray through a pixel in the eye's frame, [origin, direction]. */
function rayThrough(scene: EyeScene, [px, py]: readonly [number, number]): [Vec, Vec] {
  const { camera, side } = scene;
  const q = headOf(scene);
  const back: Quaternion = [q[0], -q[1], -q[2], -q[3]];
  const mirror = ([x, y, z]: Vec): Vec => [side === 'left' ? x : -x, y, z];
  const direction: Vec = [
    (px - camera.principalPoint[0]) / camera.focalLength,
    (py - camera.principalPoint[1]) / camera.focalLength,
    1,
  ];
  return [mirror(rotate(back, [0, 0, -camera.distance])), mirror(rotate(back, direction))];
}

test('every iris point lies on the ray to its place on the limbus, to 0.1 px', () => {
  for (const scene of scenes) {
    const { eyeball, gaze, camera } = scene;
    const { iris, irisCenter } = labelsOf(scene);
    const pixelsPerMillimeter = camera.focalLength / camera.distance;
    const onDisc = (point: readonly [number, number]): Vec => {
      const [o, d] = rayThrough(scene, point);
      const along = (v: readonly number[]) => v[0]! * gaze[0] + v[1]! * gaze[1] + v[2]! * gaze[2];
      const t = (eyeball.irisDepth - along(o)) / along(d);
      return o.map((value, k) => value + t * d[k]! - eyeball.irisDepth * gaze[k]!) as Vec;
    };
    expect(Math.hypot(...onDisc(irisCenter)) * pixelsPerMillimeter).toBeLessThan(0.1);
    const rim = iris.map(onDisc);
    for (const [k, point] of rim.entries()) {
      expect(Math.abs(Math.hypot(...point) - eyeball.irisRadius) * pixelsPerMillimeter).toBeLessThan(0.1);
      const next = rim[(k + 1) % 32]!;
      const chord = Math.hypot(...next.map((value, axis) => value - point[axis]!));
      expect(chord).toBeCloseTo(2 * eyeball.irisRadius * Math.sin(Math.PI / 32), 2);
    }
  }
});

test('the iris points start at the right of the picture and go clockwise', () => {
  for (const scene of scenes) {
    if (Math.abs(scene.head.roll) > 0.2) continue;
    const { iris, irisCenter } = labelsOf(scene);
    expect(iris[0]![0]).toBeGreaterThan(irisCenter[0] + 0.5);
    expect(iris[8]![1]).toBeGreaterThan(irisCenter[1] + 0.5);
  }
});

test('every lid and caruncle point lies on the ray to its place on the face, to 0.1 px', () => {
  const surface = facePoint();
  for (const scene of scenes) {
    const { lidMargin, caruncle } = labelsOf(scene);
    const expectAt = (point: readonly [number, number], s: number, lid: 'upper' | 'lower') => {
      const [o, d] = rayThrough(scene, point);
      // Bisection, which needs no slopes: before the face the ray is above the surface, behind it below.
      let near = 0.9 * scene.camera.distance;
      let far = scene.camera.distance + 5;
      for (let step = 0; step < 50; step++) {
        const t = 0.5 * (near + far);
        surface.x = o[0] + t * d[0];
        surface.y = o[1] + t * d[1];
        faceAt(scene.face, surface);
        if (o[2] + t * d[2] < -surface.height) near = t;
        else far = t;
      }
      const wanted = marginsAt(scene.lids, s);
      const scale = scene.camera.focalLength / scene.camera.distance;
      expect(Math.abs(o[0] + near * d[0] - wanted.x) * scale).toBeLessThan(0.1);
      expect(Math.abs(o[1] + near * d[1] - wanted[lid]) * scale).toBeLessThan(0.1);
    };
    for (const k of [0, 1, 4, 7, 8]) expectAt(lidMargin[k]!, k / 8, 'upper');
    for (const k of [9, 12, 15]) expectAt(lidMargin[k]!, (16 - k) / 8, 'lower');
    expectAt(caruncle[3]!, 0, 'upper');
    expect(caruncle[3]).toEqual(lidMargin[0]);
  }
});

test('the gaze is the unit vector from the center of the ball through the pupil, in the camera frame', () => {
  for (const scene of scenes) {
    const { gaze, pupilCenter } = labelsOf(scene);
    const [x, y, z] = gaze.direction;
    expect(Math.hypot(x, y, z)).toBeCloseTo(1, 9);
    expect(Math.sin(gaze.pitch)).toBeCloseTo(-y, 9);
    expect(Math.tan(gaze.yaw)).toBeCloseTo(x / z, 6);
    const { camera, eyeball } = scene;
    const factor = (camera.focalLength * eyeball.irisDepth) / (camera.distance + eyeball.irisDepth * z);
    expect(Math.abs(camera.principalPoint[0] + factor * x - pupilCenter[0])).toBeLessThan(0.1);
    expect(Math.abs(camera.principalPoint[1] + factor * y - pupilCenter[1])).toBeLessThan(0.1);
  }
});

test('a left eye has its inner corner on the left of the picture, a right eye on the right', () => {
  for (const scene of scenes) {
    const { lidMargin, side } = labelsOf(scene);
    const leftward = lidMargin[0]![0] < lidMargin[8]![0];
    expect(leftward).toBe(side === 'left');
  }
});

test('openness is 0 for closed eyes and grows with the gap', () => {
  const [scene] = scenes as [EyeScene];
  const opened = [0, 0.25, 0.5, 0.75].map((blink) =>
    opennessOf({ ...scene, lids: poseLids(scene.lids.shape, 0, blink) }),
  );
  expect(opened[0]).toBe(0);
  for (const k of [1, 2, 3]) expect(opened[k]).toBeGreaterThan(opened[k - 1]! + 0.1);
});

test('annotations are plain JSON of the schema', () => {
  for (const scene of scenes.slice(0, 100)) {
    const labels = labelsOf(scene);
    expect(completeEyeAnnotation.parse(JSON.parse(JSON.stringify(labels)))).toEqual(labels);
  }
  const { iris, ...rest } = labelsOf(scenes[0]!);
  expect(completeEyeAnnotation.safeParse({ ...rest, iris: iris.slice(1) }).success).toBe(false);
  expect(completeEyeAnnotation.safeParse({ ...rest, iris, openness: 1.2 }).success).toBe(false);
});
