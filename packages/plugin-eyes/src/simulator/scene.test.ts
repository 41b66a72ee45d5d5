import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { labelsOf } from './labels.ts';
import { type EyeSimulatorOptions, eyeOptions } from './options.ts';
import { drawScene } from './scene.ts';
import { cameraNames } from './viewpoint.ts';

/** Labels of 600 open eyes. */
function eyesOf(options: EyeSimulatorOptions) {
  const parsed = eyeOptions.parse({ closedRate: 0, blinkRate: 0, ...options });
  return Array.from({ length: 600 }, (_, i) => {
    const scene = drawScene(createRng(17).fork(i), parsed);
    const labels = labelsOf(scene);
    const [upper, lower] = [labels.lidMargin[4]![1], labels.lidMargin[12]![1]];
    const millimeters = scene.camera.distance / scene.camera.focalLength;
    return {
      pitch: labels.gaze.pitch,
      opening: (lower - upper) * millimeters,
      pupilBelowLid: (labels.pupilCenter[1] - upper) * millimeters,
      pupilHeight: labels.pupilCenter[1] * millimeters,
      seamHeight: lower * millimeters,
    };
  });
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const centered = (values: readonly number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const [x, y] = [centered(a), centered(b)];
  const product = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, value, i) => sum + value * v[i]!, 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

test('before a laptop, looking down closes the lids and covers the iris from above', () => {
  const eyes = eyesOf({ camera: 'laptop' });
  const pitch = eyes.map((eye) => eye.pitch);
  expect(
    correlation(
      eyes.map((eye) => eye.opening),
      pitch,
    ),
  ).toBeGreaterThan(0.7);
  // The pupil is nearer to the upper lid's margin when the eye looks down.
  expect(
    correlation(
      eyes.map((eye) => eye.pupilBelowLid),
      pitch,
    ),
  ).toBeGreaterThan(0.3);
});

test('the crop follows the eye: pupil and seam stay where they are when the gaze goes down', () => {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const framing = { eyeWidth: [0.7, 0.7], eyeHeight: [0.5, 0.5], headPitch: [0, 0] } as const;
  const [level, down] = [
    eyesOf({ ...framing, gazePitch: [0, 0] }),
    eyesOf({ ...framing, gazePitch: [-20, -20] }),
  ];
  const change = (of: (eye: (typeof level)[number]) => number) => mean(down.map(of)) - mean(level.map(of));
  expect(Math.abs(change((eye) => eye.pupilHeight))).toBeLessThan(1.2);
  expect(Math.abs(change((eye) => eye.seamHeight))).toBeLessThan(3.2);
  expect(change((eye) => eye.opening)).toBeLessThan(-3.5);
});

test('every camera has its own poses, and a range that is given takes the place of the camera', () => {
  const headPitch = cameraNames.map((camera) => {
    const options = eyeOptions.parse({ camera });
    const scenes = Array.from({ length: 200 }, (_, i) => drawScene(createRng(3).fork(i), options));
    return scenes.reduce((sum, { head }) => sum + head.pitch, 0) / scenes.length;
  });
  const [, laptop, monitor, phone] = headPitch as [number, number, number, number];
  expect(monitor).toBeLessThan(laptop);
  expect(phone).toBeGreaterThan(laptop + 0.08);
  const given = eyeOptions.parse({ camera: 'phone', headPitch: [-2, -2], eyeHeight: [0.3, 0.3] });
  for (let i = 0; i < 20; i++) {
    const scene = drawScene(createRng(3).fork(i), given);
    expect(scene.head.pitch).toBeCloseTo((-2 * Math.PI) / 180, 9);
    expect(scene.camera.distance).toBeLessThanOrEqual(450);
  }
});

test('eyes are as wide and as high in the picture as the options ask', () => {
  const options = eyeOptions.parse({
    eyeWidth: [0.6, 0.6],
    eyeHeight: [0.35, 0.35],
    headYaw: [0, 0],
    headPitch: [0, 0],
    headRoll: [0, 0],
    closedRate: 0,
    blinkRate: 0,
    gazePitch: [0, 0],
  });
  for (let i = 0; i < 50; i++) {
    const { lidMargin } = labelsOf(drawScene(createRng(9).fork(i), options));
    expect(Math.abs(lidMargin[8]![0] - lidMargin[0]![0]) / options.width).toBeCloseTo(0.6, 1);
    expect(Math.abs((0.5 * (lidMargin[4]![1] + lidMargin[12]![1])) / options.height - 0.35)).toBeLessThan(
      0.06,
    );
  }
});
