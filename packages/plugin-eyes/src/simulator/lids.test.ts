import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { creaseAt, drawLidShape, type LidRow, lookUp, marginsAt, poseLids, tabulate } from './lids.ts';

const shapes = Array.from({ length: 50 }, (_, i) => drawLidShape(createRng(3).fork(i)));
const degrees = Math.PI / 180;

test('the upper lid and its fold follow the gaze up and down, the lid further than the fold', () => {
  for (const shape of shapes) {
    const at = (pitch: number) => {
      const lids = poseLids(shape, pitch * degrees, 1);
      return { ...marginsAt(lids, 0.5), crease: creaseAt(lids, 0.5) };
    };
    const [down, level, up] = [at(-20), at(0), at(20)];
    expect(down.upper).toBeGreaterThan(level.upper + 1.5);
    expect(up.upper).toBeLessThan(level.upper - 1.5);
    expect(Math.abs(down.lower - level.lower)).toBeLessThan(0.7);
    expect(down.crease).toBeGreaterThan(level.crease + 0.5);
    expect(down.upper - level.upper).toBeGreaterThan(down.crease - level.crease);
  }
});

test('looking down, the opening collapses onto the lower lid, but never shuts', () => {
  for (const shape of shapes) {
    const openings = [0, -10, -20, -30].map((pitch) => {
      const { upper, lower } = marginsAt(poseLids(shape, pitch * degrees, 1), 0.5);
      return lower - upper;
    });
    for (const k of [1, 2, 3]) expect(openings[k]).toBeLessThan(openings[k - 1]!);
    expect(openings[2]! / openings[0]!).toBeLessThan(0.65);
    expect(openings[3]).toBeGreaterThan(1.2);
  }
});

test('the margins never cross, at any gaze and in any blink', () => {
  for (const shape of shapes) {
    for (const pitch of [-30, -10, 10, 30]) {
      for (const blink of [0, 0.01, 0.3, 1]) {
        const lids = poseLids(shape, pitch * degrees, blink);
        for (let s = -0.2; s <= 1.2; s += 0.05) {
          const { upper, lower } = marginsAt(lids, s);
          expect(lower).toBeGreaterThanOrEqual(upper);
          if (blink === 0) expect(lower).toBe(upper);
        }
      }
    }
  }
});

test('the table agrees with what it tabulates', () => {
  const row: LidRow = { upper: 0, lower: 0, upperCosine: 0, lowerCosine: 0, crease: 0 };
  for (const shape of shapes) {
    const lids = poseLids(shape, 0.1, 0.9);
    const table = tabulate(lids);
    for (let s = 0.03; s < 1; s += 0.031) {
      const { x, upper, lower } = marginsAt(lids, s);
      lookUp(table, x, row);
      expect(Math.abs(row.upper - upper)).toBeLessThan(0.04);
      expect(Math.abs(row.lower - lower)).toBeLessThan(0.04);
      expect(Math.abs(row.crease - creaseAt(lids, s))).toBeLessThan(0.04);
    }
  }
});
