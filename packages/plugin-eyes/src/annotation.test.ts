import { createRng, simulate } from '@simgan/core';
import {
  affineMap,
  carryLabels,
  composeMaps,
  cropTransform,
  mapOf,
  mirrorTransform,
} from '@simgan/core/geometry';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EyeAnnotation, eyeAnnotation } from './annotation.ts';
import { eyeSimulator } from './simulator/eye-simulator.ts';
import { labelsOf } from './simulator/labels.ts';
import { eyeOptions } from './simulator/options.ts';
import { drawScene, type EyeScene } from './simulator/scene.ts';
import { apply, directionOf, headRotation, scale as scaled, type Vector } from './simulator/vector.ts';

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

test('turned in the picture, gaze and head turn together about the viewing axis, as the eye itself would', () => {
  const picture = { width: 55, height: 35 };
  const random = fc.double({ min: -0.6, max: 0.6, noNaN: true });
  fc.assert(
    fc.property(
      random,
      random,
      random,
      random,
      random,
      fc.boolean(),
      (pitch, yaw, roll, gazePitch, angle, mirrors) => {
        const direction = [...directionOf(gazePitch, yaw)] as [number, number, number];
        const annotation: EyeAnnotation = {
          gaze: { direction, pitch: gazePitch, yaw },
          headPose: { pitch, yaw, roll },
          side: 'left',
        };
        const turn = affineMap(picture, { rotation: angle, scale: 1.1 });
        const map = mirrors ? composeMaps(mapOf(mirrorTransform(picture)), turn) : turn;
        const { gaze, headPose, side } = carryLabels(map, annotation, eyeAnnotation.geometry);
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        const turned = ([x, y, z]: Vector) => {
          const across = mirrors ? -x : x;
          return [cos * across - sin * y, sin * across + cos * y, z];
        };
        const expectClose = (actual: readonly number[], expected: readonly number[]) => {
          for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 9);
        };
        expectClose(gaze!.direction, turned(direction));
        expectClose(directionOf(gaze!.pitch, gaze!.yaw), turned(direction));
        expect(side).toBe(mirrors ? 'right' : 'left');
        // The head's own axes, of which a mirrored head has the first reversed.
        for (const axis of [0, 1, 2]) {
          const along = [0, 1, 2].map((i) => (i === axis ? 1 : 0)) as unknown as Vector;
          const seen = turned(apply(headRotation(annotation.headPose!), along));
          const reversed = mirrors && axis === 0 ? seen.map((value) => -value) : seen;
          expectClose(apply(headRotation(headPose!), along), reversed);
        }
      },
    ),
  );
});

test('the iris of a turned or bent picture keeps the order of its points, and of a mirrored one reverses it', () => {
  const picture = { width: 55, height: 35 };
  const ring = Array.from({ length: 32 }, (_, k): [number, number] => {
    const angle = (2 * Math.PI * k) / 32;
    return [27 + 8 * Math.cos(angle), 17 + 8 * Math.sin(angle)];
  });
  const turn = affineMap(picture, { rotation: 0.4 });
  const { iris } = carryLabels(turn, { iris: ring } as EyeAnnotation, eyeAnnotation.geometry);
  expect(iris![5]).toEqual(turn.move(ring[5]!));
  const both = composeMaps(mapOf(mirrorTransform(picture)), turn);
  const mirrored = carryLabels(both, { iris: ring } as EyeAnnotation, eyeAnnotation.geometry).iris!;
  expect(mirrored[16]).toEqual(both.move(ring[0]!));
  const area = (points: [number, number][]) =>
    points.reduce((sum, [x, y], k) => {
      const [nextX, nextY] = points[(k + 1) % points.length]!;
      return sum + x * nextY - y * nextX;
    }, 0);
  expect(area(mirrored)).toBeCloseTo(area(iris!), 6);
});
