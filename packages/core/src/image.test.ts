import { expect, test } from 'vitest';
import { decodeImages, encodeImages, type ImageSpec } from './image.ts';

const grey8: ImageSpec = { width: 16, height: 16, channels: 1, bits: 8 };
const depth: ImageSpec = { width: 256, height: 256, channels: 1, bits: 16 };

test('every 8-bit value survives the way through the networks', () => {
  const image = Uint8Array.from({ length: 256 }, (_, i) => i);
  const batch = encodeImages([image], grey8);
  expect(batch.shape).toEqual([1, 16, 16, 1]);
  expect([batch.data[0], batch.data[255]]).toEqual([-1, 1]);
  expect(decodeImages(batch, grey8)).toEqual([image]);
});

test('every 16-bit value survives, over the full scale and within a range', () => {
  const image = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  expect(decodeImages(encodeImages([image], depth), depth)).toEqual([image]);
  const ranged: ImageSpec = { ...depth, range: [500, 1500] };
  const clamped = image.map((value) => Math.min(1500, Math.max(500, value)));
  expect(decodeImages(encodeImages([image], ranged), ranged)).toEqual([clamped]);
});

test('values beyond what a network may return are clamped', () => {
  const tiny: ImageSpec = { width: 2, height: 1, channels: 1, bits: 8 };
  expect(decodeImages({ data: Float32Array.of(-3, 3), shape: [1, 1, 2, 1] }, tiny)).toEqual([
    Uint8Array.of(0, 255),
  ]);
});

test('an image of another form is refused with what is wrong with it', () => {
  expect(() => encodeImages([new Uint8Array(3)], grey8)).toThrow(
    'Image 0 of the batch cannot be used: it has 3 values, not 16 x 16 x 1 = 256.',
  );
  expect(() => encodeImages([new Uint16Array(256)], grey8)).toThrow(
    'it is not a Uint8Array, which 8-bit images are',
  );
});
