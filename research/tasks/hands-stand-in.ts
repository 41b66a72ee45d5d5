import { type Dataset, type RealImage, type Sample, simulate } from '@simgan/core';
import { testEstimator } from '@simgan/core/evaluation';
import { depthHands, type HandAnnotation, jointRegressor, regressorRecipe } from '@simgan/plugin-depth-hands';
import { unlabeled } from './labeled-to-other.ts';
import type { Task } from './task.ts';

const SIZE = 48;

/**
 * Simulated hands to those of the stand-in camera, 600 without labels and 400 tested, 48x48. The score is the mean
 * error of the 14 evaluated joints, in pixels of the paper's pictures of 224x224.
 */
export function handsStandIn(): Task<HandAnnotation> {
  const plugin = depthHands({ size: SIZE });
  const { image } = plugin;
  const estimator = jointRegressor(image, { ...regressorRecipe, steps: 500 });
  const camera = (seed: number, length: number): Dataset<Sample<HandAnnotation>> =>
    simulate(plugin.standIn, { seed, length });
  const length = 1500;
  const labeled = camera(1001, 600);
  return {
    name: 'hands',
    title: 'Simulated hands to the stand-in camera',
    plugin,
    image,
    estimator,
    length,
    real: unlabeled(labeled) as Dataset<RealImage>,
    labeled,
    unit: 'error, px of 224',
    higherIsBetter: false,
    harm: 0.3,
    shiftable: false,
    raw: async (seed, count = length) => simulate(plugin.simulator!, { seed, length: count }),
    async score(network, engine) {
      const test = camera(1002, 400);
      const { mean, share } = await testEstimator({ estimator, network, samples: test, image, engine });
      return { error: mean, within: 100 * share };
    },
  };
}
