import { type Dataset, halve, type Plugin, type RealImage, type TrainingRecipe } from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import { patchTest } from '@simgan/core/evaluation';
import { measureKernelDistances } from '@simgan/core/measures';
import { cropsOf, trainingForm } from '@simgan/core/training';
import type { Job } from '../runs/job.ts';

/** How close a set looks to the real one; see `measureKernelDistances` and `patchTest`. */
export interface Looks {
  readonly kernelDistance: number;
  /** The area under the ROC curve of telling crops from real ones: 0.5 is guessing. */
  readonly auc: number;
}

/** Pictures of each set that looks are measured on. */
const PICTURES = 300;
/** Training steps of what tells crops apart. */
const STEPS = 150;

/** The looks of sets by name, and as `control` those of one half of the real pictures against the other. */
export async function measureLooks(
  sets: ReadonlyMap<string, Dataset<RealImage>>,
  real: Dataset<RealImage>,
  domain: {
    readonly plugin: Plugin;
    readonly recipe: TrainingRecipe;
    readonly engine: Engine;
    readonly seed: number;
  },
  job: Job,
): Promise<Readonly<Record<string, Looks>>> {
  const { plugin, recipe, engine, seed } = domain;
  const image = trainingForm(plugin.image, recipe);
  const crops = (set: Dataset<RealImage>) => cropsOf(set, image, seed);
  const goal = crops(real);
  const cropped = Object.fromEntries([...sets].map(([name, set]) => [name, crops(set)]));
  const kernels = await measureKernelDistances(cropped, goal, { image, seed, limit: PICTURES });
  const test = { image, engine, seed, steps: STEPS, limit: PICTURES, signal: job.signal };
  const update = job.progress('evaluate', sets.size + 1);
  const looks: Record<string, Looks> = {};
  for (const [name, set] of Object.entries(cropped)) {
    job.signal?.throwIfAborted();
    const { auc } = await patchTest(set, goal, test);
    looks[name] = { kernelDistance: kernels.sets[name]!, auc };
    update(Object.keys(looks).length);
  }
  const [half, other] = halve(goal, seed);
  const { auc } = await patchTest(half, other, test);
  update(sets.size + 1);
  return { ...looks, control: { kernelDistance: kernels.control, auc } };
}
