import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chain, part } from '../../test/transform-chains.ts';
import { createImage, type Image, imageOf, type Size } from '../image.ts';
import { affineMap } from './picture-map.ts';
import { resample } from './resample.ts';
import { resampleBy } from './resample-by.ts';
import {
  cropTransform,
  flipTransform,
  invertTransform,
  mirrorTransform,
  movePoint,
  type Point,
  resizeTransform,
} from './transform.ts';

/** A soft dot, so that its place is known to a part of a pixel. */
function dotAt([x, y]: Point, { width, height }: Size, radius = 2.5): Image {
  const pixels = Uint8Array.from({ length: width * height }, (_, index) => {
    const [dx, dy] = [(index % width) + 0.5 - x, Math.floor(index / width) + 0.5 - y];
    return Math.round(240 * Math.exp(-(dx * dx + dy * dy) / (2 * radius * radius)));
  });
  return imageOf(pixels, { width, height, channels: 1, bits: 8 });
}

function findDot({ data, width, height }: Image): Point {
  let [mass, x, y] = [0, 0, 0];
  for (let index = 0; index < width * height; index++) {
    const value = data[index]!;
    mass += value;
    x += value * ((index % width) + 0.5);
    y += value * (Math.floor(index / width) + 0.5);
  }
  return [x / mass, y / mass];
}

test('a label stays on the pixels that it marks, through every chain', () => {
  fc.assert(
    fc.property(chain, part, part, ({ whole }, px, py) => {
      // A place that the chain keeps, with room around it for the dot.
      const target: Point = [10 + px * (whole.to.width - 20), 10 + py * (whole.to.height - 20)];
      fc.pre(whole.to.width > 24 && whole.to.height > 24);
      fc.pre(Math.min(Math.abs(whole.scale[0]), Math.abs(whole.scale[1])) > 0.4);
      fc.pre(Math.max(Math.abs(whole.scale[0]), Math.abs(whole.scale[1])) < 1.3);
      const label = movePoint(invertTransform(whole), target);
      const [x, y] = label;
      fc.pre(x > 8 && y > 8 && x < whole.from.width - 8 && y < whole.from.height - 8);
      const found = findDot(resample(dotAt(label, whole.from), whole));
      expect(Math.hypot(found[0] - target[0], found[1] - target[1])).toBeLessThan(0.15);
    }),
    { numRuns: 200 },
  );
});

test('whole shifts, mirrors and flips move pixels without changing them', () => {
  const image = imageOf(
    Uint8Array.from({ length: 18 }, (_, index) => index * 10),
    { width: 3, height: 2, channels: 3, bits: 8 },
  );
  const pixel = (column: number, row: number) => [
    ...image.data.subarray((row * 3 + column) * 3, (row * 3 + column) * 3 + 3),
  ];
  expect([...resample(image, mirrorTransform(image)).data]).toEqual(
    [pixel(2, 0), pixel(1, 0), pixel(0, 0), pixel(2, 1), pixel(1, 1), pixel(0, 1)].flat(),
  );
  expect([...resample(image, flipTransform(image)).data]).toEqual([
    ...image.data.subarray(9),
    ...image.data.subarray(0, 9),
  ]);
  const crop = cropTransform(image, { left: 1, top: 1, width: 2, height: 1 });
  expect(resample(image, crop)).toEqual({
    ...{ width: 2, height: 1, channels: 3, bits: 8 },
    data: Uint8Array.of(...pixel(1, 1), ...pixel(2, 1)),
  });
});

test('scaling down blends all that a new pixel covers, and depth is never blended', () => {
  const stripes = imageOf(
    Uint8Array.from({ length: 160 }, (_, index) => (index % 2) * 200),
    { width: 40, height: 4, channels: 1, bits: 8 },
  );
  const small = resample(stripes, resizeTransform(stripes, { width: 7, height: 2 }));
  for (const value of small.data) expect(Math.abs(value - 100)).toBeLessThan(25);

  const surfaces = imageOf(Uint16Array.of(500, 500, 0, 900), { width: 4, height: 1, channels: 1, bits: 16 });
  const wider = resizeTransform(surfaces, { width: 7, height: 1 });
  const resized = resample(surfaces, wider);
  expect(resized.data).toBeInstanceOf(Uint16Array);
  expect(new Set(resized.data)).toEqual(new Set([500, 0, 900]));
  const blended = resample(surfaces, wider, { filter: 'linear' });
  expect(blended.data.some((value) => ![500, 0, 900].includes(value))).toBe(true);
  expect(new Set(resample(stripes, slightlyWider(stripes), { filter: 'nearest' }).data)).toEqual(
    new Set([0, 200]),
  );
});

/** Wider by a part of a pixel, so that anything but the nearest pixel would be blended. */
const slightlyWider = ({ width, height }: Image) =>
  resizeTransform({ width, height }, { width: width + 1, height });

test('beyond the edge of the old picture, its edge is replicated', () => {
  const image = imageOf(Uint8Array.of(10, 20, 30, 40, 50, 60), { width: 3, height: 2, channels: 1, bits: 8 });
  const around = resample(image, cropTransform(image, { left: -2, top: -1, width: 7, height: 4 }));
  expect([...around.data]).toEqual([
    ...[10, 10, 10, 20, 30, 30, 30],
    ...[10, 10, 10, 20, 30, 30, 30],
    ...[40, 40, 40, 50, 60, 60, 60],
    ...[40, 40, 40, 50, 60, 60, 60],
  ]);
});

test('what does not fit is refused with its sizes', () => {
  const image = createImage({ width: 8, height: 8, channels: 1, bits: 8 });
  const half = cropTransform(image, { left: 0, top: 0, width: 2.5, height: 4 });
  expect(() => resample(image, half)).toThrow('A picture cannot be 2.5 x 4');
  expect(() => resample(image, mirrorTransform({ width: 4, height: 16 }))).toThrow(
    'it is 8 x 8 and the transform is for 4 x 16',
  );
  const damaged = { ...image, data: new Uint8Array(63) };
  expect(() => resample(damaged, mirrorTransform(image))).toThrow(
    'The image cannot be resampled: it has 63 values, not 8 x 8 x 1 = 64.',
  );
});

test('opacity follows the transform or map of its image', () => {
  const image = imageOf(Uint8Array.of(0, 100, 200, 50), { width: 4, height: 1, channels: 1, bits: 8 });
  const { alpha, ...opaque } = resample({ ...image, alpha: image.data }, mirrorTransform(image));
  expect(opaque).toEqual(resample(image, mirrorTransform(image)));
  expect(alpha).toEqual(Uint8Array.of(50, 200, 100, 0));
  const map = affineMap(image, { rotation: 0.3 });
  const turned = resampleBy({ ...image, alpha: image.data }, map);
  expect(turned.alpha).toEqual(resampleBy(image, map).data);
});
