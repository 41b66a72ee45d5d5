import { join } from 'node:path';
import {
  cropImage,
  type Dataset,
  datasetOf,
  type Estimator,
  estimatorNetwork,
  type RealImage,
  simulate,
} from '@simgan/core';
import { estimatorOutputs } from '@simgan/core/evaluation';
import { resample, resizeTransform } from '@simgan/core/geometry';
import { mean } from '@simgan/core/measures';
import { readPicture } from '@simgan/node';
import { type EyeAnnotation, eyes, smallGazeEstimator } from '@simgan/plugin-eyes';
import { readLabelRows } from './table-rows.ts';
import type { Task } from './task.ts';

/** The eye on the left of a strip of 155x30, in the proportions of 55x35. */
const EYE = { left: 11, top: 0, width: 47, height: 30 };
/** Strips by which the mapping from gaze to cells is calibrated; they are not tested. */
const CALIBRATION = 100;

/** A strip and the cell of a 10x10 screen that was looked at. */
interface Look extends RealImage {
  readonly column: number;
  readonly row: number;
}

/**
 * Simulated eyes before a laptop to one eye of webcam strips, gray, 800 without labels and 800 tested. A gaze becomes
 * a cell by an affine map that is fitted to 100 of the tested ones; the score is the mean error of the others, in cells.
 * Always answering the middle gives 2.5.
 */
export async function gazeStrips(data: string): Promise<Task<EyeAnnotation>> {
  const plugin = eyes({ camera: 'laptop', closedRate: 0, blinkRate: 0 });
  const { image } = plugin;
  const dir = join(data, 'eyes-gaze-webcam');
  const looks = await Promise.all(
    (await readLabelRows(dir)).map(async ({ file, cell, split }) => {
      const strip = (await readPicture(join(dir, file!), { channels: image.channels, bits: 8 })).image;
      const eye = cropImage(strip, EYE);
      const place = Number(cell) - 1;
      return {
        id: file!,
        split,
        image: resample(eye, resizeTransform(eye, image)),
        column: place % 10,
        row: Math.floor(place / 10),
      };
    }),
  );
  const half = (split: string): Dataset<Look> =>
    datasetOf(looks.filter((look) => look.split === split).map(({ split: _, ...look }) => look));
  const test = half('test');
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
    name: 'gaze-strips',
    title: 'Simulated eyes to webcam strips: cells of a 10x10 screen',
    plugin,
    image,
    estimator,
    length,
    real: datasetOf(
      looks.filter(({ split }) => split === 'unlabelled').map(({ id, image }) => ({ id, image })),
    ),
    unit: 'error, cells',
    higherIsBetter: false,
    harm: 0.1,
    shiftable: false,
    raw: async (seed, count = length) => simulate(plugin.simulator!, { seed, length: count }),
    async score(network, engine) {
      const batchSize = 50;
      const { answer } = smallGazeEstimator;
      if (answer?.kind !== 'values') throw new Error('The gaze estimator answers with angles.');
      const seen: { readonly angles: readonly number[]; readonly look: Look }[] = [];
      for await (const { item, output } of estimatorOutputs({
        network,
        pictures: test,
        image,
        engine,
        batchSize,
      })) {
        seen.push({ angles: Array.from(answer.values(output)), look: item });
      }
      const errorOf = (of: (look: Look) => number) => {
        // Evenly spread over the recording.
        const isCalibration = (index: number) => index % Math.floor(seen.length / CALIBRATION) === 0;
        const fit = affineFit(
          seen.filter((_, index) => isCalibration(index)).map(({ angles, look }) => [angles, of(look)]),
        );
        const tested = seen.filter((_, index) => !isCalibration(index));
        return mean(tested.map(({ angles, look }) => Math.abs(fit(angles) - of(look))));
      };
      const [column, row] = [errorOf((look) => look.column), errorOf((look) => look.row)];
      return { cells: (column + row) / 2, column, row };
    },
  };
}

/** The affine function of two angles with the least squared error (normal equations, by Cramer's rule). */
function affineFit(
  pairs: readonly (readonly [angles: readonly number[], value: number])[],
): (angles: readonly number[]) => number {
  const [meanA, meanB] = [0, 1].map((axis) => mean(pairs.map(([angles]) => angles[axis]!))) as [
    number,
    number,
  ];
  const meanValue = mean(pairs.map(([, value]) => value));
  let [aa, ab, bb, av, bv] = [0, 0, 0, 0, 0];
  for (const [angles, value] of pairs) {
    const [a, b, v] = [angles[0]! - meanA, angles[1]! - meanB, value - meanValue];
    aa += a * a;
    ab += a * b;
    bb += b * b;
    av += a * v;
    bv += b * v;
  }
  const determinant = aa * bb - ab * ab;
  // Answers on a line say nothing about two coordinates.
  if (!(determinant > 1e-9 * aa * bb)) return () => meanValue;
  const [slopeA, slopeB] = [(av * bb - bv * ab) / determinant, (bv * aa - av * ab) / determinant];
  return ([a = 0, b = 0]) => meanValue + slopeA * (a - meanA) + slopeB * (b - meanB);
}
