import { createImage, type Rgb, simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { depthDisplay } from './depth-display.ts';
import { backgroundValue, handImage, invalidValue } from './hand-image.ts';
import { handSimulator } from './simulator/hand-simulator.ts';

const size = 24;
const form = handImage(size);
const { paint, legend } = depthDisplay(form);

/** The color of one stored value. */
function colorOf(value: number): Rgb {
  const image = createImage(form);
  image.data.fill(value);
  const [red, green, blue] = paint(image).data;
  return [red!, green!, blue!];
}

test('a depth has the same color in every picture, and similar depths have similar colors', async () => {
  for await (const { image } of simulate(handSimulator({ size }), { seed: 2, length: 4 })) {
    const painted = paint(image);
    expect(painted).toMatchObject({ width: size, height: size, channels: 3, bits: 8 });
    for (const [pixel, value] of image.data.entries()) {
      expect([...painted.data.subarray(3 * pixel, 3 * pixel + 3)]).toEqual(colorOf(value));
    }
  }
  for (let depth = 0; depth < 300; depth++) {
    const [a, b] = [colorOf(depth), colorOf(depth + 1)];
    const distance = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    expect(distance).toBeGreaterThan(0);
    expect(distance).toBeLessThan(8);
  }
});

test('background and holes have colors that no depth has, also after a small change', () => {
  const depths = Array.from({ length: 315 }, (_, depth) => colorOf(depth));
  for (const kind of [backgroundValue(300), invalidValue(300)]) {
    expect(depths).not.toContainEqual(colorOf(kind));
    for (const change of [-14, 14]) expect(colorOf(Math.min(360, kind + change))).toEqual(colorOf(kind));
  }
  expect(colorOf(backgroundValue(300))).not.toEqual(colorOf(invalidValue(300)));
});

test('the legend shows the ends of the scale, background and holes', () => {
  const [scale, background, invalid] = legend;
  expect([scale!.colors[0], scale!.colors.at(-1)]).toEqual([colorOf(0), colorOf(300)]);
  expect(scale!.label).toBe('0 to 300 mm');
  expect(background!.colors).toEqual([colorOf(backgroundValue(300))]);
  expect(invalid!.colors).toEqual([colorOf(invalidValue(300))]);
});
