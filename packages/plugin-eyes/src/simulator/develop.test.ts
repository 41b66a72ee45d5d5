import { expect, test } from 'vitest';
import { tone } from './develop.ts';

/** A reddish ramp from black to twice the level 0.2. */
function ramp() {
  const data = new Float32Array(41 * 3);
  for (let i = 0; i <= 40; i++) data.set([0.012 * i, 0.01 * i, 0.008 * i], 3 * i);
  return { data, width: 41, height: 1 };
}

const linear = { exposure: 1, level: 0.2, contrast: 0, balance: 0, veil: 0 };

test('exposure alone scales light', () => {
  const toned = ramp();
  tone(toned, { ...linear, exposure: 2 });
  for (const [i, light] of ramp().data.entries()) expect(toned.data[i]).toBeCloseTo(2 * light, 6);
});

test('contrast leaves the level as it is, darkens what is below and brightens what is above', () => {
  const toned = ramp();
  tone(toned, { ...linear, contrast: 0.5 });
  const green = (i: number) => toned.data[3 * i + 1]!;
  expect(green(20)).toBeCloseTo(0.2, 6);
  expect(green(10)).toBeLessThan(0.09);
  expect(green(35)).toBeGreaterThan(0.4);
  for (let i = 1; i <= 40; i++) expect(green(i)).toBeGreaterThan(green(i - 1));
});

test('white balance turns the mean color into gray, by the share that is asked for', () => {
  const redOverBlue = (balance: number) => {
    const toned = ramp();
    tone(toned, { ...linear, balance });
    return toned.data[60]! / toned.data[62]!;
  };
  expect(redOverBlue(0)).toBeCloseTo(1.5, 5);
  expect(redOverBlue(0.5)).toBeCloseTo(Math.sqrt(1.5), 5);
  expect(redOverBlue(1)).toBeCloseTo(1, 5);
});

test('a veil of stray light lifts the dark and leaves the level as it is', () => {
  const toned = ramp();
  tone(toned, { ...linear, veil: 0.25 });
  expect(toned.data[1]).toBeCloseTo(0.05, 6);
  expect(toned.data[61]).toBeCloseTo(0.2, 6);
  expect(toned.data[121]).toBeCloseTo(0.35, 6);
});

test('a black picture stays black', () => {
  const black = { data: new Float32Array(12), width: 2, height: 2 };
  tone(black, { exposure: 1, level: 0.2, contrast: 0.4, balance: 1, veil: 0 });
  expect([...black.data]).toEqual(new Array(12).fill(0));
});
