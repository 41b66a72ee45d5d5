import { type Dataset, estimatorNetwork, type Sample, simulate } from '@simgan/core';
import { testEstimator } from '@simgan/core/evaluation';
import { depthHands, type HandAnnotation, jointRegressor, regressorRecipe } from '@simgan/plugin-depth-hands';
import { collect } from '../collect.ts';
import type { Task } from './task.ts';
import { unlabeled } from './unlabeled.ts';

const SIZE = 48;

/**
 * Simulated hands to those of the stand-in camera, 400 without labels and 200 tested, 48x48. The score is the mean
 * error of the 14 evaluated joints, in pixels of the paper's pictures of 224x224.
 */
export async function handsStandIn(): Promise<Task<HandAnnotation>> {
  const plugin = depthHands({ size: SIZE });
  const { image } = plugin;
  // A third of the work of the plugin's regressor: dozens of networks are trained.
  const estimator = {
    ...jointRegressor(image, { ...regressorRecipe, steps: 250, learningRate: 0.002 }),
    network: estimatorNetwork([
      { convolution: 5, stride: 2, filters: 12 },
      { convolution: 3, stride: 2, filters: 24 },
      { convolution: 3, stride: 2, filters: 48 },
      { dense: 128 },
      { dense: 42 },
    ]),
  };
  const camera = (seed: number, length: number): Promise<Dataset<Sample<HandAnnotation>>> =>
    collect(simulate(plugin.standIn, { seed, length }));
  const length = 600;
  const [labeled, test] = [await camera(1001, 400), await camera(1002, 200)];
  return {
    name: 'hands',
    title: 'Simulated hands to the stand-in camera',
    plugin,
    image,
    estimator,
    length,
    real: unlabeled(labeled),
    labeled,
    unit: 'error, px of 224',
    higherIsBetter: false,
    harm: 0.3,
    shiftable: false,
    raw: async (seed, count = length) => simulate(plugin.simulator!, { seed, length: count }),
    async score(network, engine) {
      const { mean, share } = await testEstimator({ estimator, network, samples: test, image, engine });
      return { error: mean, within: 100 * share };
    },
  };
}
