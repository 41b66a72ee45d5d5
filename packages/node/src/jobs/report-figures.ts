/** @file Figures and pictures that a job keeps for a report. */
import { type Dataset, type Plugin, type RealImage, type Size, spreadItems } from '@simgan/core';
import type { FoundPair, RefinementVerdict } from '@simgan/core/evaluation';
import type { LabelPairs, VerdictPart } from '@simgan/report';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { paintDifference, paintPicture, thumbnail } from '../pictures/paint.ts';
import { drawStrip } from '../pictures/strip.ts';

/**
 * Values of a quantity that can be plotted, such as a place; of an outline or a mask, and where some are not seen, only how
 * far it moved is kept.
 */
const PLOTTED = 16;

/** Collects what a probe found before and after refinement, by quantity, for a report's plots. */
export function collectPairs(plugin: Plugin) {
  const pairs: Record<string, LabelPairs[string]> = {};
  return {
    pairs: pairs as LabelPairs,
    onFound({ quantity, before, after, shift }: FoundPair) {
      pairs[quantity] ??= { unit: plugin.probe?.quantities[quantity]?.unit ?? '', points: [] };
      const kept = (found: ArrayLike<number>) => {
        const values = Array.from(found);
        return values.length <= PLOTTED && values.every(Number.isFinite) ? values : [];
      };
      pairs[quantity].points.push({ before: kept(before), after: kept(after), shift });
    },
  };
}

/** Pictures of a report, as small ones. */
const SHOWN = 12;
const LONGEST = 192;

/**
 * Draws the same samples before and after, what changed, and real pictures: four rows, from which a report cuts them.
 *
 * @returns the size of a picture in it and the samples' ids.
 */
export async function writeTriplets(
  file: string,
  sets: {
    readonly before: Dataset<RealImage>;
    readonly refined: Dataset<RealImage>;
    readonly real: Dataset<RealImage> | undefined;
  },
  { image, display }: Pick<Plugin, 'image' | 'display'>,
): Promise<ReportPictures> {
  const take = async (set: Dataset<RealImage>) => {
    const items: RealImage[] = [];
    for await (const item of spreadItems(set, SHOWN)) items.push(item);
    return items;
  };
  const [before, refined] = [await take(sets.before), await take(sets.refined)];
  const real = sets.real ? await take(sets.real) : [];
  const paint = (picture: RealImage) => thumbnail(paintPicture(picture.image, image, display), LONGEST);
  const changes = before.map((one, i) =>
    thumbnail(paintDifference(one.image, refined[i]!.image, image), LONGEST),
  );
  const { strip, cell } = drawStrip([before.map(paint), refined.map(paint), changes, real.map(paint)]);
  await writeFileAtomic(file, await encodePng(strip));
  return { cell, ids: before.map(({ id }) => id), real: real.length };
}

/** What a report needs to know of the pictures that {@link writeTriplets} drew. */
export interface ReportPictures {
  readonly cell: Size;
  readonly ids: readonly string[];
  readonly real: number;
}

const answers = {
  closer: 'better',
  farther: 'worse',
  hold: 'no different',
  moved: 'worse',
  'not measured': 'unknown',
  'not judged': 'unknown',
} as const;

/** A verdict as a report asks it: a question, an answer and its reason for each of looks, labels and use. */
export function verdictParts({ reasons, ...verdict }: RefinementVerdict): VerdictPart[] {
  return (['looks', 'labels', 'use'] as const).map((question, n) => {
    const answer = verdict[question];
    const word =
      answer in answers ? answers[answer as keyof typeof answers] : (answer as VerdictPart['verdict']);
    return { question, verdict: word, reason: withoutQuestion(reasons[n]!) };
  });
}

/** A reason without the word that a report has as its heading: `Looks: no different …` becomes `No different …`. */
function withoutQuestion(reason: string): string {
  const text = reason.replace(/^(Looks|Labels|Use): /, '');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Keeps the figures of a job for a report; see `evaluationSchema` of @simgan/report. */
export async function writeFigures(
  file: string,
  figures: { readonly pictures: ReportPictures; readonly [name: string]: unknown },
): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify({ version: 1, ...figures })}\n`);
}
