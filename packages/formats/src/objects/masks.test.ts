import { createRng } from '@simgan/core';
import { placesOf } from '@simgan/core/evaluation';
import { carryLabels, mirrorTransform, resizeTransform } from '@simgan/core/geometry';
import { expect, test } from 'vitest';
import { type ObjectsAnnotation, objectsAnnotation, objectsProblem } from './objects.ts';
import { areaOf, fillPolygons, polygonArea } from './outline.ts';
import { decodeMask, encodeMask, maskArea, maskBox, packRuns, runsOf } from './run-length.ts';
import { traceMask } from './trace-mask.ts';

/** Random masks of patches, so that runs are long and short. */
function randomMask(seed: number, width: number, height: number): Uint8Array {
  const rng = createRng(seed);
  const pixels = new Uint8Array(width * height);
  for (let n = 0; n < 6; n++) {
    const [x, y] = [rng.int(width), rng.int(height)];
    const [w, h] = [1 + rng.int(width), 1 + rng.int(height)];
    const value = rng.int(2);
    for (let row = y; row < Math.min(height, y + h); row++)
      pixels.fill(value, row * width + x, row * width + Math.min(width, x + w));
  }
  return pixels;
}

test('runs are packed as COCO packs them', () => {
  // Made by pycocotools' algorithm (maskApi.c, rleToString): 5 bits and a flag a character, differences from the third on.
  expect(packRuns([6, 1, 40, 4, 5, 4, 5, 4, 21])).toBe('61X13mN000`0');
  const mask = { size: [10, 9], counts: '61X13mN000`0' } as const;
  expect(runsOf(mask)).toEqual([6, 1, 40, 4, 5, 4, 5, 4, 21]);
});

test('masks come back as they were, in both forms, with their box and area', () => {
  for (let seed = 0; seed < 60; seed++) {
    const rng = createRng(1000 + seed);
    const [width, height] = [1 + rng.int(60), 1 + rng.int(60)];
    const pixels = randomMask(seed, width, height);
    const mask = encodeMask(pixels, width, height);
    expect(decodeMask(mask)).toEqual(pixels);
    expect(decodeMask({ ...mask, counts: packRuns(runsOf(mask)) })).toEqual(pixels);
    expect(maskArea(mask)).toBe(pixels.reduce((sum, value) => sum + value, 0));
    const inside = Array.from(
      pixels,
      (value, i) => [value, i % width, Math.floor(i / width)] as const,
    ).filter(([value]) => value);
    const xs = inside.map(([, x]) => x);
    const ys = inside.map(([, , y]) => y);
    expect(maskBox(mask)).toEqual(
      inside.length === 0
        ? [0, 0, 0, 0]
        : [
            Math.min(...xs),
            Math.min(...ys),
            Math.max(...xs) - Math.min(...xs) + 1,
            Math.max(...ys) - Math.min(...ys) + 1,
          ],
    );
  }
});

test('outlines of a mask enclose its pixels and its holes', () => {
  for (let seed = 0; seed < 60; seed++) {
    const pixels = randomMask(seed, 23, 17);
    const outlines = traceMask(pixels, 23, 17);
    const filled = fillPolygons(outlines, 23, 17);
    // Outside: what can be reached from beyond the border.
    const outside = new Uint8Array(25 * 19);
    const queue = [0];
    outside[0] = 1;
    while (queue.length > 0) {
      const at = queue.pop()!;
      const [x, y] = [at % 25, Math.floor(at / 25)];
      for (const [dx, dy] of [
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
        [1, 1],
        [1, -1],
        [-1, 1],
        [-1, -1],
      ] as const) {
        const [nx, ny] = [x + dx, y + dy];
        if (nx < 0 || ny < 0 || nx >= 25 || ny >= 19 || outside[ny * 25 + nx]) continue;
        if (nx >= 1 && ny >= 1 && nx <= 23 && ny <= 17 && pixels[(ny - 1) * 23 + nx - 1]) continue;
        outside[ny * 25 + nx] = 1;
        queue.push(ny * 25 + nx);
      }
    }
    const expected = pixels.map((_, i) => (outside[(Math.floor(i / 23) + 1) * 25 + (i % 23) + 1] ? 0 : 1));
    expect(filled).toEqual(expected);
  }
});

