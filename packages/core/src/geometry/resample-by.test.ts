import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bendingMap, gentleGrid } from '../../test/picture-maps.ts';
import { createImage, type Image } from '../image.ts';
import { displacementMap } from './displacement.ts';
import { carryLabels } from './labels.ts';
import { affineMap, composeMaps, mapOf } from './picture-map.ts';
import { resample } from './resample.ts';
import { resampleBy } from './resample-by.ts';
import { cropTransform, type Point, resizeTransform } from './transform.ts';

const size = { width: 48, height: 48 };

/** A round blob on black: its center of mass is where it was drawn. */
function blobAt([x, y]: Point, radius = 2): Image {
  const image = createImage({ ...size, channels: 1, bits: 8 });
  for (let i = 0; i < image.data.length; i++) {
    const [dx, dy] = [(i % size.width) + 0.5 - x, Math.floor(i / size.width) + 0.5 - y];
    image.data[i] = Math.round(255 * Math.exp(-(dx * dx + dy * dy) / radius));
  }
  return image;
}

function centerOf({ data, width }: Image): Point {
  let [sum, x, y] = [0, 0, 0];
  for (const [i, value] of data.entries()) {
    sum += value;
    x += value * ((i % width) + 0.5);
    y += value * (Math.floor(i / width) + 0.5);
  }
  return [x / sum, y / sum];
}

test('a label lands on the pixels that it marks, within a tenth of a pixel', () => {
  const place = fc.double({ min: 16, max: 32, noNaN: true });
  fc.assert(
    fc.property(bendingMap, place, place, (make, x, y) => {
      const map = make(size);
      const [labelX, labelY] = carryLabels(map, { at: [x, y] as Point }, { at: 'point' }).at;
      const [foundX, foundY] = centerOf(resampleBy(blobAt([x, y]), map));
      // A blob is not a point: where the picture bends, its center of mass bends a little less.
      expect(Math.hypot(foundX - labelX, foundY - labelY)).toBeLessThan(0.1);
    }),
    { numRuns: 60 },
  );
});

test('maps that keep the axes apart give the bytes of a transform', () => {
  const image = blobAt([20, 22], 40);
  for (const transform of [
    resizeTransform(size, { width: 30, height: 70 }),
    cropTransform(size, { left: 3.5, top: -2, width: 20, height: 20 }),
  ]) {
    expect(resampleBy(image, mapOf(transform))).toEqual(resample(image, transform));
  }
});

test('turned by a quarter, every pixel is copied; without a map nothing changes', () => {
  const image = blobAt([20, 30], 9);
  const quarter = affineMap(size, { rotation: Math.PI / 2 });
  const turned = resampleBy(image, quarter);
  for (const [x, y] of [
    [20, 30],
    [17, 26],
    [3, 40],
  ] as const) {
    expect(turned.data[x * 48 + (47 - y)]).toBe(image.data[y * 48 + x]);
  }
  const still = displacementMap(size, { rows: 4, columns: 4, values: new Float32Array(32) });
  expect(resampleBy(image, still)).toEqual(image);
});

test('depth keeps its values, and 8-bit masks do if asked', () => {
  const depth = createImage({ ...size, channels: 1, bits: 16 });
  for (let i = 0; i < depth.data.length; i++) depth.data[i] = i % 48 < 24 ? 500 : 40_000;
  const mask = createImage({ ...size, channels: 1, bits: 8 });
  for (let i = 0; i < mask.data.length; i++) mask.data[i] = i % 48 < 20 ? 3 : 200;
  fc.assert(
    fc.property(gentleGrid, (grid) => {
      const map = displacementMap(size, grid(size));
      expect([500, 40_000]).toEqual(expect.arrayContaining([...new Set(resampleBy(depth, map).data)]));
      const warped = resampleBy(mask, map, { filter: 'nearest' });
      expect([3, 200]).toEqual(expect.arrayContaining([...new Set(warped.data)]));
    }),
    { numRuns: 20 },
  );
});

test('a picture that is turned and made small does not alias', () => {
  const stripes = createImage({ ...size, channels: 1, bits: 8 });
  for (let i = 0; i < stripes.data.length; i++) stripes.data[i] = i % 2 === 0 ? 255 : 0;
  const small = composeMaps(
    affineMap(size, { rotation: 0.4 }),
    mapOf(cropTransform(size, { left: 12, top: 12, width: 24, height: 24 })),
    mapOf(resizeTransform({ width: 24, height: 24 }, { width: 6, height: 6 })),
  );
  const { data } = resampleBy(stripes, small);
  expect(Math.max(...data) - Math.min(...data)).toBeLessThan(40);
});

test('a picture of another size and a map to part of a pixel are refused', () => {
  const map = affineMap(size, { rotation: 0.1 });
  const other = createImage({ width: 9, height: 9, channels: 1, bits: 8 });
  expect(() => resampleBy(other, map)).toThrow('9 x 9 and the map is for 48 x 48');
  const part = composeMaps(map, mapOf(resizeTransform(size, { width: 9.5, height: 9 })));
  expect(() => resampleBy(blobAt([1, 1]), part)).toThrow('cannot be 9.5 x 9');
});
