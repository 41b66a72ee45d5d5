/** @file Guards labels while pictures are written: measures how far each moved, and flags or drops those beyond a limit. */
import type { Sample } from '@simgan/core';
import type { PictureShift, ShiftMeter } from '@simgan/core/evaluation';
import type { JsonObject } from '../datasets/dataset-format.ts';
import type { Reject } from '../files/reject.ts';

/** Options for guarding labels. */
export interface LabelGuardOptions {
  /**
   * The most that a label may move, in the unit of the plugin's probe (pixels without one). Each line of the dataset
   * then has its label's shift. Default: labels are not guarded.
   */
  readonly maxLabelShift?: number | undefined;
  /** What is done to samples whose label moved farther, or is no longer found. Default: `flag`. */
  readonly movedLabels?: 'flag' | 'drop' | undefined;
}

/** Guards the labels of samples. */
export interface LabelGuard {
  /** Measures samples as they pass, and leaves out those that are dropped. */
  guard(treated: AsyncIterable<Sample<unknown>>): AsyncGenerator<Sample<unknown>, void, void>;
  /** What is said of a sample in its line. */
  provenanceOf(id: string): JsonObject;
  /** Samples that were dropped, with the reason. */
  readonly rejects: readonly Reject[];
  /** Their ids. */
  readonly dropped: ReadonlySet<string>;
}

/** Creates a guard. @param original - the sample before anything was changed in place, with the labels it has now. */
export function createLabelGuard(
  meter: ShiftMeter,
  limit: number,
  isDropping: boolean,
  original: (id: string) => Promise<Sample<unknown>>,
): LabelGuard {
  const shifts = new Map<string, PictureShift>();
  const rejects: (Reject & { of: string })[] = [];
  const dropped = new Set<string>();
  const isMoved = (shift: PictureShift) => shift === 'lost' || (typeof shift === 'number' && shift > limit);
  return {
    rejects,
    dropped,
    async *guard(treated) {
      for await (const sample of treated) {
        const shift = await meter.shiftOf({ synthetic: await original(sample.id), refined: sample });
        if (isDropping && isMoved(shift)) {
          dropped.add(sample.id);
          rejects.push({ file: sample.id, reason: reasonOf(shift, meter, limit), of: 'refined' });
          continue;
        }
        shifts.set(sample.id, shift);
        yield sample;
      }
    },
    provenanceOf(id) {
      const shift = shifts.get(id);
      if (shift === undefined) return {};
      shifts.delete(id);
      const { quantity, unit } = meter;
      const measured = typeof shift === 'number' ? { shift, unit } : { found: shift };
      return { labelShift: { quantity, ...measured, ...(isMoved(shift) && { moved: true }) } };
    },
  };
}

function reasonOf(shift: PictureShift, { quantity, unit }: ShiftMeter, limit: number): string {
  return typeof shift === 'number'
    ? `Its label (${quantity}) moved ${shift.toFixed(2)} ${unit}, more than ${limit}.`
    : `Its label (${quantity}) is not found after refinement.`;
}
