import { expect, test } from 'vitest';
import { placesOf } from './places.ts';

test('points of every kind are places, and labels of other kinds are at none', () => {
  const annotation = {
    pupil: [3, 4] as const,
    landmarks: [
      [1, 2],
      [5, 6],
    ] as const,
    joint: [7, 8, 900] as const,
    gaze: [0, 0, 1] as const,
    name: 'a',
    missing: undefined,
    corner: { left: 9, top: 10, scale: 2 },
    hands: [{ wrist: [11, 12] as const }, null],
    pair: { x1: 1, x2: 2, y: 3 },
  };
  const places = placesOf(
    annotation as unknown as Record<string, never>,
    {
      pupil: 'point',
      landmarks: 'points',
      joint: 'uvd',
      gaze: 'direction',
      name: 'invariant',
      missing: 'point',
      corner: { left: 'x', top: 'y', scale: 'invariant' },
      hands: { each: { wrist: 'point' } },
      // Which x belongs to the y is not said.
      pair: { x1: 'x', x2: 'x', y: 'y' },
    } as never,
  );
  expect(places.map(({ point }) => point)).toEqual([
    [3, 4],
    [1, 2],
    [5, 6],
    [7, 8],
    [9, 10],
    [11, 12],
  ]);
  expect(places.every(({ kind, across }) => kind === 'points' && across === undefined)).toBe(true);
});

test('boxes and outlines have places along their edges, with the direction across', () => {
  const geometry = { box: 'box', same: 'corners', outline: 'polygon' } as const;
  const places = placesOf(
    {
      box: [10, 20, 32, 16] as const,
      same: [10, 20, 42, 36] as const,
      outline: [
        [0, 0],
        [40, 0],
        [0, 30],
      ] as const,
    },
    geometry,
  );
  const of = (kind: string) => places.filter((place) => place.kind === kind);
  const [boxes, outlines] = [of('boxes'), of('outlines')];
  expect(boxes.slice(boxes.length / 2)).toEqual(boxes.slice(0, boxes.length / 2));
  expect(boxes).toHaveLength(24);
  for (const {
    point: [x, y],
    across,
  } of boxes) {
    const isUpright = x === 10 || x === 42;
    expect(isUpright || y === 20 || y === 36).toBe(true);
    expect(across!.map(Math.abs)).toEqual(isUpright ? [1, 0] : [0, 1]);
  }
  expect(outlines).toHaveLength(15);
  const slanted = outlines.filter(({ point: [x, y] }) => x > 0 && y > 0);
  expect(slanted.length).toBeGreaterThan(4);
  for (const {
    point: [x, y],
    across,
  } of slanted) {
    expect(x / 40 + y / 30).toBeCloseTo(1, 9);
    expect(Math.abs(across![0] * 30 + across![1] * 40)).toBeCloseTo(50, 9);
  }
});

test('outlines without extent, and points that are none, have no places', () => {
  const geometry = { box: 'box', point: 'point' } as const;
  expect(placesOf({ box: [3, 3, 0, 0] as const, point: [Number.NaN, 1] as const }, geometry)).toEqual([]);
  expect(
    placesOf({ box: [3, 3, Number.POSITIVE_INFINITY, 1] as const, point: [0, 0] as const }, geometry),
  ).toHaveLength(1);
});
