import type { Image, Rng } from '@simgan/core';
import type { CompleteHandAnnotation } from '../annotation.ts';
import { storeDepths } from '../hand-image.ts';
import { measure, type StructuredLightSensor } from '../sensor/structured-light.ts';
import { randomBackground } from './background.ts';
import { depthMap } from './depth-map.ts';
import type { HandSurface } from './surface.ts';

/** How a scene is seen. */
export interface Observation {
  /** Pixels along a side. */
  readonly size: number;
  readonly behind: 'nothing' | 'person';
  /** `undefined`: every depth is exact. */
  readonly sensor: StructuredLightSensor | undefined;
}

/** The picture of a hand. What stands behind it and the sensor draw from `rng` apart from each other. */
export function observe(
  surface: HandSurface,
  annotation: CompleteHandAnnotation,
  { size, behind, sensor }: Observation,
  rng: Rng,
): Image {
  const depths = depthMap(surface, annotation, size);
  if (behind === 'person') {
    const background = randomBackground(rng.fork('background'), annotation, size);
    for (const [pixel, depth] of background.entries()) depths[pixel] = Math.min(depth, depths[pixel]!);
  }
  const sampling = { size, focal: annotation.camera.fx, scale: annotation.crop.scaleU };
  const measured = sensor ? measure(depths, sensor, sampling, rng.fork('sensor')) : depths;
  return storeDepths({ width: size, height: size, depths: measured }, annotation.crop);
}
