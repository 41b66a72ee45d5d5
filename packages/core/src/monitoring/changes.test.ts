import { expect, test } from 'vitest';
import { imageOf, type SizedForm } from '../image.ts';
import { createRng } from '../rng.ts';
import { measureChanges } from './changes.ts';

const form: SizedForm = { width: 20, height: 16, channels: 1, bits: 8 };
const COUNT = 40;

type Paint = (x: number, y: number, picture: number) => number;
const pictures = (paint: Paint) =>
  Array.from({ length: COUNT }, (_, picture) =>
    imageOf(
      Uint8Array.from({ length: 320 }, (_, i) => Math.round(paint(i % 20, Math.floor(i / 20), picture))),
      form,
    ),
  );

const noise = (seed: number): Paint => {
  const values = Array.from({ length: COUNT * 320 }, createValues(seed));
  return (x, y, picture) => values[picture * 320 + y * 20 + x]!;
};
const createValues = (seed: number) => {
  const rng = createRng(seed);
  return () => rng.normal();
};

const scene: Paint = (x, y, picture) =>
  120 + 40 * Math.sin(x / 3 + picture) + 30 * Math.cos(y / 2 - 2 * picture);
const synthetic = pictures(scene);
const changed = (change: Paint) =>
  measureChanges(
    synthetic,
    pictures((x, y, n) => scene(x, y, n) + change(x, y, n)),
    form,
  );

test('pictures that stay as they are', () => {
  const same = measureChanges(synthetic, synthetic, form);
  expect(same).toEqual({
    moved: 0,
    gradientCorrelation: expect.closeTo(1, 9),
    fixedPattern: 0,
    border: 1,
    diversity: 1,
    detail: 1,
  });
});

test('a brighter picture has moved by that much, and keeps its edges', () => {
  const brighter = changed(() => 20);
  expect(brighter.moved).toBeCloseTo(20 / 255, 2);
  expect(brighter.gradientCorrelation).toBeGreaterThan(0.99);
});

test('noise that differs is no pattern, and noise that repeats is one', () => {
  const random = noise(1);
  const fresh = changed((x, y, n) => 12 * random(x, y, n));
  const repeated = changed((x, y) => 12 * random(x, y, 0));
  expect(fresh.fixedPattern).toBeLessThan(0.03);
  expect(repeated.fixedPattern).toBeGreaterThan(0.9);
  expect(fresh.detail).toBeGreaterThan(1.5);
});

test('an inverted picture, a frame, and pictures that become one', () => {
  const inverted = measureChanges(
    synthetic,
    pictures((x, y, n) => 255 - scene(x, y, n)),
    form,
  );
  expect(inverted.gradientCorrelation).toBeLessThan(-0.95);
  const framed = changed((x, y) => (x < 2 || y < 2 || x > 17 || y > 13 ? 30 : 2));
  expect(framed.border).toBeGreaterThan(8);
  const collapsed = measureChanges(
    synthetic,
    pictures((x, y) => scene(x, y, 0)),
    form,
  );
  expect(collapsed.diversity).toBeLessThan(0.05);
});

test('lists that do not belong together are refused', () => {
  expect(() => measureChanges(synthetic, synthetic.slice(1), form)).toThrow('40 and 39');
  expect(() => measureChanges([synthetic[0]!], [synthetic[0]!], form)).toThrow('at least two');
});
