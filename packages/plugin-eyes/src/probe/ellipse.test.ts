import { expect, test } from 'vitest';
import { type Ellipse, ellipseThrough, outlineDistance, radiusAlong } from './ellipse.ts';

const ellipse: Ellipse = { x: 20, y: 12, major: 8, minor: 5, angle: 0.6 };

/** Points on the ellipse, the projection of evenly spaced points of a circle. */
const points = ({ x, y, major, minor, angle }: Ellipse) =>
  Array.from({ length: 32 }, (_, k) => {
    const [u, v] = [major * Math.cos((Math.PI * k) / 16), minor * Math.sin((Math.PI * k) / 16)];
    return [
      x + u * Math.cos(angle) - v * Math.sin(angle),
      y + u * Math.sin(angle) + v * Math.cos(angle),
    ] as const;
  });

test('an ellipse is recovered from points on it', () => {
  const found = ellipseThrough(points(ellipse));
  for (const key of ['x', 'y', 'major', 'minor', 'angle'] as const)
    expect(found[key]).toBeCloseTo(ellipse[key], 9);
});

test('the radius reaches the outline in every direction', () => {
  for (const [px, py] of points(ellipse)) {
    const direction = Math.atan2(py - ellipse.y, px - ellipse.x);
    expect(radiusAlong(ellipse, direction)).toBeCloseTo(Math.hypot(px - ellipse.x, py - ellipse.y), 9);
  }
});

test('the distance of outlines is how far they are moved or scaled, and 0 after a half turn', () => {
  expect(outlineDistance(ellipse, ellipse)).toBe(0);
  expect(outlineDistance(ellipse, { ...ellipse, angle: ellipse.angle + Math.PI })).toBeCloseTo(0, 9);
  expect(outlineDistance(ellipse, { ...ellipse, x: 23, y: 16 })).toBeCloseTo(5, 9);
  const circle = { ...ellipse, major: 6, minor: 6 };
  expect(outlineDistance(circle, { ...circle, major: 7.5, minor: 7.5 })).toBeCloseTo(1.5, 9);
});
