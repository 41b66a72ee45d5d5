import { definePlugin, type ImageSpec, type Plugin, SimganError } from '@simgan/core';
import { type HandAnnotation, handAnnotation } from './annotation.ts';
import { depthDisplay } from './depth-display.ts';
import { handEstimator, hourglassNumbers, smallNumbers } from './evaluation/hand-estimator.ts';
import { handProbe } from './evaluation/hand-probe.ts';
import { jointRegressor } from './evaluation/joint-regressor.ts';
import { handImage } from './hand-image.ts';
import { paperDiscriminator, paperRefiner } from './networks.ts';
import { handReaders } from './readers/index.ts';
import { paperRecipe, quickRecipe } from './recipes.ts';
import { holesMasked } from './regularizer.ts';
import type { HandSimulatorOptions } from './simulator/hand-scene.ts';
import { handSimulator } from './simulator/hand-simulator.ts';
import { standInDepthCamera } from './stand-in/stand-in-camera.ts';

/** What {@link depthHands} makes its plugin of. */
export interface DepthHandsOptions extends HandSimulatorOptions {
  /**
   * The estimator of joints: `hourglass`, the paper's two of 64x64, for a GPU; `small`, one of 32x32; `regressor`,
   * coordinates in place of maps, which tells sets of pictures apart after a minute on a CPU. Unless given, the
   * `regressor` for pictures of less than 128x128.
   */
  readonly estimator?: 'hourglass' | 'small' | 'regressor';
}

/**
 * Hand pose from depth, as in section 3.2 of the paper: square 16-bit images in millimetres. The options are
 * the simulator's, and the estimator; `size` of 64 trains in minutes on a CPU, where the paper's 224 takes days.
 *
 * @throws SimganError INVALID_ARGUMENT naming the option that cannot be used.
 */
export function depthHands({ estimator, ...options }: DepthHandsOptions = {}): Plugin<HandAnnotation> {
  if (estimator !== undefined && !Object.hasOwn(estimators, estimator)) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `There is no estimator ${JSON.stringify(estimator)} of hands: there are ${Object.keys(estimators)
        .join(', ')
        .replace(/, (?=[^,]*$)/, ' and ')}.`,
    );
  }
  const image = handImage(options.size, options.cube);
  return definePlugin({
    name: 'depth-hands',
    image,
    display: depthDisplay(image),
    annotation: handAnnotation,
    simulator: handSimulator(options),
    standIn: standInDepthCamera(options),
    refiner: paperRefiner,
    discriminator: paperDiscriminator,
    regularizer: holesMasked(image),
    recipes: { paper: paperRecipe, quick: quickRecipe },
    readers: handReaders,
    realFormat: 'depth',
    probe: handProbe(image),
    estimator: estimators[estimator ?? (image.width < 128 ? 'regressor' : 'hourglass')](image),
  });
}

const estimators = {
  hourglass: (image: ImageSpec) => handEstimator(image, hourglassNumbers),
  small: (image: ImageSpec) => handEstimator(image, smallNumbers),
  regressor: (image: ImageSpec) => jointRegressor(image),
} as const;
