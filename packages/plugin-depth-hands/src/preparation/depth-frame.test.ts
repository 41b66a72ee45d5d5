import { createRng, imageOf } from '@simgan/core';
import { expect, test } from 'vitest';
import { depthFrame, toMillimeters } from './depth-frame.ts';
import { packNyuDepth, unpackNyuDepth } from './nyu-packing.ts';

test('stored values are scaled by their unit, and 0 is a hole or background', () => {
  const size = { width: 3, height: 1 };
  expect([...depthFrame(size, [0, 8, 5600], { unit: 0.125 }).depths]).toEqual([Number.NaN, 1, 700]);
  expect([...depthFrame(size, [0, 8, 5600], { zero: 'background' }).depths]).toEqual([
    Number.POSITIVE_INFINITY,
    8,
    5600,
  ]);
  expect(() => depthFrame(size, [0, 1, 2], { unit: 0 })).toThrow('A unit of 0 mm is not possible');
});

/** A row of 16-bit gray pixels. */
const row = (...values: number[]) =>
  imageOf(Uint16Array.from(values), { width: values.length, height: 1, channels: 1, bits: 16 });
/** A row of RGB pixels. */
const rgbRow = (...values: number[]) =>
  imageOf(Uint8Array.from(values), { width: values.length / 3, height: 1, channels: 3, bits: 8 });

test('millimeters are stored and read back exactly', () => {
  const stored = row(0, 1, 700, 65_535);
  expect(toMillimeters(depthFrame(stored, stored.data))).toEqual(stored);
  const depths = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, 3.4);
  expect(toMillimeters({ width: 3, height: 1, depths })).toEqual(row(0, 0, 3));
  expect(() => toMillimeters({ width: 2, height: 1, depths })).toThrow('has 2 depths, and this one has 3');
});

test("the NYU dataset's packing has the high byte in green and the low one in blue", () => {
  expect(packNyuDepth(row(0x02bc, 0))).toEqual(rgbRow(0, 0x02, 0xbc, 0, 0, 0));
  const rng = createRng(2);
  const all = row(...Array.from({ length: 5000 }, () => rng.int(65_536)));
  expect(unpackNyuDepth(packNyuDepth(all))).toEqual(all);
  expect(unpackNyuDepth(rgbRow(99, 2, 188))).toEqual(row(700));
  expect(() => unpackNyuDepth(row(700))).toThrow('it has 1 channels, not 3');
  expect(() => packNyuDepth(rgbRow(1, 2, 3))).toThrow('it has 3 channels, not 1');
});
