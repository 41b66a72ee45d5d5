/** @file Random maps that rotate and bend, for property tests. */
import fc from 'fast-check';
import {
  type AffineOptions,
  affineMap,
  composeMaps,
  displacementMap,
  mapOf,
  mirrorTransform,
  type PictureMap,
  scaleGrid,
  stretchOf,
} from '../src/geometry/index.ts';
import type { Size } from '../src/index.ts';

const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const pair = (min: number, max: number) => fc.tuple(between(min, max), between(min, max));

/** A picture's size. */
export const pictureSize: fc.Arbitrary<Size> = fc.record({
  width: fc.integer({ min: 24, max: 60 }),
  height: fc.integer({ min: 24, max: 60 }),
});

const affineOptions: fc.Arbitrary<AffineOptions> = fc.record({
  scale: pair(0.8, 1.25),
  shear: between(-0.3, 0.3),
  rotation: between(-0.6, 0.6),
  shift: pair(-3, 3),
});

/** A field of 4 x 4 to 6 x 6 control points for a size, that leaves at least half of any length. */
export const gentleGrid = fc
  .tuple(fc.integer({ min: 4, max: 6 }), fc.integer({ min: 4, max: 6 }))
  .chain(([rows, columns]) =>
    fc
      .array(between(-4, 4), { minLength: rows * columns * 2, maxLength: rows * columns * 2 })
      .map((values) => ({ rows, columns, values })),
  )
  .map((grid) => (size: Size) => {
    let field: Parameters<typeof stretchOf>[1] = grid;
    while (stretchOf(size, field) < 0.5) field = scaleGrid(field, 0.8);
    return field;
  });

/** Rotated, bent, mirrored, or all of it, for pictures of a size. */
export const bendingMap: fc.Arbitrary<(size: Size) => PictureMap> = fc.oneof(
  affineOptions.map((options) => (size: Size) => affineMap(size, options)),
  gentleGrid.map((grid) => (size: Size) => displacementMap(size, grid(size))),
  fc.tuple(affineOptions, gentleGrid, fc.boolean()).map(
    ([options, grid, isMirrored]) =>
      (size: Size) =>
        composeMaps(
          affineMap(size, options),
          displacementMap(size, grid(size)),
          ...(isMirrored ? [mapOf(mirrorTransform(size))] : []),
        ),
  ),
);
