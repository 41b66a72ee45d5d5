import { join } from 'node:path';
import { datasetOf, type Sample, simulate } from '@simgan/core';
import { readPicture } from '@simgan/node';
import { type EyeAnnotation, eyes, opennessClassifier } from '@simgan/plugin-eyes';
import { accuracyOf } from './class-task.ts';
import { readLabelRows } from './table-rows.ts';
import type { Task } from './task.ts';
import { unlabeled } from './unlabeled.ts';

/** Simulated eyes, half of them closed, to photographs of open and closed eyes, 300 without labels and 300 tested. */
export async function openEyes(data: string): Promise<Task<EyeAnnotation>> {
  const plugin = eyes({ color: true, closedRate: 0.5, blinkRate: 0 });
  const { image } = plugin;
  const dir = join(data, 'eyes-open-closed');
  const samples = await Promise.all(
    (await readLabelRows(dir)).map(async ({ file, state, split }) => ({
      id: file!,
      split,
      image: (await readPicture(join(dir, file!), image)).image,
      annotation: { openness: state === 'open' ? 1 : 0 } as EyeAnnotation,
    })),
  );
  const half = (split: string) =>
    datasetOf<Sample<EyeAnnotation>>(samples.filter((sample) => sample.split === split));
  const estimator = {
    ...opennessClassifier,
    recipe: { ...opennessClassifier.recipe, steps: 160, batchSize: 32, learningRate: 0.002 },
  };
  const length = 1200;
  return {
    name: 'open-eyes',
    title: 'Simulated eyes to photographs of open and closed eyes',
    plugin,
    image,
    estimator,
    length,
    real: unlabeled(half('unlabelled')),
    labeled: half('unlabelled'),
    unit: 'accuracy, %',
    higherIsBetter: true,
    harm: 2,
    shiftable: true,
    raw: async (seed, count = length) => simulate(plugin.simulator!, { seed, length: count }),
    score: (network, engine) => accuracyOf(network, engine, { estimator, image, test: half('test') }),
  };
}
