import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bendingMap, gentleGrid, pictureSize } from '../../test/picture-maps.ts';
import { chain, part, point } from '../../test/transform-chains.ts';
import { affineGrid, displacementMap, scaleGrid, stretchOf } from './displacement.ts';
import { determinant, invertMatrix } from './matrix.ts';
import { affineMap, composeMaps, mapOf, transformOf } from './picture-map.ts';
import { cropTransform, mirrorTransform, movePoint, type Point } from './transform.ts';

const size = { width: 40, height: 30 };

function expectClose(actual: readonly number[], expected: readonly number[], digits = 6): void {
  for (const [index, value] of expected.entries()) expect(actual[index]).toBeCloseTo(value, digits);
}

const within = (x: number, y: number, { width, height } = size): Point => [x * width, y * height];

test('moving a point and asking for its source are inverses, in the picture and about it', () => {
  fc.assert(
    fc.property(pictureSize, bendingMap, part, part, (from, make, x, y) => {
      const map = make(from);
      const at = within(1.4 * x - 0.2, 1.4 * y - 0.2, from);
      expectClose(map.source(map.move(at)), at);
      expectClose(map.move(map.source(at)), at);
    }),
  );
});

test('the derivative says how near points move', () => {
  fc.assert(
    fc.property(pictureSize, bendingMap, part, part, (from, make, x, y) => {
      const map = make(from);
      const at = within(x, y, from);
      const [a, b, c, d] = map.derivative(at);
      const h = 1e-5;
      const [left, right] = [map.move([at[0] - h, at[1]]), map.move([at[0] + h, at[1]])];
      const [above, below] = [map.move([at[0], at[1] - h]), map.move([at[0], at[1] + h])];
      expectClose([(right[0] - left[0]) / (2 * h), (right[1] - left[1]) / (2 * h)], [a, c], 2);
      expectClose([(below[0] - above[0]) / (2 * h), (below[1] - above[1]) / (2 * h)], [b, d], 2);
    }),
  );
});

test('a transform is the same as a map, and maps that keep the axes apart are transforms', () => {
  fc.assert(
    fc.property(chain, point, ({ steps, whole }, at) => {
      const [first, ...rest] = steps.map(mapOf);
      const map = composeMaps(first!, ...rest);
      expectClose(map.move(at), movePoint(whole, at));
      const back = transformOf(map)!;
      expectClose([...back.scale, ...back.shift], [...whole.scale, ...whole.shift]);
    }),
  );
  expect(transformOf(affineMap(size, { shift: [2, 1], scale: 2 }))).toEqual({
    from: size,
    to: size,
    scale: [2, 2],
    shift: [-18, -14],
  });
  expect(transformOf(affineMap(size, { rotation: 0.1 }))).toBeUndefined();
});

test('a picture is rotated clockwise about its middle, then shifted', () => {
  const map = affineMap(size, { rotation: Math.PI / 2, shift: [1, 2] });
  expectClose(map.move([20, 15]), [21, 17]);
  expectClose(map.move([30, 15]), [21, 27]); // what was on the right is below
  expectClose(affineMap(size, { shear: 0.5, center: [0, 0] }).move([4, 10]), [9, 10]);
  expectClose(
    affineMap(size, { scale: [2, 1], center: [0, 0], rotation: Math.PI / 2 }).move([5, 0]),
    [0, 10],
  );
});

test('a control grid gives affine maps exactly, also beyond the edges', () => {
  const affine = affineMap(size, { rotation: 0.2, scale: [1.1, 0.9], shift: [2, -1] });
  const inverse = invertMatrix(affine.affine!.matrix);
  const [x, y] = affine.source([20, 15]);
  const grid = affineGrid(size, { rows: 5, columns: 6 }, { matrix: inverse, shift: [x - 20, y - 15] });
  const map = displacementMap(size, grid);
  for (const at of [
    [0, 0],
    [13.2, 7.7],
    [40, 30],
    [-6, 12],
    [47, 35],
  ] as const) {
    expectClose(map.source(at), affine.source(at));
    expectClose(map.move(at), affine.move(at));
  }
});

test('a field with twice the values moves twice as far', () => {
  const values = Array.from({ length: 32 }, (_, i) => (i % 2 === 0 ? 3 : -4));
  const grid = { rows: 4, columns: 4, values };
  expectClose(displacementMap(size, grid).source([10, 10]), [13, 6]);
  expectClose(displacementMap(size, scaleGrid(grid, 0.5)).source([10, 10]), [11.5, 8]);
});

test('wherever a field leaves of lengths what it states, areas are positive and points stay apart', () => {
  fc.assert(
    fc.property(gentleGrid, part, part, part, part, (make, ...places) => {
      const grid = make(size);
      const stretch = stretchOf(size, grid);
      const map = displacementMap(size, grid);
      const [a, b] = [within(places[0], places[1]), within(places[2], places[3])];
      expect(determinant(map.derivative(a))).toBeGreaterThan(0);
      const distance = (p: Point, q: Point) => Math.hypot(p[0] - q[0], p[1] - q[1]);
      expect(distance(map.source(a), map.source(b))).toBeGreaterThan(0.9 * stretch * distance(a, b) - 1e-9);
    }),
  );
});

test('a field that folds, a grid that does not fit and maps without inverse are refused', () => {
  const fold = Array.from({ length: 32 }, (_, i) => (i % 8 === 2 ? 60 : 0));
  const refusal = (message: string) =>
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) });
  expect(() => displacementMap(size, { rows: 4, columns: 4, values: fold })).toThrow(
    refusal('folds the picture'),
  );
  expect(() => displacementMap(size, { rows: 3, columns: 4, values: fold })).toThrow(refusal('4 x 3'));
  expect(() => displacementMap(size, { rows: 4, columns: 4, values: [1] })).toThrow(refusal('1 values'));
  expect(() => displacementMap(size, { rows: 4, columns: 4, values: fold.map(() => Number.NaN) })).toThrow(
    refusal('finite'),
  );
  expect(() => affineMap(size, { scale: [0, 1] })).toThrow(refusal('scales other than 0'));
  expect(() => composeMaps(affineMap(size), affineMap({ width: 9, height: 9 }))).toThrow(refusal('9 x 9'));
});

test('cropping after a rotation shows a part of the rotated picture', () => {
  const turn = affineMap(size, { rotation: 0.3 });
  const crop = composeMaps(turn, mapOf(cropTransform(size, { left: 5, top: 4, width: 20, height: 20 })));
  const mirrored = composeMaps(crop, mapOf(mirrorTransform(crop.to)));
  const [x, y] = turn.move([12, 9]);
  expectClose(crop.move([12, 9]), [x - 5, y - 4]);
  expectClose(mirrored.move([12, 9]), [25 - x, y - 4]);
  expectClose(mirrored.source(mirrored.move([12, 9])), [12, 9]);
});
