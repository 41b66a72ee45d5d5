import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { depthMap } from './depth-map.ts';
import type { Cone } from './flesh.ts';
import { randomScene } from './hand-scene.ts';
import { handSimulatorOptions } from './options.ts';
import { HandSurface } from './surface.ts';

const cone = (part: Cone['part'], from: Cone['from'], to: Cone['to'], radius: number): Cone => ({
  part,
  from,
  to,
  fromRadius: radius,
  toRadius: radius,
});

test('a ray meets a cylinder where geometry says', () => {
  const surface = new HandSurface([cone('palm', [-50, 0, 600], [50, 0, 600], 10)]);
  expect(surface.firstDepth(0, 0, 0, 1000)).toBeCloseTo(590, 0);
  // The ray [0, k, 1] z meets y² + (z - 600)² = 100 where (1 + k²) z² - 1200 z + 600² - 100 = 0.
  const k = 0.01;
  const depth = (600 - Math.sqrt(600 ** 2 - (1 + k * k) * (600 ** 2 - 100))) / (1 + k * k);
  expect(surface.firstDepth(0, k, 0, 1000)).toBeCloseTo(depth, 0);
  expect(surface.firstDepth(0, 0.05, 0, 1000)).toBe(Number.POSITIVE_INFINITY);
});

test('a finger blends into the palm, but fingers do not blend', () => {
  const at = (second: Cone['part'], first: Cone['part']) =>
    new HandSurface([
      cone(first, [-30, 0, 600], [30, 0, 600], 10),
      cone(second, [0, -30, 600], [0, 30, 600], 10),
    ]).distance(10.5, 10.5, 600);
  expect(at('middle', 'index')).toBeCloseTo(0.5, 6);
  expect(at('index', 'palm')).toBeLessThan(-0.5);
});

test('tiles leave nothing out: rays that consider every cone give the same picture', () => {
  const options = handSimulatorOptions.parse({ size: 48, view: 'any' });
  for (let seed = 0; seed < 6; seed++) {
    const { surface, annotation } = randomScene(createRng(seed), options);
    const { camera, crop } = annotation;
    const depths = depthMap(surface, annotation, 48);
    let met = 0;
    for (let row = 0; row < 48; row++) {
      for (let column = 0; column < 48; column++) {
        const dx = (crop.u + crop.scaleU * column - camera.cx) / camera.fx;
        const dy = (camera.cy - crop.v - crop.scaleV * row) / camera.fy;
        const expected = surface.firstDepth(dx, dy, surface.nearest, 2000);
        if (expected === Number.POSITIVE_INFINITY) expect(depths[row * 48 + column]).toBe(expected);
        else expect(Math.abs(depths[row * 48 + column]! - expected)).toBeLessThan(2);
        if (expected < 2000) met++;
      }
    }
    expect(met).toBeGreaterThan(100);
  }
});
