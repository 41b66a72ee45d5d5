/** @file What came of a refinement, in looks, labels and use, and in one word. */
import { certificateText, type LabelCertificate } from './label-certificate.ts';
import type { LooksComparison } from './looks.ts';
import type { UseVerdict } from './use/verdict.ts';

/** What is known of a refinement; what was not measured is absent. */
export interface RefinementFindings {
  readonly looks?: LooksComparison | undefined;
  readonly labels?: LabelCertificate | undefined;
  readonly use?: Pick<UseVerdict, 'verdict' | 'reason'> | undefined;
}

/** The verdict on a refinement. */
export interface RefinementVerdict {
  /**
   * Compared with the synthetic pictures as they were. Use decides where it was judged, whatever the looks; labels that
   * moved make everything worse. `unknown`: use was not judged, and looks that are closer do not make pictures better to
   * learn from.
   */
  readonly verdict: 'better' | 'no different' | 'worse' | 'unknown';
  readonly looks: LooksComparison['verdict'] | 'not measured';
  readonly labels: 'hold' | 'moved' | 'not measured';
  readonly use: 'better' | 'no different' | 'worse' | 'not judged';
  /** One sentence for each of the three, with its figures. */
  readonly reasons: readonly string[];
}

/** The share of labels that must hold, at the certificate's confidence. */
const HOLDING = 0.9;

/**
 * Sums up what was found of a refinement.
 *
 * @example
 * const refined = mapDataset(synthetic, (sample) => refiner.refine(sample));
 * const looks = await compareLooks({ synthetic, refined, real }, { image: training.form, seed: 1 });
 * const { verdict, reasons } = refinementVerdict({ looks });
 */
export function refinementVerdict({ looks, labels, use }: RefinementFindings): RefinementVerdict {
  const parts = {
    looks: looks?.verdict ?? 'not measured',
    labels: labelsVerdict(labels),
    use: use ? (use.verdict === 'refused' ? 'worse' : use.verdict) : 'not judged',
  } as const;
  return {
    verdict: overall(parts),
    ...parts,
    reasons: [
      looks
        ? looksText(looks)
        : 'Looks were not measured: there are no real pictures to compare with, or too few of a set.',
      labels ? certificateText(labels) : 'Labels were not measured: nothing finds them in these pictures.',
      use
        ? `Use: ${use.reason}`
        : 'Use was not judged: nobody knows yet whether networks get better. Looks are no sign of it.',
    ],
  };
}

function labelsVerdict(labels: LabelCertificate | undefined): RefinementVerdict['labels'] {
  // Where the probe sees too few labels, nothing is known about them.
  if (!labels || labels.sampled - labels.abstained < labels.sampled / 10) return 'not measured';
  const seen = labels.sampled - labels.abstained;
  return labels.within / seen >= HOLDING ? 'hold' : 'moved';
}

function overall({ looks, labels, use }: Omit<RefinementVerdict, 'verdict' | 'reasons'>) {
  if (labels === 'moved') return 'worse';
  if (use !== 'not judged') return use;
  if (looks === 'farther') return 'worse';
  return looks === 'no different' ? 'no different' : 'unknown';
}

function looksText({ verdict, closed, synthetic, refined, control }: LooksComparison): string {
  const percent = (share: number) => `${Math.round(100 * share)}%`;
  const share = `${percent(closed.value)} (95% interval ${percent(closed.low)} to ${percent(closed.high)})`;
  const figures = `kernel distance ${shown(synthetic.value)} before, ${shown(refined.value)} after, ${shown(control)} between real pictures`;
  if (verdict === 'closer')
    return `Looks: refinement closed ${share} of the gap to real pictures (${figures}).`;
  if (verdict === 'farther')
    return `Looks: the pictures are farther from real ones than the synthetic ones were (${figures}).`;
  return `Looks: no different from the synthetic pictures: ${share} of the gap was closed (${figures}).`;
}

function shown(value: number): string {
  return Math.abs(value) < 0.01 ? value.toFixed(2) : value.toPrecision(3);
}
