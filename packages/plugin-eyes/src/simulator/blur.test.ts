import { createRng, type Image } from '@simgan/core';
import { expect, test } from 'vitest';
import { blur, drawBlur } from './blur.ts';
import { eyeSimulator } from './eye-simulator.ts';
import { type EyeSimulatorOptions, eyeOptions } from './options.ts';

/** A black picture with one white pixel. */
function star(width: number, height: number) {
  const data = new Float32Array(width * height * 3);
  const at = ((height >> 1) * width + (width >> 1)) * 3;
  data.fill(1, at, at + 3);
  return { data, width, height };
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}

test('blur preserves light, has the given width, and does not shift', () => {
  const { data } = blur(star(21, 21), 1.5);
  expect(sum(data)).toBeCloseTo(3, 5);
  let [x, y, xx] = [0, 0, 0];
  for (let i = 0; i < 21 * 21; i++) {
    const light = data[3 * i]!;
    x += light * ((i % 21) - 10);
    y += light * (Math.floor(i / 21) - 10);
    xx += light * ((i % 21) - 10) ** 2;
  }
  expect(x).toBeCloseTo(0, 5);
  expect(y).toBeCloseTo(0, 5);
  expect(Math.sqrt(xx)).toBeGreaterThan(1.35);
  expect(Math.sqrt(xx)).toBeLessThan(1.55);
});

test('a webcam blurs by 1.5 to 5% of the width, a range that is given takes its place, and any camera is sharp', () => {
  const drawn = (options: EyeSimulatorOptions) =>
    Array.from({ length: 200 }, (_, i) => drawBlur(createRng(4).fork(i), eyeOptions.parse(options)));
  const laptop = drawn({ camera: 'laptop', width: 110 });
  expect(Math.max(...laptop)).toBeLessThan(0.05 * 110);
  expect(Math.max(...laptop)).toBeGreaterThan(0.045 * 110);
  expect(Math.min(...laptop)).toBeGreaterThanOrEqual(0.015 * 110);
  expect(new Set(drawn({ camera: 'laptop', blur: [0.02, 0.02] }))).toEqual(new Set([0.02 * 55]));
  expect(new Set(drawn({}))).toEqual(new Set([0]));
});

test('blur softens the picture of the same eye, and moves none of its labels', async () => {
  const detail = ({ data }: Image) =>
    Array.from(data).reduce(
      (total, value, i) => (i % 55 === 0 ? total : total + Math.abs(value - data[i - 1]!)),
      0,
    );
  const sharp = await eyeSimulator()(createRng(5));
  const soft = await eyeSimulator({ blur: [0.04, 0.04] })(createRng(5));
  expect(soft.annotation).toEqual(sharp.annotation);
  expect(detail(soft.image)).toBeLessThan(0.7 * detail(sharp.image));
});
