import { createImage, decodeImages, encodeImages } from '@simgan/core';
import { expect, test } from 'vitest';
import {
  backgroundValue,
  cubeOf,
  handImage,
  invalidValue,
  loadDepths,
  pixelKind,
  storeDepths,
} from './hand-image.ts';

test('every depth in the cube, background and holes pass through the networks without loss', () => {
  const form = handImage(20, 300);
  const image = createImage(form);
  for (let value = 0; value <= 300; value++) image.data[value] = value;
  image.data[301] = backgroundValue(300);
  image.data[302] = invalidValue(300);
  const encoded = encodeImages([image], form);
  expect(encoded.data[0]).toBe(-1);
  expect(encoded.data[302]).toBe(1);
  expect(decodeImages(encoded, form)[0]).toEqual(image);
});

test('depths, background and holes are distinguished, also after a small change by a refiner', () => {
  const kinds = (shift: number) =>
    [300, backgroundValue(300), invalidValue(300)].map((v) => pixelKind(v + shift, 300));
  for (const shift of [-14, 0, 14]) expect(kinds(shift)).toEqual(['depth', 'background', 'invalid']);
  expect(pixelKind(0, 300)).toBe('depth');
});

test('depths are stored and loaded without loss, in pictures of any shape', () => {
  const depths = Float32Array.of(500, 499, 800, 801, Number.NaN, Number.POSITIVE_INFINITY);
  const image = storeDepths({ width: 3, height: 2, depths }, { near: 500, cube: 300 });
  expect([...image.data]).toEqual([0, 330, 300, 330, 360, 330]);
  const { POSITIVE_INFINITY: far, NaN: hole } = Number;
  expect(loadDepths(image, { near: 500, cube: 300 })).toEqual({
    width: 3,
    height: 2,
    depths: Float32Array.of(500, far, 800, far, hole, far),
  });
});

test('the cube is read from the form, and other forms are refused', () => {
  expect(cubeOf(handImage(64, 250))).toBe(250);
  expect(() => cubeOf({ width: 64, height: 64, channels: 1, bits: 8 })).toThrow(
    'do not have the form of hands',
  );
});

test('sizes that cannot be stored are refused', () => {
  expect(() => handImage(0)).toThrow('0 pixels');
  expect(() => handImage(64, 70_000)).toThrow('70000 mm');
});
