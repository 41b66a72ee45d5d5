import type { Simulator } from '@simgan/core';
import type { CompleteHandAnnotation } from '../annotation.ts';
import { storeDepths } from '../hand-image.ts';
import { depthMap } from '../simulator/depth-map.ts';
import { type HandSimulatorOptions, randomScene, resolveHandOptions } from '../simulator/hand-scene.ts';
import { randomBackground } from './background.ts';
import { KINECT, measure, type StructuredLightSensor } from './structured-light.ts';

/** The options of {@link standInDepthCamera}. */
export interface StandInDepthCameraOptions extends HandSimulatorOptions {
  /** What to change of {@link KINECT}. */
  readonly sensor?: Partial<StructuredLightSensor>;
}

/**
 * Plays the real camera in demonstrations and tests: the hands of `handSimulator` with a person and a wall
 * behind them, as a structured-light sensor measures them, holes and all. The same seed and index show the
 * same hand as `handSimulator` does, and the annotation is as exact.
 *
 * @throws SimganError INVALID_ARGUMENT naming the option that cannot be used.
 */
export function standInDepthCamera(
  options: StandInDepthCameraOptions = {},
): Simulator<CompleteHandAnnotation> {
  const { sensor: changes, ...hand } = options;
  const resolved = resolveHandOptions(hand);
  const sensor = { ...KINECT, ...changes };
  return (rng) => {
    const { surface, annotation } = randomScene(rng, resolved);
    const { size } = resolved;
    const depths = depthMap(surface, annotation, size);
    const background = randomBackground(rng.fork('background'), annotation, size);
    for (const [pixel, depth] of background.entries()) depths[pixel] = Math.min(depth, depths[pixel]!);
    const sampling = { size, focal: annotation.camera.fx, scale: annotation.crop.scaleU };
    const measured = measure(depths, sensor, sampling, rng.fork('sensor'));
    return { image: storeDepths(measured, annotation.crop), annotation };
  };
}
