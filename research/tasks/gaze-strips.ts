import { join } from 'node:path';
import { cropImage, datasetOf, type Estimator, estimatorNetwork, simulate } from '@simgan/core';
import { resample, resizeTransform } from '@simgan/core/geometry';
import { type EyeAnnotation, eyes, smallGazeEstimator } from '@simgan/plugin-eyes';
import type { Task } from './task.ts';
import { anglesOf, readStrips, type Strip, scoreOnScreen, spreadSplit } from './webcam-strips.ts';

/** The eye on the left of a strip of 155x30, in the proportions of 55x35. */
const EYE = { left: 11, top: 0, width: 47, height: 30 };
/** Strips by which the mapping from gaze to cells is calibrated; they are not tested. */
const CALIBRATION = 100;

/** Simulated eyes to webcam strips: as the plugin draws them by default, sharp and before any camera, or a laptop's. */
const titles = {
  any: 'Simulated eyes before any camera to webcam strips: cells of a 10x10 screen',
  laptop: 'Simulated eyes before a laptop to webcam strips: cells of a 10x10 screen',
} as const;

/**
 * Simulated eyes to one eye of webcam strips, gray, 800 without labels and 800 tested. A gaze becomes a cell by an
 * affine map that is fitted to 100 of the tested ones; the score is the mean error of the others, in cells. Always
 * answering the middle gives 2.5.
 */
export async function gazeStrips(
  data: string,
  camera: keyof typeof titles = 'laptop',
): Promise<Task<EyeAnnotation>> {
  const plugin = eyes({ camera, closedRate: 0, blinkRate: 0 });
  const { image } = plugin;
  const strips = await readStrips(join(data, 'eyes-gaze-webcam'), image.channels);
  const eyeOf = (strip: Strip) => {
    const eye = cropImage(strip.image, EYE);
    return resample(eye, resizeTransform(eye, image));
  };
  const half = (split: string) =>
    strips.filter((strip) => strip.split === split).map((strip) => ({ ...strip, image: eyeOf(strip) }));
  const [unlabeled, test] = [half('unlabelled'), half('test')];
  // A third of the work of the plugin's small estimator: dozens of networks are trained.
  const estimator: Estimator<EyeAnnotation> = {
    ...smallGazeEstimator,
    network: estimatorNetwork([
      { convolution: 5, stride: 2, filters: 12 },
      { convolution: 3, stride: 2, filters: 24 },
      { convolution: 3, stride: 2, filters: 32 },
      { dense: 64 },
      { dense: 3 },
    ]),
    recipe: { steps: 250, batchSize: 32, optimizer: { kind: 'adam' }, learningRate: 0.002 },
  };
  const length = 1500;
  return {
    name: camera === 'any' ? 'gaze-strips-any' : 'gaze-strips',
    title: titles[camera],
    plugin,
    image,
    estimator,
    length,
    real: datasetOf(unlabeled.map(({ id, image }) => ({ id, image }))),
    unit: 'error, cells',
    higherIsBetter: false,
    harm: 0.1,
    shiftable: false,
    raw: async (seed, count = length) => simulate(plugin.simulator!, { seed, length: count }),
    async score(network, engine) {
      const angles = await anglesOf(test, { network, image, engine });
      const seen = test.map(({ column, row }, index) => ({ column, row, angles: angles[index]! }));
      const { some, rest } = spreadSplit(seen, CALIBRATION);
      const { column, row } = scoreOnScreen(some, rest);
      return { cells: (column + row) / 2, column, row };
    },
  };
}
