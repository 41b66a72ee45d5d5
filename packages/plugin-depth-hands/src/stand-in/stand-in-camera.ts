import type { Simulator } from '@simgan/core';
import { parseOptions } from '@simgan/core/plugin';
import type { z } from 'zod';
import type { CompleteHandAnnotation } from '../annotation.ts';
import { KINECT, structuredLightSensor } from '../sensor/structured-light.ts';
import { randomScene } from '../simulator/hand-scene.ts';
import { observe } from '../simulator/observe.ts';
import { handSimulatorOptions } from '../simulator/options.ts';

const standInOptions = handSimulatorOptions.omit({ behind: true, measurement: true }).extend({
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
    return { image: observe(surface, annotation, { size, behind: 'person', sensor }, rng), annotation };
  };
}
