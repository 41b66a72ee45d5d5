/** @file How far the label of one picture moved: what a certificate counts, and what a guard compares with a limit. */
import type { LabelGeometry } from '../geometry/labels.ts';
import type { ImageForm } from '../image.ts';
import type { RefinedPair } from './label-preservation.ts';
import type { LabelProbe } from './label-probe.ts';
import { measureDisplacements } from './registration/measure-displacements.ts';

/** How far the label of a picture moved, or that it was not found after refinement, or not before. */
export type PictureShift = number | 'lost' | 'abstained';

/** Measures one picture at a time. */
export interface ShiftMeter<Annotation = unknown> {
  /** What is measured: the probe's first quantity, or `labels`. */
  readonly quantity: string;
  readonly unit: string;
  shiftOf(pair: RefinedPair<Annotation>): Promise<PictureShift>;
}

/** Measures by a plugin's probe: its first quantity. */
export function probeMeter<Annotation>(probe: LabelProbe<Annotation>): ShiftMeter<Annotation> {
  const [quantity, { unit, distance }] = Object.entries(probe.quantities)[0]!;
  return {
    quantity,
    unit,
    async shiftOf({ synthetic, refined }) {
      const before = probe.measure(synthetic.image, synthetic.annotation)[quantity];
      if (!before) return 'abstained';
      const after = probe.measure(refined.image, synthetic.annotation)[quantity];
      return after ? distance(before.values, after.values) : 'lost';
    },
  };
}

/** Measures by registering what is seen where an annotation has labels: the mean over a picture's places. */
export function placesMeter<Annotation>(
  geometry: LabelGeometry<Annotation>,
  image?: Pick<ImageForm, 'range'>,
): ShiftMeter<Annotation> {
  return {
    quantity: 'labels',
    unit: 'px',
    async shiftOf(pair) {
      const found = await measureDisplacements<Annotation>([pair], { geometry, ...(image && { image }) });
      const quantities = Object.values(found?.quantities ?? {});
      const sum = (of: (quantity: (typeof quantities)[number]) => number) =>
        quantities.reduce((total, quantity) => total + of(quantity), 0);
      const seen = sum(({ shift }) => shift.count);
      const lost = sum((quantity) => quantity.lost);
      if (seen + lost === 0) return 'abstained';
      return lost > seen ? 'lost' : sum(({ shift }) => shift.count * shift.mean) / seen;
    },
  };
}
