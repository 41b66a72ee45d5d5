import { createRng, simulate } from '@simgan/core';
import { carryLabels, cropTransform, mirrorTransform } from '@simgan/core/geometry';
import { expect, test } from 'vitest';
import { type EyeAnnotation, eyeAnnotation } from './annotation.ts';
import { eyeSimulator } from './simulator/eye-simulator.ts';
import { labelsOf } from './simulator/labels.ts';
import { eyeOptions } from './simulator/options.ts';
import { drawScene, type EyeScene } from './simulator/scene.ts';
import { scale as scaled } from './simulator/vector.ts';

const samples = simulate(eyeSimulator({ closedRate: 0 }), { seed: 4, length: 20 });

test('an eye mirrored twice is itself, and once is the other eye', async () => {
  for await (const { image, annotation } of samples) {
    const mirror = mirrorTransform(image);
    const other = carryLabels(mirror, annotation, eyeAnnotation.geometry);
    expect(other.side).toBe(annotation.side === 'left' ? 'right' : 'left');
    expect(other.openness).toBe(annotation.openness);
    expect(other.gaze.direction[0]).toBeCloseTo(-annotation.gaze.direction[0], 12);
    expect(other.gaze.direction.slice(1)).toEqual(annotation.gaze.direction.slice(1));
    expect(other.gaze.yaw).toBeCloseTo(-annotation.gaze.yaw, 12);
    expect(other.gaze.pitch).toBe(annotation.gaze.pitch);
    expect(other.headPose.yaw).toBeCloseTo(-annotation.headPose.yaw, 12);
    expect(other.headPose.roll).toBeCloseTo(-annotation.headPose.roll, 12);
    // Still clockwise from the picture's right.
    const [x, y] = other.irisCenter;
    expect(other.iris[0]![0]).toBeGreaterThan(x);
    expect(other.iris[8]![1]).toBeGreaterThan(y);
    const again = carryLabels(mirror, other, eyeAnnotation.geometry);
    expect(again.side).toBe(annotation.side);
    for (const [index, point] of annotation.iris.entries()) {
      expect(again.iris[index]![0]).toBeCloseTo(point[0], 9);
      expect(again.iris[index]![1]).toBeCloseTo(point[1], 9);
    }
    for (const [index, point] of annotation.lidMargin.entries()) {
      expect(again.lidMargin[index]![0]).toBeCloseTo(point[0], 9);
      expect(other.lidMargin[index]![0]).toBeCloseTo(55 - point[0], 9);
    }
  }
});

test('the iris of a mirrored picture is that of the mirrored eye', () => {
  const scene = drawScene(createRng(6), eyeOptions.parse({ headRoll: [30, 30] }));
  const { head, camera, side } = scene;
  const [width, height] = [55, 35];
  const mirroredHead = { ...head, yaw: -head.yaw, roll: -head.roll };
  const mirroredScene: EyeScene = {
    ...scene,
    head: mirroredHead,
    side: side === 'left' ? 'right' : 'left',
    camera: {
      ...camera,
      rotation: [scaled(camera.rotation[0], -1), camera.rotation[1], camera.rotation[2]],
      principalPoint: [width - camera.principalPoint[0], camera.principalPoint[1]],
    },
  };
  const carried = carryLabels(mirrorTransform({ width, height }), labelsOf(scene), eyeAnnotation.geometry);
  const { iris } = labelsOf(mirroredScene);
  for (const [index, [x, y]] of carried.iris.entries()) {
    expect(x).toBeCloseTo(iris[index]![0], 3);
    expect(y).toBeCloseTo(iris[index]![1], 3);
  }
});

test('cropping shifts every point and nothing else', async () => {
  const { image, annotation } = await samples.at(0);
  const crop = cropTransform(image, { left: 5, top: 3, width: 40, height: 30 });
  const cropped = carryLabels(crop, annotation, eyeAnnotation.geometry);
  const { gaze, headPose, openness, side } = annotation;
  expect(cropped).toMatchObject({ gaze, headPose, openness, side });
  for (const field of ['lidMargin', 'caruncle'] as const) {
    for (const [index, [x, y]] of annotation[field].entries()) {
      expect(cropped[field][index]![0]).toBeCloseTo(x - 5, 9);
      expect(cropped[field][index]![1]).toBeCloseTo(y - 3, 9);
    }
  }
  expect(cropped.pupilCenter[0]).toBeCloseTo(annotation.pupilCenter[0] - 5, 9);
  expect(cropped.irisCenter[1]).toBeCloseTo(annotation.irisCenter[1] - 3, 9);
  const leftmost = (points: EyeAnnotation['iris']) => Math.min(...points!.map(([x]) => x));
  expect(leftmost(cropped.iris)).toBeCloseTo(leftmost(annotation.iris) - 5, 9);
});

test('labels that a picture lacks stay absent', () => {
  const mirror = mirrorTransform({ width: 55, height: 35 });
  const known: EyeAnnotation = { pupilCenter: [20, 10] };
  expect(carryLabels(mirror, known, eyeAnnotation.geometry)).toEqual({ pupilCenter: [35, 10] });
});
