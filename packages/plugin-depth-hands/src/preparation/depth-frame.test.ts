import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { depthFrame, toMillimetres } from './depth-frame.ts';
import { packNyuDepth, unpackNyuDepth } from './nyu-packing.ts';

test('a frame knows its unit and what 0 means', () => {
  const size = { width: 3, height: 1 };
  expect([...depthFrame(size, [0, 8, 5600], { unit: 0.125 }).depths]).toEqual([Number.NaN, 1, 700]);
  expect([...depthFrame(size, [0, 8, 5600], { zero: 'background' }).depths]).toEqual([
    Number.POSITIVE_INFINITY,
    8,
    5600,
  ]);
  expect(() => depthFrame(size, [0, 1, 2], { unit: 0 })).toThrow('A unit of 0 mm cannot be');
});

test('millimetres go to disk and back exactly', () => {
  const stored = Uint16Array.from([0, 1, 700, 65_535]);
  const frame = depthFrame({ width: 4, height: 1 }, stored);
  expect(toMillimetres(frame.depths)).toEqual(stored);
  expect(toMillimetres(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, 3.4))).toEqual(
    Uint16Array.of(0, 0, 3),
  );
});

test("the NYU dataset's packing has the high byte in green and the low one in blue", () => {
  expect([...packNyuDepth(Uint16Array.of(0x02bc, 0))]).toEqual([0, 0x02, 0xbc, 0, 0, 0]);
  const rng = createRng(2);
  const all = Uint16Array.from({ length: 5000 }, () => rng.int(65_536));
  expect(unpackNyuDepth(packNyuDepth(all))).toEqual(all);
  expect(unpackNyuDepth(Uint8Array.of(99, 2, 188))).toEqual(Uint16Array.of(700));
  expect(() => unpackNyuDepth(Uint8Array.of(1, 2))).toThrow('no multiple of 3');
});
