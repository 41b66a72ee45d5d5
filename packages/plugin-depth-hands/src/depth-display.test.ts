import { type Rgb, simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { depthDisplay } from './depth-display.ts';
import { backgroundValue, handImage, invalidValue } from './hand-image.ts';
import { handSimulator } from './simulator/hand-simulator.ts';

const size = 24;
const { paint, legend } = depthDisplay(handImage(size));

/** The colour of one stored value. */
function colorOf(value: number): Rgb {
  const painted = paint(new Uint16Array(size * size).fill(value));
  return [painted[0]!, painted[1]!, painted[2]!];
}

test('a millimetre has one colour in every picture, and neighbours in depth are close in colour', async () => {
  for await (const { image } of simulate(handSimulator({ size }), { seed: 2, length: 4 })) {
    const painted = paint(image);
    for (const [pixel, value] of image.entries()) {
      expect([...painted.subarray(3 * pixel, 3 * pixel + 3)]).toEqual(colorOf(value));
    }
  }
  for (let depth = 0; depth < 300; depth++) {
    const [a, b] = [colorOf(depth), colorOf(depth + 1)];
    const way = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    expect(way).toBeGreaterThan(0);
    expect(way).toBeLessThan(8);
  }
});

test('background and missing pixels have colours that no depth has, also after a small change', () => {
  const depths = Array.from({ length: 315 }, (_, depth) => colorOf(depth));
  for (const kind of [backgroundValue(300), invalidValue(300)]) {
    expect(depths).not.toContainEqual(colorOf(kind));
    for (const change of [-14, 14]) expect(colorOf(Math.min(360, kind + change))).toEqual(colorOf(kind));
  }
  expect(colorOf(backgroundValue(300))).not.toEqual(colorOf(invalidValue(300)));
});

test('the legend shows the ends of the scale and both kinds that are no depth', () => {
  const [scale, background, invalid] = legend!;
  expect([scale!.colors[0], scale!.colors.at(-1)]).toEqual([colorOf(0), colorOf(300)]);
  expect(scale!.label).toBe('0 to 300 mm');
  expect(background!.colors).toEqual([colorOf(backgroundValue(300))]);
  expect(invalid!.colors).toEqual([colorOf(invalidValue(300))]);
});
