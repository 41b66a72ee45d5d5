import type { Simulator } from '@simgan/core';
import { parseOptions } from '@simgan/core/plugin';
import type { z } from 'zod';
import type { CompleteHandAnnotation } from '../annotation.ts';
import { storeDepths } from '../hand-image.ts';
import { depthMap } from '../simulator/depth-map.ts';
import { randomScene } from '../simulator/hand-scene.ts';
import { handSimulatorOptions } from '../simulator/options.ts';
import { randomBackground } from './background.ts';
import { KINECT, measure, structuredLightSensor } from './structured-light.ts';

const standInOptions = handSimulatorOptions.extend({
  sensor: structuredLightSensor.default(KINECT).describe('What differs from the first Kinect.'),
});

/** Options of {@link standInDepthCamera}: the simulator's, and what of the sensor differs from the `KINECT`. */
export type StandInDepthCameraOptions = z.input<typeof standInOptions>;

/**
 * Plays the real camera in demos and tests: the hands of `handSimulator` with a person and a wall
 * behind them, as a structured-light sensor measures them, with holes. The same seed and index show the
 * same hand as `handSimulator` does, and the annotation is as exact.
 *
 * @throws SimganError INVALID_ARGUMENT naming every option that cannot be used.
 * @example
 * ```ts
 * import { simulate } from '@simgan/core';
 * import { pixelKind, standInDepthCamera } from '@simgan/plugin-depth-hands';
 *
 * const camera = standInDepthCamera({ size: 64, sensor: { dropout: 0.02 } });
 * const { image } = await simulate(camera, { seed: 1, length: 100 }).at(0);
 * const holes = image.data.filter((value) => pixelKind(value, 300) === 'invalid').length;
 * ```
 */
export function standInDepthCamera(
  options: StandInDepthCameraOptions = {},
): Simulator<CompleteHandAnnotation> {
  const { sensor, ...hand } = parseOptions(standInOptions, options);
  const { size } = hand;
  return (rng) => {
    const { surface, annotation } = randomScene(rng, hand);
    const depths = depthMap(surface, annotation, size);
    const background = randomBackground(rng.fork('background'), annotation, size);
    for (const [pixel, depth] of background.entries()) depths[pixel] = Math.min(depth, depths[pixel]!);
    const sampling = { size, focal: annotation.camera.fx, scale: annotation.crop.scaleU };
    const measured = measure(depths, sensor, sampling, rng.fork('sensor'));
    return {
      image: storeDepths({ width: size, height: size, depths: measured }, annotation.crop),
      annotation,
    };
  };
}
