import { join } from 'node:path';
import { createDataset, type Dataset, type RealImage, selectItems, type TrainingRecipe } from '@simgan/core';
import type { LabelPreservation, RefinementFindings } from '@simgan/core/evaluation';
import { trainingForm } from '@simgan/core/training';
import { fileNameOf } from '../datasets/dataset-format.ts';
import type { Decision } from '../ladder/decision.ts';
import { placedOnly, type Stack, treatedBy } from '../ladder/stack.ts';
import { readPicture } from '../pictures/decode-picture.ts';
import type { ChosenPlugin } from '../runs/job.ts';
import { meterFor } from '../runs/label-shift.ts';
import { augmentFiles } from '../runs/run-folder.ts';
import type { RealSource, SyntheticSource } from '../runs/sources.ts';
import { useOfRun } from '../runs/use-of-run.ts';
import { judgeTreated, type TreatedVerdict } from './judge-treated.ts';
import {
  LOOKED_AT,
  lookAt,
  measureDistances,
  measureLabelShift,
  type SetDistance,
  writePreview,
} from './report.ts';
import { collectPairs, verdictParts, writeFigures, writeTriplets } from './report-figures.ts';

/** What a report is about. */
export interface ReportedParts {
  readonly stack: Stack;
  readonly synthetic: SyntheticSource;
  readonly real: RealSource | undefined;
  /** Its crops are what is measured. */
  readonly recipe: TrainingRecipe;
  /** What was warned of. */
  readonly warnings: readonly string[];
  readonly decision: Decision;
  /** Samples that are not in the dataset. */
  readonly dropped: ReadonlySet<string>;
  /** The most that labels may move. Default: that of the recipe's steering, or 1. */
  readonly maxLabelShift?: number | undefined;
  /** The folder of the training that the refiner came from, if it was trained for this. */
  readonly run?: string | undefined;
}

/** Draws the preview and measures, on a bounded number of pictures, and keeps the figures for a report. */
export async function reportTreated(
  dir: string,
  { stack, synthetic, real, recipe, warnings, decision, dropped, maxLabelShift, run }: ReportedParts,
  { chosen: { plugin }, seed }: { readonly chosen: ChosenPlugin; readonly seed: number },
): Promise<{
  distances: Readonly<Record<string, SetDistance>>;
  labels: LabelPreservation | undefined;
  verdict: TreatedVerdict | undefined;
}> {
  const samples = withoutDropped(synthetic.samples, dropped);
  const isTreated = stack.names.length > 0;
  const before = lookAt(samples);
  // Where content was moved on purpose, its labels went along: they are compared from there on.
  const placed = lookAt(await treatedBy(placedOnly(stack), before));
  const written = createDataset<RealImage>(
    samples.length,
    async (index) => {
      const file = join(dir, augmentFiles.dataset, fileNameOf(index, plugin.image));
      return { id: samples.id(index), image: (await readPicture(file, plugin.image)).image };
    },
    (index) => samples.id(index),
  );
  const after = lookAt(written);
  const goal = real && lookAt(real.images, LOOKED_AT);
  const matcher = stack.refiner?.matcher;
  const sets: { label: string; images: typeof after }[] = [{ label: 'synthetic', images: before }];
  if (matcher && matcher.corrections.length > 0) {
    const framed = stack.framing ? stack.framing.treat(before) : before;
    sets.push({ label: 'matched', images: lookAt(matcher.match(framed)) });
  }
  if (isTreated) {
    sets.push({ label: stack.refiner ? 'refined' : 'treated', images: after });
  }
  const rows = goal ? [...sets, { label: real.isStandIn ? 'stand-in camera' : 'real', images: goal }] : sets;
  await writePreview(join(dir, augmentFiles.preview), rows, plugin);
  const distances = await measureDistances(sets, goal, { plugin, recipe, seed });
  const { pairs, onFound } = collectPairs(plugin);
  const labels = isTreated
    ? await measureLabelShift(plugin, { ...synthetic, samples: placed }, after, LOOKED_AT, onFound)
    : undefined;
  const file = (name: 'triplets' | 'figures') => join(dir, augmentFiles[name]);
  const pictures = await writeTriplets(file('triplets'), { before, refined: after, real: goal }, plugin);
  const steering = recipe.steering?.labelShift;
  const verdict = isTreated
    ? await judgeTreated(
        {
          synthetic: before,
          placed: (indices) => treatedBy(placedOnly(stack), selectItems(samples, indices)),
          treated: written,
          real: goal,
        },
        {
          form: trainingForm(plugin.image, recipe),
          seed,
          meter: meterFor(plugin, synthetic),
          limit: maxLabelShift ?? steering ?? 1,
          use: await useOf(stack, decision, run),
        },
      )
    : undefined;
  const { certificate } = verdict ?? {};
  const judged = verdict && { verdict: verdictParts(verdict), ...(certificate && { certificate }) };
  await writeFigures(file('figures'), {
    distances,
    labels,
    labelPairs: pairs,
    warnings,
    pictures,
    ...judged,
  });
  return { distances, labels, verdict };
}

/** What is known of the use of what was done: the ladder takes nothing but what is better, and trainings judge themselves. */
async function useOf(
  { names }: Stack,
  { chosen, reason }: Decision,
  run: string | undefined,
): Promise<RefinementFindings['use']> {
  if (chosen === 'judged') return { verdict: 'better', reason };
  // A training judges its refiner alone.
  return run !== undefined && names.length === 1 ? useOfRun(run) : undefined;
}

/** The samples that are in the dataset, in its order. */
function withoutDropped<Item>(samples: Dataset<Item>, dropped: ReadonlySet<string>): Dataset<Item> {
  if (dropped.size === 0) return samples;
  const indices = Array.from({ length: samples.length }, (_, index) => index);
  return selectItems(
    samples,
    indices.filter((index) => !dropped.has(samples.id(index))),
  );
}