test('runs that do not fill their mask, and texts that are none, are refused', () => {
  expect(() => decodeMask({ size: [4, 4], counts: [3, 4] })).toThrow(
    'its runs have 7 pixels and the mask 4 x 4 = 16',
  );
  expect(() => decodeMask({ size: [4, 4], counts: [20, -4] })).toThrow('a run of -4 pixels');
  for (const counts of ['\u0000', 'ooooooooooooooooo', '\u2028']) {
    expect(() => decodeMask({ size: [4, 4], counts })).toThrow('A mask cannot be read');
  }
  expect(() => decodeMask({ size: [65536, 65536], counts: [65536 * 65536] })).toThrow('are not read');
});

test('objects follow their picture, masks pixel for pixel', () => {
  const pixels = randomMask(3, 20, 10);
  const annotation: ObjectsAnnotation = {
    objects: [
      {
        class: 'a',
        box: [2, 2, 6, 4],
        polygons: [
          [
            [2, 2],
            [8, 2],
            [8, 6],
          ],
        ],
        mask: encodeMask(pixels, 20, 10),
        keypoints: [
          { name: 'p', point: [3.5, 4.5], visibility: 2 },
          { name: 'q', point: null, visibility: 0 },
        ],
        fields: { box: [9, 9, 9, 9] },
      },
    ],
  };
  expect(objectsProblem(annotation)).toBeUndefined();
  const size = { width: 20, height: 10 };
  const [moved] = carryLabels(mirrorTransform(size), annotation, objectsAnnotation.geometry).objects;
  expect(moved!.box).toEqual([12, 2, 6, 4]);
  expect(moved!.keypoints!.map(({ point }) => point)).toEqual([[16.5, 4.5], null]);
  expect(moved!.fields).toEqual({ box: [9, 9, 9, 9] });
  const mirrored = pixels.map((_, i) => pixels[Math.floor(i / 20) * 20 + 19 - (i % 20)]!);
  expect(decodeMask(moved!.mask!)).toEqual(mirrored);
  const twice = carryLabels(
    resizeTransform(size, { width: 40, height: 20 }),
    annotation,
    objectsAnnotation.geometry,
  );
  expect(maskArea(twice.objects[0]!.mask!)).toBe(4 * maskArea(annotation.objects[0]!.mask!));
  expect(polygonArea(twice.objects[0]!.polygons![0]!)).toBe(48);
  expect(areaOf({ class: 'a', polygons: annotation.objects[0]!.polygons! })).toBe(12);
});

test("a mask's border is a label's place, with the direction of the border and not of its pixels' sides", () => {
  const [width, height, radius] = [64, 60, 20];
  const inside = Uint8Array.from({ length: width * height }, (_, i) =>
    Math.hypot((i % width) + 0.5 - 30, Math.floor(i / width) + 0.5 - 28) < radius ? 1 : 0,
  );
  const annotation = { objects: [{ class: 'disc', mask: encodeMask(inside, width, height) }] };
  const places = placesOf<ObjectsAnnotation>(annotation, objectsAnnotation.geometry);
  expect(places.length).toBeGreaterThan(10);
  for (const { kind, point, across } of places) {
    expect(kind).toBe('outlines');
    const out = [point[0] - 30, point[1] - 28] as const;
    expect(Math.abs(Math.hypot(...out) - radius)).toBeLessThan(0.7);
    const cosine = (out[0] * across![0] + out[1] * across![1]) / Math.hypot(...out);
    expect(Math.abs(cosine)).toBeGreaterThan(Math.cos(0.25));
  }
});
