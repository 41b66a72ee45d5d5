import { createRng, imageProblem } from '@simgan/core';
import { expect, test } from 'vitest';
import { degraded } from '../scripts/iris-network/degrade.ts';
import { labelIn, simulatedViews, viewForm } from '../scripts/iris-network/views.ts';
import type { Ellipse } from '../src/probe/ellipse.ts';
import { units } from '../src/probe/iris-network.ts';
import type { Plane } from '../src/probe/plane.ts';
import { VIEW_SIDE, type ViewPose, viewAt } from '../src/probe/view.ts';

/** A dark ellipse on white, fine enough for its moments to say where and how it lies. */
function drawn({ x, y, major, minor, angle }: Ellipse): Plane {
  const [width, height, fine] = [55, 35, 8];
  const values = new Float32Array(width * height);
  for (let i = 0; i < width * fine * height * fine; i++) {
    const px = ((i % (width * fine)) + 0.5) / fine - x;
    const py = (Math.floor(i / (width * fine)) + 0.5) / fine - y;
    const along = (px * Math.cos(angle) + py * Math.sin(angle)) / major;
    const across = (-px * Math.sin(angle) + py * Math.cos(angle)) / minor;
    const at = Math.floor((py + y) * 1) * width + Math.floor(px + x);
    if (along * along + across * across < 1) values[at]! -= 1 / (fine * fine);
  }
  return { values, width, height };
}

/** The ellipse with the moments of what is dark. */
function measured(view: Float32Array): Ellipse {
  const brightest = Math.max(...view);
  let [mass, x, y] = [0, 0, 0];
  const weigh = (i: number) => brightest - view[i]!;
  for (let i = 0; i < view.length; i++) {
    mass += weigh(i);
    x += weigh(i) * ((i % VIEW_SIDE) + 0.5);
    y += weigh(i) * (Math.floor(i / VIEW_SIDE) + 0.5);
  }
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < view.length; i++) {
    const u = (i % VIEW_SIDE) + 0.5 - x / mass;
    const v = Math.floor(i / VIEW_SIDE) + 0.5 - y / mass;
    xx += (weigh(i) * u * u) / mass;
    xy += (weigh(i) * u * v) / mass;
    yy += (weigh(i) * v * v) / mass;
  }
  // A filled ellipse has a quarter of its squared half axes as moments; a pixel's own breadth is taken off.
  const middle = (xx + yy) / 2 - 1 / 12;
  const half = Math.hypot((xx - yy) / 2, xy);
  return {
    x: x / mass,
    y: y / mass,
    major: 2 * Math.sqrt(middle + half),
    minor: 2 * Math.sqrt(middle - half),
    angle: Math.atan2(xy, (xx - yy) / 2) / 2,
  };
}

test.each<ViewPose>([
  { pitch: 1, turn: 0, isMirrored: false },
  { pitch: 1, turn: 0, isMirrored: true },
  { pitch: 1.15, turn: 0.3, isMirrored: false },
  { pitch: 0.9, turn: -0.25, isMirrored: true },
])('labels are where the iris is in a view: %j', (pose) => {
  const iris: Ellipse = { x: 27.3, y: 16.8, major: 7.5, minor: 5.2, angle: 1.1 };
  const [x, y] = [26, 18.1];
  const [dx, dy, radius, ex, ey] = labelIn(iris, x, y, pose);
  const found = measured(viewAt(drawn(iris), x, y, pose));
  expect(found.x - VIEW_SIDE / 2).toBeCloseTo(units.center * dx, 1);
  expect(found.y - VIEW_SIDE / 2).toBeCloseTo(units.center * dy, 1);
  expect(Math.abs(found.major - units.usualRadius - units.radius * radius)).toBeLessThan(0.15);
  const lack = 1 - found.minor / found.major;
  const shorter = found.angle + Math.PI / 2;
  expect(Math.abs(lack * Math.cos(2 * shorter) - units.foreshortening * ex)).toBeLessThan(0.03);
  expect(Math.abs(lack * Math.sin(2 * shorter) - units.foreshortening * ey)).toBeLessThan(0.03);
});

test('degrading moves nothing: what is dark stays where it is', () => {
  const iris: Ellipse = { x: 27, y: 17, major: 7.5, minor: 6.8, angle: 0.5 };
  const plane = drawn(iris);
  let moved = 0;
  const bright = { ...plane, values: plane.values.map((value) => 1.6 * value + 0.3) };
  for (let look = 0; look < 100; look++) {
    const { values } = degraded(bright, createRng(look));
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(0, 3);
    expect(variance).toBeCloseTo(1, 2);
    const likeness = (dx: number, dy: number) =>
      values.reduce((total, value, i) => total + value * (bright.values[i - dx - dy * plane.width] ?? 0), 0);
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ] as const) {
      if (likeness(dx, dy) > likeness(0, 0)) moved += 1;
    }
  }
  // Of 400: where grain and shadow nearly hide the iris, chance may prefer a neighbor. A move of one pixel makes it 100.
  expect(moved).toBeLessThan(30);
});

test('views are the same for the same seed, and show irises, places beside them, and shut eyes', async () => {
  const size = { eyes: 40, looks: 60 };
  const [views, again] = [await simulatedViews(2, size), await simulatedViews(2, size)];
  expect(views.length).toBe(4 * size.looks);
  expect(await again.at(17)).toEqual(await views.at(17));
  let present = 0;
  for await (const { image, annotation } of views) {
    expect(imageProblem(image, viewForm)).toBeUndefined();
    if (annotation.isPresent) present += 1;
  }
  expect(present / views.length).toBeGreaterThan(0.5);
  expect(present / views.length).toBeLessThan(0.9);
});
