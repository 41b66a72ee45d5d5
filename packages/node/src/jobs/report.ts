/** @file What a job says of its pictures at the end, from a bounded number of them. */

import type { TrainingRecipe } from '@simgan/core';
import {
  cacheItems,
  type Dataset,
  type Plugin,
  type RealImage,
  type Sample,
  spreadItems,
  withoutCompanions,
} from '@simgan/core';
import {
  type FoundPair,
  type LabelPreservation,
  measureDisplacements,
  measureLabelPreservation,
  pairById,
  type RefinedPair,
} from '@simgan/core/evaluation';
import { type ImageStatistics, measureStatistics, statisticsDistance } from '@simgan/core/measures';
import { cropsOf, trainingForm } from '@simgan/core/training';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { contactSheet } from '../pictures/contact-sheet.ts';
import { type KnownLabels, probeFor } from '../runs/label-shift.ts';

/** Pictures of each set that a report looks at: more change no digit that is shown. */
export const LOOKED_AT = 400;

const COLUMNS = 12;

/** Pictures under one name. */
export interface NamedSet {
  readonly label: string;
  readonly images: Dataset<RealImage>;
}

/** The pictures of a set that are looked at, each made once. */
export function lookAt<Item extends RealImage>(dataset: Dataset<Item>, limit = LOOKED_AT): Dataset<Item> {
  return cacheItems(spreadItems(withoutCompanions(dataset), limit), { budget: limit, sizeOf: () => 1 });
}

/** Draws the same columns of each set, spread over them, as the plugin shows its pictures. */
export async function writePreview(
  file: string,
  sets: readonly NamedSet[],
  { image, display }: Pick<Plugin, 'image' | 'display'>,
): Promise<void> {
  const rows = await Promise.all(
    sets.map(async ({ label, images }) => {
      const shown = spreadItems(images, COLUMNS);
      const items = await Promise.all(Array.from({ length: shown.length }, (_, i) => shown.at(i)));
      return { label, images: items.map((item) => item.image) };
    }),
  );
  await writeFileAtomic(file, await contactSheet(rows, image, { display }));
}

/** How far a set is from the real one; the real set has no distance to itself. */
export interface SetDistance {
  readonly intensity?: number;
  readonly gradient?: number;
  readonly contrast: number;
  readonly diversity: number;
}

/** How far each set is from the real one, by name; the last is the real set itself. */
export async function measureDistances(
  sets: readonly NamedSet[],
  real: Dataset<RealImage> | undefined,
  { plugin, recipe, seed }: { plugin: Plugin; recipe: TrainingRecipe; seed: number },
): Promise<Record<string, SetDistance>> {
  const form = trainingForm(plugin.image, recipe);
  const measure = (set: Dataset<RealImage>) => measureStatistics(cropsOf(set, form, seed), form);
  const goal = real && (await measure(real));
  const brief = ({ contrast, diversity }: ImageStatistics) => ({ contrast, diversity });
  const distances: Record<string, SetDistance> = {};
  for (const { label, images } of sets) {
    const statistics = await measure(images);
    distances[label] = { ...(goal && statisticsDistance(statistics, goal)), ...brief(statistics) };
  }
  if (goal) distances.real = brief(goal);
  return distances;
}

/**
 * How far the labels moved between synthetic pictures and what was made of them: by the plugin's probe, or else by
 * registering what is seen where the annotations have labels. `undefined` if no place of a label is known.
 */
export async function measureLabelShift(
  plugin: Plugin,
  before: { readonly samples: Dataset<Sample<unknown>> } & KnownLabels,
  after: Dataset<RealImage>,
  limit = LOOKED_AT,
  onFound?: (found: FoundPair) => void,
): Promise<LabelPreservation | undefined> {
  const pairs = pairById(before.samples, after, limit);
  const probe = probeFor(plugin, before.annotations);
  if (probe) return measureLabelPreservation(pairs, probe, onFound);
  const { annotation, image } = plugin;
  if (before.geometry) return measureDisplacements(pairs, { geometry: before.geometry, image });
  return measureDisplacements(ofSchema(pairs, annotation), { geometry: annotation.geometry, image });
}

/** The pairs whose annotation is of a plugin's kind, whoever wrote it: of others no geometry is known. */
async function* ofSchema(
  pairs: AsyncIterable<RefinedPair>,
  schema: Plugin['annotation'],
): AsyncGenerator<RefinedPair, void, void> {
  for await (const pair of pairs) {
    const { issues } = await schema['~standard'].validate(pair.synthetic.annotation);
    if (!issues) yield pair;
  }
}
