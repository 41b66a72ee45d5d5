import {
  definePlugin,
  type ImageSpec,
  l1Regularizer,
  meanOfChannels,
  type Plugin,
  regionMeans,
  weightedSum,
} from '@simgan/core';
import { type EyeAnnotation, eyeAnnotation } from './annotation.ts';
import { smallGazeEstimator } from './estimator/gaze-estimator.ts';
import { paperDiscriminator, paperRefiner } from './networks.ts';
import { eyeProbe } from './probe/eye-probe.ts';
import { eyeReaders } from './readers/index.ts';
import { paperRecipe, quickColorRecipe, quickRecipe } from './recipes.ts';
import { eyeSimulator } from './simulator/eye-simulator.ts';
import type { EyeSimulatorOptions } from './simulator/options.ts';
import { standInCamera } from './stand-in/stand-in-camera.ts';

/**
 * Eye gaze, as in section 3.1 of the paper: 55x35 grey images, or RGB with `color: true`. The options are the
 * simulator's.
 *
 * @throws SimganError INVALID_ARGUMENT naming every option that is out of bounds.
 */
export function eyes(options: EyeSimulatorOptions = {}): Plugin<EyeAnnotation> {
  const { width = 55, height = 35, color = false } = options;
  const image: ImageSpec = { width, height, channels: color ? 3 : 1, bits: 8 };
  return definePlugin({
    name: 'eyes',
    image,
    annotation: eyeAnnotation,
    simulator: eyeSimulator(options),
    standIn: standInCamera(options),
    refiner: paperRefiner,
    discriminator: paperDiscriminator,
    regularizer: color ? colorRegularizer : l1Regularizer(),
    recipes: { paper: paperRecipe, quick: color ? quickColorRecipe : quickRecipe },
    probe: eyeProbe(image),
    estimator: smallGazeEstimator,
    readers: eyeReaders,
  });
}

/**
 * The mean of RGB channels keeps the shading (article of 2017, fig. 8); alone it leaves colour without an
 * anchor, and skin drifts to cyan. Region means hold colours where they are, loosely.
 */
const colorRegularizer = weightedSum([
  [1, l1Regularizer(meanOfChannels)],
  [0.5, l1Regularizer(regionMeans(5))],
]);
