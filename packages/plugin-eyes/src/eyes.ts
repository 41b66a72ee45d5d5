import {
  definePlugin,
  l1Regularizer,
  meanOfChannels,
  pluginFactory,
  regionMeans,
  weightedSum,
} from '@simgan/core';
import { eyeAnnotation } from './annotation.ts';
import { smallGazeEstimator } from './estimator/gaze-estimator.ts';
import { paperDiscriminator, paperRefiner } from './networks.ts';
import { eyeProbe } from './probe/eye-probe.ts';
import { eyeRandomization } from './randomization.ts';
import { eyeReaders } from './readers/index.ts';
import { paperRecipe, quickColorRecipe, quickRecipe } from './recipes.ts';
import { eyeSimulator } from './simulator/eye-simulator.ts';
import { eyeOptions, imageForm } from './simulator/options.ts';
import { standInCamera } from './stand-in/stand-in-camera.ts';

/**
 * The plugin of section 3.1 of the paper: eye gaze on 55x35 grayscale images, or RGB with `color: true`. The options
 * are the simulator's, `EyeSimulatorOptions`.
 *
 * @throws SimganError INVALID_ARGUMENT naming every option that is unknown or out of range.
 * @example
 * ```ts
 * import { simulate } from '@simgan/core';
 * import { eyes } from '@simgan/plugin-eyes';
 *
 * const plugin = eyes({ color: true, gazeYaw: [-20, 20] });
 * for await (const { id, image, annotation } of simulate(plugin.simulator, { seed: 1, length: 3 })) {
 *   console.log(id, image.width, image.height, annotation.gaze, annotation.pupilCenter);
 * }
 * ```
 */
export const eyes = pluginFactory(eyeOptions, (options) => {
  const { color } = options;
  const image = imageForm(options);
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
    randomization: eyeRandomization,
  });
});

/**
 * The mean of RGB channels preserves shading (Apple's article of 2017, fig. 8); alone it leaves color without an
 * anchor, and skin drifts to cyan. Region means hold colors loosely in place.
 */
const colorRegularizer = weightedSum([
  [1, l1Regularizer(meanOfChannels)],
  [0.5, l1Regularizer(regionMeans(5))],
]);
