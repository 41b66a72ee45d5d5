import { definePlugin, pluginFactory, type SizedForm } from '@simgan/core';
import { z } from 'zod';
import { handAnnotation } from './annotation.ts';
import { depthDisplay } from './depth-display.ts';
import { handEstimator, hourglassNumbers, smallNumbers } from './evaluation/hand-estimator.ts';
import { handProbe } from './evaluation/hand-probe.ts';
import { jointRegressor } from './evaluation/joint-regressor.ts';
import { handImage } from './hand-image.ts';
import { paperDiscriminator, paperRefiner } from './networks.ts';
import { handRandomization } from './randomization.ts';
import { handReaders } from './readers/index.ts';
import { paperRecipe, quickRecipe } from './recipes.ts';
import { holesMasked } from './regularizer.ts';
import { handSimulator } from './simulator/hand-simulator.ts';
import { handCamera, handSimulatorOptions } from './simulator/options.ts';
import { standInDepthCamera } from './stand-in/stand-in-camera.ts';

const estimators = {
  hourglass: (image: SizedForm) => handEstimator(image, hourglassNumbers),
  small: (image: SizedForm) => handEstimator(image, smallNumbers),
  regressor: (image: SizedForm) => jointRegressor(image),
} as const;

/** Below this size the regressor is the default estimator, pixels. */
const REGRESSOR_BELOW = 128;

const depthHandsOptions = handSimulatorOptions.extend({
  estimator: z
    .enum(['hourglass', 'small', 'regressor'])
    .optional()
    .describe(
      'Estimator of joints: hourglass, two with maps of 64x64 as in the paper, for a GPU; small, one with maps of 32x32; ' +
        `regressor, coordinates, a minute on a CPU. By default regressor below a size of ${REGRESSOR_BELOW}, else hourglass.`,
    ),
  depthUnit: z
    .number()
    .positive()
    .max(1000)
    .optional()
    .describe(
      'Millimeters per stored step of depth pictures that are read, such as 0.125, 0.2 or 10. By default 1, and hands nearer than 0.2 m or farther than 2 m are refused; with a unit, nearer than 0.1 m or farther than 3 m.',
    ),
  depthCamera: handCamera
    .optional()
    .describe(
      "The camera of depth pictures that are read: fx, fy, cx, cy, width and height in pixels. By default the NYU dataset's Kinect.",
    ),
});

/** Options of {@link depthHands}: the simulator's, and the estimator. */
export type DepthHandsOptions = z.input<typeof depthHandsOptions>;

/**
 * Hand pose from depth, as in section 3.2 of the paper: square 16-bit images in millimeters. Hands of `size: 64` train
 * in minutes on a CPU, the paper's 224 in days.
 *
 * @throws SimganError INVALID_ARGUMENT naming every option that cannot be used.
 * @example
 * ```ts
 * import { simulate } from '@simgan/core';
 * import { depthHands } from '@simgan/plugin-depth-hands';
 *
 * const plugin = depthHands({ size: 64, view: 'frontal', closure: [0.6, 1] });
 * const synthetic = simulate(plugin.simulator, { seed: 1, length: 1000 });
 * const real = simulate(plugin.standIn, { seed: 2, length: 1000 });
 * const { image, annotation } = await synthetic.at(0);
 * const shown = plugin.display.paint(image); // 64 x 64 in 8-bit RGB
 * ```
 */
export const depthHands = pluginFactory(
  depthHandsOptions,
  ({ estimator, depthUnit, depthCamera, behind, measurement, ...options }) => {
    const image = handImage(options.size, options.cube);
    return definePlugin({
      name: 'depth-hands',
      image,
      display: depthDisplay(image),
      annotation: handAnnotation,
      simulator: handSimulator({ ...options, behind, measurement }),
      standIn: standInDepthCamera(options),
      refiner: paperRefiner,
      discriminator: paperDiscriminator,
      regularizer: holesMasked(image),
      recipes: { paper: paperRecipe, quick: quickRecipe },
      readers: handReaders({ unit: depthUnit, camera: depthCamera }),
      realFormat: 'depth',
      randomization: handRandomization,
      probe: handProbe(image),
      estimator: estimators[estimator ?? (image.width < REGRESSOR_BELOW ? 'regressor' : 'hourglass')](image),
    });
  },
);
