import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { KINECT, measure, type StructuredLightSensor } from './structured-light.ts';

const size = 96;
const sampling = { size, focal: 588, scale: 2 };
const perfect: StructuredLightSensor = {
  baseline: 75,
  disparityStep: 0,
  disparityNoise: 0,
  lateralNoise: 0,
  flying: 0,
  edgeLoss: 0,
  grazing: 200,
  dropout: 0,
};
const sense = (depths: Float32Array, sensor: Partial<StructuredLightSensor>) =>
  measure(depths, { ...perfect, ...sensor }, sampling, createRng(3));
const plane = (depth: number, perColumn = 0) =>
  Float32Array.from({ length: size * size }, (_, index) => depth + perColumn * ((index % size) - size / 2));
/** A bar in front of a plane; a tiny baseline casts no shadow. */
const bar = () => plane(900).map((depth, index) => (index % size >= 40 && index % size < 60 ? 700 : depth));
const noShadow = { baseline: 0.001 };

test('a sensor without faults measures the truth', () => {
  const truth = plane(800, 0.5);
  const measured = sense(truth, {});
  expect(Math.max(...measured.map((depth, pixel) => Math.abs(depth - truth[pixel]!)))).toBeLessThan(0.001);
});

test('steps of disparity are steps of depth that grow with the square of depth', () => {
  const gap = (depth: number) => {
    const levels = [...new Set(sense(plane(depth, 0.4), { disparityStep: 1 / 8 }))].sort((a, b) => a - b);
    return (levels.at(-1)! - levels[0]!) / (levels.length - 1);
  };
  // z² / (8 f b)
  expect(gap(700)).toBeCloseTo(700 ** 2 / (8 * 588 * 75), 1);
  expect(gap(1400)).toBeCloseTo(1400 ** 2 / (8 * 588 * 75), 0);
  expect(gap(1400) / gap(700)).toBeCloseTo(4, 0);
});

test('noise along the line of sight has the requested deviation, and grows with the square of depth', () => {
  const deviation = (depth: number) => {
    const errors = sense(plane(depth), { disparityNoise: 1 / 16 }).map((value) => value - depth);
    return Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
  };
  expect(deviation(700) / (700 ** 2 / (16 * 588 * 75))).toBeCloseTo(1, 0.7);
  expect(deviation(1400) / deviation(700)).toBeCloseTo(4, 0);
});

test('lateral noise frays edges and does not change planes', () => {
  const frayed = sense(bar(), { ...noShadow, lateralNoise: 2.5 });
  const truth = bar();
  const moved = frayed.filter((depth, pixel) => Math.abs(depth - truth[pixel]!) > 100).length;
  expect(moved).toBeGreaterThan(40);
  expect(moved).toBeLessThan(0.15 * size * size);
  const unmoved = sense(plane(700), { lateralNoise: 2.5 }).map((depth) => Math.abs(depth - 700));
  expect(Math.max(...unmoved)).toBeLessThan(0.001);
});

test('flying pixels lie between two surfaces, at the edge and nowhere else', () => {
  const flown = [...sense(bar(), { ...noShadow, flying: 0.5 }).entries()].filter(
    ([, z]) => z > 701 && z < 899,
  );
  expect(flown.length).toBeGreaterThan(0.3 * 4 * size);
  for (const [pixel] of flown) {
    const column = pixel % size;
    expect(Math.min(Math.abs(column - 39.5), Math.abs(column - 59.5))).toBeLessThan(2);
  }
});

test('data are lost at edges, at grazing surfaces and in patches', () => {
  const lost = (depths: Float32Array, sensor: Partial<StructuredLightSensor>) =>
    sense(depths, sensor).filter(Number.isNaN).length / size ** 2;
  expect(lost(bar(), { ...noShadow, edgeLoss: 0.5 })).toBeCloseTo(2 / size, 2);
  // A pixel is 700 * 2 / 588 = 2.4 mm wide: 10 mm per pixel is 77 degrees, 2 mm 40.
  expect(lost(plane(700, 10), { grazing: 70 })).toBeGreaterThan(0.2);
  expect(lost(plane(700, 2), { grazing: 70 })).toBe(0);
  expect(lost(plane(700), { dropout: 0.03 })).toBeGreaterThan(0.01);
  expect(lost(plane(700), { dropout: 0.03 })).toBeLessThan(0.06);
});

test('the projector casts shadows', () => {
  const shadowed = sense(bar(), { baseline: 75 });
  expect(shadowed[50 * size + 38]).toBeNaN();
  expect(shadowed[50 * size + 65]).toBeCloseTo(900, 1);
  expect(KINECT.baseline).toBe(75);
});
