/** @file What came of a treatment in looks, labels and use, and how sure one may be of it. */
import {
  createRng,
  type Dataset,
  type RealImage,
  type Sample,
  type SizedForm,
  shuffledIndices,
} from '@simgan/core';
import {
  certifyLabels,
  compareLooks,
  type LabelCertificate,
  type LooksComparison,
  type PictureShift,
  type RefinementFindings,
  type RefinementVerdict,
  refinementVerdict,
  type ShiftMeter,
} from '@simgan/core/evaluation';
import { cropsOf } from '@simgan/core/training';

/** What is judged. */
export interface JudgedSets {
  /** As they were simulated. */
  readonly synthetic: Dataset<RealImage>;
  /** The same with its labels as they are now, before anything was changed in place. */
  readonly placed: (indices: readonly number[]) => Promise<Dataset<Sample<unknown>>>;
  /** What was written, in the same order. */
  readonly treated: Dataset<RealImage>;
  readonly real: Dataset<RealImage> | undefined;
}

/** How it is judged. */
export interface JudgeTreatedOptions {
  readonly form: SizedForm;
  readonly seed: number;
  /** What measures labels; `undefined` if nothing does. */
  readonly meter: ShiftMeter | undefined;
  /** The most that a label may move, for the certificate, in the meter's unit. */
  readonly limit: number;
  readonly use: RefinementFindings['use'];
}

/** The verdict on what was done, and the figures behind it. */
export interface TreatedVerdict extends RefinementVerdict {
  readonly comparison: LooksComparison | undefined;
  readonly certificate: LabelCertificate | undefined;
}

/** Random pictures behind a certificate: with 99% confidence 98.5% of all labels hold if all of these do. */
const CERTIFIED = 300;
/** Fewer pictures of a set say nothing about looks. */
const FEWEST = 8;

/** Judges what was done to pictures, on a bounded number of them. */
export async function judgeTreated(
  { synthetic, placed, treated, real }: JudgedSets,
  { form, seed, meter, limit, use }: JudgeTreatedOptions,
): Promise<TreatedVerdict> {
  const comparable = real && [synthetic, treated, real].every(({ length }) => length >= FEWEST);
  const crops = (set: Dataset<RealImage>) => cropsOf(set, form, seed);
  const comparison = comparable
    ? await compareLooks(
        { synthetic: crops(synthetic), refined: crops(treated), real: crops(real) },
        { image: form, seed },
      )
    : undefined;
  const certificate = meter && (await certify({ placed, treated }, { seed, meter, limit }));
  const verdict = refinementVerdict({ looks: comparison, labels: certificate, use });
  return { ...verdict, comparison, certificate };
}

async function certify(
  { placed, treated }: Pick<JudgedSets, 'placed' | 'treated'>,
  { seed, meter, limit }: { readonly seed: number; readonly meter: ShiftMeter; readonly limit: number },
): Promise<LabelCertificate | undefined> {
  const chosen = shuffledIndices(treated.length, createRng(seed).fork('certificate')).slice(0, CERTIFIED);
  const before = await placed(chosen);
  const shifts: PictureShift[] = [];
  for (const [n, index] of chosen.entries()) {
    shifts.push(await meter.shiftOf({ synthetic: await before.at(n), refined: await treated.at(index) }));
  }
  // Labels that are nowhere in their pictures, such as classes, are not what a certificate is about.
  if (shifts.every((shift) => shift === 'abstained')) return undefined;
  return certifyLabels(shifts, { quantity: meter.quantity, unit: meter.unit, limit });
}
