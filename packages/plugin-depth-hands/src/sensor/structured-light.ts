import type { Rng } from '@simgan/core';
import { z } from 'zod';
import { smoothNoise } from './noise.ts';
import { shadowedPixels } from './shadow.ts';

const share = z.number().min(0).max(1);

/**
 * The schema of {@link StructuredLightSensor}. Its defaults are the first Kinect. Baseline, steps of 1/8 pixel and half a
 * step of noise: Khoshelham and Oude Elberink, Sensors 12(2), 2012. 0.8 pixels of lateral noise and losses near 70
 * degrees: Nguyen, Izadi and Lovell, 3DIMPVT 2012. The shares at edges are set by eye against real pictures.
 */
export const structuredLightSensor = z.strictObject({
  baseline: z
    .number()
    .positive()
    .max(1000)
    .default(75)
    .describe('Distance of the projector to the right of the camera, in mm.'),
  disparityStep: z
    .number()
    .min(0)
    .max(8)
    .default(1 / 8)
    .describe('Finest step of disparity, in sensor pixels; 0: none.'),
  disparityNoise: z
    .number()
    .min(0)
    .max(8)
    .default(1 / 16)
    .describe('Standard deviation of disparity, in sensor pixels.'),
  lateralNoise: z
    .number()
    .min(0)
    .max(32)
    .default(0.8)
    .describe('Standard deviation of where a pixel looks, in sensor pixels.'),
  flying: share
    .default(0.12)
    .describe('Share of the pixels at edges that report a depth between the two surfaces.'),
  edgeLoss: share.default(0.22).describe('Share of the pixels at edges that report nothing.'),
  grazing: z
    .number()
    .min(0)
    .max(90)
    .default(70)
    .describe('Angle of a surface to the image plane beyond which dots are lost, in degrees.'),
  dropout: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.006)
    .describe('Share of all pixels that report nothing, in patches.'),
});

/** A camera and a projector of dots side by side, as in the first Kinect. Lengths in sensor pixels unless stated otherwise. */
export type StructuredLightSensor = Readonly<z.output<typeof structuredLightSensor>>;

/** The first Kinect; see {@link structuredLightSensor} for the sources of its numbers. */
export const KINECT: StructuredLightSensor = structuredLightSensor.parse({});

/** How a picture samples the sensor: focal length in sensor pixels, and how many of them a picture's pixel spans. */
export interface Sampling {
  readonly size: number;
  readonly focal: number;
  readonly scale: number;
}

/** A larger step between adjacent pixels, in mm, is an edge between surfaces. */
export const EDGE_MM = 25;

/**
 * What a sensor measures of a scene: shadows of the projector, lateral noise, flying pixels and losses at
 * edges, losses at grazing surfaces and in patches, noise and steps of disparity, whose effect grows with the square of
 * depth.
 *
 * @param depths - `[size, size]` true depths in mm, all finite.
 * @returns `[size, size]` measured depths in mm; NaN where nothing is measured.
 */
export function measure(
  depths: Float32Array,
  sensor: StructuredLightSensor,
  { size, focal, scale }: Sampling,
  rng: Rng,
): Float32Array {
  // Matching windows correlate errors over a few of the sensor's pixels.
  const correlation = 2.5 / scale;
  const field = (name: string, cell = correlation) => smoothNoise(rng.fork(name), size, cell);
  const [wanderU, wanderV, wobble, patches] = [
    field('u'),
    field('v'),
    field('disparity'),
    field('patches', 3),
  ];
  const chance = rng.fork('edges');
  const shadow = shadowedPixels(depths, size, (focal * sensor.baseline) / scale);
  const dropBelow = dropThreshold(sensor.dropout);
  const wander = sensor.lateralNoise / scale;
  const measured = new Float32Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const pixel = row * size + column;
      const fromColumn = within(Math.round(column + wander * wanderU[pixel]!), size);
      const fromRow = within(Math.round(row + wander * wanderV[pixel]!), size);
      const source = fromRow * size + fromColumn;
      let depth = depths[source]!;
      const around = neighborhood(depths, size, fromColumn, fromRow);
      const [lot, share] = [chance.next(), chance.next()];
      if (around.farthest - around.nearest > EDGE_MM) {
        // A matching window across an edge contains dots of both surfaces.
        if (lot < sensor.flying) depth = 1 / (share / around.nearest + (1 - share) / around.farthest);
        else if (lot < sensor.flying + sensor.edgeLoss) depth = Number.NaN;
      } else {
        const slope = Math.atan2(around.slope * focal, depth * scale) * (180 / Math.PI);
        if (lot < (slope - sensor.grazing) / 15) depth = Number.NaN;
      }
      if (shadow[source] || patches[pixel]! < dropBelow) depth = Number.NaN;
      const disparity = (focal * sensor.baseline) / depth + sensor.disparityNoise * wobble[pixel]!;
      const reported =
        sensor.disparityStep > 0
          ? Math.round(disparity / sensor.disparityStep) * sensor.disparityStep
          : disparity;
      measured[pixel] = (focal * sensor.baseline) / reported;
    }
  }
  return measured;
}

interface Neighborhood {
  readonly nearest: number;
  readonly farthest: number;
  /** mm of depth per pixel. */
  readonly slope: number;
}

function neighborhood(depths: Float32Array, size: number, column: number, row: number): Neighborhood {
  const left = depths[row * size + within(column - 1, size)]!;
  const right = depths[row * size + within(column + 1, size)]!;
  const above = depths[within(row - 1, size) * size + column]!;
  const below = depths[within(row + 1, size) * size + column]!;
  return {
    nearest: Math.min(left, right, above, below),
    farthest: Math.max(left, right, above, below),
    slope: Math.hypot(right - left, below - above) / 2,
  };
}

function within(index: number, size: number): number {
  return Math.min(size - 1, Math.max(0, index));
}

/** The quantile of the standard normal for a small probability (Abramowitz and Stegun, 26.2.23). */
function dropThreshold(probability: number): number {
  if (probability <= 0) return Number.NEGATIVE_INFINITY;
  const t = Math.sqrt(-2 * Math.log(probability));
  return (
    (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3) -
    t
  );
}
