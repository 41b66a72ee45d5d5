import { decodeImages, encodeImages, imageLength } from '@simgan/core';
import { expect, test } from 'vitest';
import { backgroundValue, handImage, invalidValue, pixelKind } from './hand-image.ts';

test('every depth in the cube, background and holes pass through the networks without loss', () => {
  const spec = handImage(20, 300);
  const image = new Uint16Array(imageLength(spec));
  for (let value = 0; value <= 300; value++) image[value] = value;
  image[301] = backgroundValue(300);
  image[302] = invalidValue(300);
  const encoded = encodeImages([image], spec);
  expect(encoded.data[0]).toBe(-1);
  expect(encoded.data[302]).toBe(1);
  expect(decodeImages(encoded, spec)[0]).toEqual(image);
});

test('depths, background and holes are told apart, and stay apart when a refiner nudges them', () => {
  const kinds = (shift: number) =>
    [300, backgroundValue(300), invalidValue(300)].map((v) => pixelKind(v + shift, 300));
  for (const shift of [-14, 0, 14]) expect(kinds(shift)).toEqual(['depth', 'background', 'invalid']);
  expect(pixelKind(0, 300)).toBe('depth');
});

test('sizes that cannot be stored are refused', () => {
  expect(() => handImage(0)).toThrow('0 pixels');
  expect(() => handImage(64, 70_000)).toThrow('70000 mm');
});
