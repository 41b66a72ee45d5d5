import type { Rng } from '@simgan/core';
import { smoothNoise } from './noise.ts';
import { shadowedPixels } from './shadow.ts';

/** A camera and a projector of dots side by side, as in the first Kinect. */
export interface StructuredLightSensor {
  /** How far the projector stands to the right of the camera, in mm. */
  readonly baseline: number;
  /** The finest step of disparity that the sensor reports, in its pixels. */
  readonly disparityStep: number;
  /** Standard deviation of the measured disparity, in the sensor's pixels. */
  readonly disparityNoise: number;
  /** Standard deviation of where a pixel looks, in the sensor's pixels. */
  readonly lateralNoise: number;
  /** Share of the pixels at edges that report a depth between the two surfaces. */
  readonly flying: number;
  /** Share of the pixels at edges that report nothing. */
  readonly edgeLoss: number;
  /** Degrees between the line of sight and the surface's normal beyond which dots are lost. */
  readonly grazing: number;
  /** Share of all pixels that report nothing, in patches. */
  readonly dropout: number;
}

/**
 * The first Kinect. Baseline, steps of 1/8 pixel and half a step of noise: Khoshelham and Oude Elberink,
 * Sensors 12(2), 2012. 0.8 pixels of lateral noise and losses near 70 degrees: Nguyen, Izadi and Lovell, 3DIMPVT
 * 2012. The shares at edges are set by eye against real pictures.
 */
export const KINECT: StructuredLightSensor = {
  baseline: 75,
  disparityStep: 1 / 8,
  disparityNoise: 1 / 16,
  lateralNoise: 0.8,
  flying: 0.12,
  edgeLoss: 0.22,
  grazing: 70,
  dropout: 0.006,
};

/** How a picture samples the sensor: focal length in the sensor's pixels, and how many of them a pixel spans. */
export interface Sampling {
  readonly size: number;
  readonly focal: number;
  readonly scale: number;
}

/** A step between neighbouring pixels larger than this, in mm, is an edge between surfaces. */
export const EDGE_MM = 25;

/**
 * What a sensor measures of a scene: shadows of the projector, lateral noise, flying pixels and losses at
 * edges, losses at grazing surfaces and in patches, noise and steps of disparity, which in depth grow with
 * its square.
 *
 * @param depths `size * size` true depths in mm, all finite.
 * @returns `size * size` measured depths in mm; NaN where nothing is measured.
 */
export function measure(
  depths: Float32Array,
  sensor: StructuredLightSensor,
  { size, focal, scale }: Sampling,
  rng: Rng,
): Float32Array {
  // Matching windows correlate neighbouring errors over a few of the sensor's pixels.
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
      const around = neighbourhood(depths, size, fromColumn, fromRow);
      const [lot, share] = [chance.next(), chance.next()];
      if (around.farthest - around.nearest > EDGE_MM) {
        // A window across an edge matches dots of both surfaces.
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

interface Neighbourhood {
  readonly nearest: number;
  readonly farthest: number;
  /** Depth gained per pixel, in mm. */
  readonly slope: number;
}

function neighbourhood(depths: Float32Array, size: number, column: number, row: number): Neighbourhood {
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

/** Below which a standard normal falls with this probability, for small ones (Abramowitz and Stegun, 26.2.23). */
function dropThreshold(probability: number): number {
  if (probability <= 0) return Number.NEGATIVE_INFINITY;
  const t = Math.sqrt(-2 * Math.log(probability));
  return (
    (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3) -
    t
  );
}
