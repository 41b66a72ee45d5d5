import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bendingMap, pictureSize } from '../../test/picture-maps.ts';
import { part } from '../../test/transform-chains.ts';
import { displacementMap } from './displacement.ts';
import { carryLabels, type LabelGeometry, type LabelKinds } from './labels.ts';
import { affineMap, composeMaps, mapOf, middleOf, type PictureMap } from './picture-map.ts';
import { mirrorTransform, type Point } from './transform.ts';

const size = { width: 40, height: 40 };
const quarter = affineMap(size, { rotation: Math.PI / 2 });
const slight = affineMap(size, { rotation: 0.03 });
const sheared = affineMap(size, { shear: 0.5, center: [0, 0] });
const bent = displacementMap(size, {
  rows: 4,
  columns: 4,
  values: Array.from({ length: 32 }, (_, i) => i % 3),
});

const carried = <Kind extends keyof LabelKinds>(map: PictureMap, kind: Kind, value: LabelKinds[Kind]) =>
  carryLabels(map, { value }, { value: kind } as unknown as LabelGeometry<{ value: LabelKinds[Kind] }>).value;

const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6));

test('a quarter turn turns every kind of label', () => {
  expect(carried(quarter, 'point', [30, 20])).toEqual(close([20, 30]));
  expect(carried(quarter, 'box', [30, 10, 6, 4])).toEqual(close([26, 30, 4, 6]));
  expect(carried(quarter, 'corners', [30, 10, 36, 14])).toEqual(close([26, 30, 30, 36]));
  expect(carried(quarter, 'uvd', [30, 20, 7])).toEqual(close([20, 30, 7]));
  expect(carried(quarter, 'direction', [0.6, 0, -0.8])).toEqual(close([0, 0.6, -0.8]));
  expect(carried(quarter, 'orientation', 0.2)).toBeCloseTo(0.2 + Math.PI / 2);
  expect(carried(quarter, 'roll', 0.2)).toBeCloseTo(0.2 + Math.PI / 2);
  expect(carried(quarter, 'roll', 3)).toBeCloseTo(3 + Math.PI / 2 - 2 * Math.PI);
  expect(carried(quarter, 'side', 'left')).toBe('left');
  expect(carried(quarter, 'invariant', 'a')).toBe('a');
  expect(carried(quarter, 'companion', 'mask.png')).toBe('mask.png');
  expect(
    carried(quarter, 'polygon', [
      [30, 20],
      [20, 20],
    ]),
  ).toEqual([close([20, 30]), close([20, 20])]);
});

test('mirrored and turned, sides change and rolls turn the other way', () => {
  const both = composeMaps(mapOf(mirrorTransform(size)), slight);
  expect(carried(both, 'side', 'left')).toBe('right');
  expect(carried(both, 'roll', 0.2)).toBeCloseTo(-0.2 + 0.03);
  expect(carried(both, 'yaw', 0.2)).toBe(-0.2);
  expect(carried(both, 'pitch', 0.2)).toBe(0.2);
  const [x, y, z] = carried(both, 'direction', [0.6, 0, -0.8]);
  expect([x, y, z]).toEqual(close([-0.6 * Math.cos(0.03), -0.6 * Math.sin(0.03), -0.8]));
});

test('single coordinates and angles follow only where they have one answer', () => {
  const refusal = (message: string) =>
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) });
  for (const kind of ['x', 'y', 'width', 'height'] as const) {
    for (const map of [slight, bent]) {
      expect(() => carried(map, kind, 3)).toThrow(
        refusal(`The annotation's field value: A label of the kind ${kind}`),
      );
    }
  }
  // Sheared along x, a row stays a row.
  expect(carried(sheared, 'y', 3)).toBe(3);
  expect(carried(sheared, 'height', 3)).toBe(3);
  expect(() => carried(sheared, 'x', 3)).toThrow(refusal('Declare a point or a box'));
  expect(carried(slight, 'yaw', 0.4)).toBe(0.4);
  expect(() => carried(quarter, 'yaw', 0.4)).toThrow(refusal('rotation of 90.0 degrees (at most 2.0)'));
});

test('a box holds its moved outline, and touches it on all four sides', () => {
  fc.assert(
    fc.property(pictureSize, bendingMap, part, part, (from, make, u, v) => {
      const map = make(from);
      const corners = [0.2 * from.width, 0.3 * from.height, 0.7 * from.width, 0.8 * from.height] as const;
      const [left, top, right, bottom] = carried(map, 'corners', corners);
      const along = (t: number): Point => [
        corners[0] + t * (corners[2] - corners[0]),
        corners[1] + v * (corners[3] - corners[1]),
      ];
      const [x, y] = map.move(along(u));
      // Points of the outline between the measured ones may lie a hair beyond.
      const slack = 0.03;
      expect(x).toBeGreaterThan(left - slack);
      expect(x).toBeLessThan(right + slack);
      expect(y).toBeGreaterThan(top - slack);
      expect(y).toBeLessThan(bottom + slack);
      const outline = [];
      for (let step = 0; step <= 100; step++) {
        const t = step / 100;
        const [across, down] = [
          corners[0] + t * (corners[2] - corners[0]),
          corners[1] + t * (corners[3] - corners[1]),
        ];
        outline.push(map.move([across, corners[1]]), map.move([across, corners[3]]));
        outline.push(map.move([corners[0], down]), map.move([corners[2], down]));
      }
      const [xs, ys] = [outline.map(([px]) => px), outline.map(([, py]) => py)];
      expect(Math.abs(Math.min(...xs) - left)).toBeLessThan(slack);
      expect(Math.abs(Math.max(...xs) - right)).toBeLessThan(slack);
      expect(Math.abs(Math.min(...ys) - top)).toBeLessThan(slack);
      expect(Math.abs(Math.max(...ys) - bottom)).toBeLessThan(slack);
    }),
    { numRuns: 30 },
  );
});

test('directions turn by the rotation at the middle of the picture, without its scaling', () => {
  fc.assert(
    fc.property(pictureSize, fc.double({ min: -0.5, max: 0.5, noNaN: true }), (from, rotation) => {
      const map = affineMap(from, { rotation, scale: 1.2, shift: [1, 1] });
      const [x, y] = carried(map, 'direction', [1, 0, 0]);
      expect(Math.atan2(y, x)).toBeCloseTo(rotation, 9);
      expect(Math.hypot(x, y)).toBeCloseTo(1, 9);
    }),
  );
  const [a, b, c, d] = bent.derivative(middleOf(size));
  const [x, y] = carried(bent, 'direction', [1, 0, 0]);
  expect(Math.atan2(y, x)).toBeCloseTo(Math.atan2(c - b, a + d), 9);
});

test('a function moves labels that depend on each other, and sees the annotation as it was', () => {
  const geometry: LabelGeometry<{ at: Point; offset: Point }> = {
    at: 'point',
    offset: (map, [dx, dy], annotation) => {
      const { at } = annotation as { at: Point };
      const [from, to] = [map.move(at), map.move([at[0] + dx, at[1] + dy])];
      return [to[0] - from[0], to[1] - from[1]];
    },
  };
  const moved = carryLabels(
    quarter,
    { at: [30, 20], offset: [4, 0] } as { at: Point; offset: Point },
    geometry,
  );
  expect(moved).toEqual({ at: close([20, 30]), offset: close([0, 4]) });
});
