/** @file Figures as people read them in a terminal. */
import type { LabelPreservation } from '@simgan/core/evaluation';
import type { AugmentResult, TreatedVerdict } from '@simgan/node';

/** How far each set is from the real one. */
export function distanceLines(distances: AugmentResult['distances']): string[] {
  const cell = (value: number | undefined) => (value?.toFixed(4) ?? '').padStart(9);
  return [
    'distance to real   intensity  gradient   contrast  diversity',
    ...Object.entries(distances).map(
      ([label, { intensity, gradient, contrast, diversity }]) =>
        `  ${label.padEnd(15)}${[intensity, gradient, contrast, diversity].map(cell).join('  ')}`,
    ),
  ];
}

/** How far labels moved, a line for each quantity. */
export function labelLines({ pairs, quantities }: LabelPreservation): string[] {
  return Object.entries(quantities).map(([name, { unit, shift, lost, abstained }]) => {
    // Of a picture, several places may be looked at.
    const told = shift.count + lost;
    if (told === 0) return `${name.padEnd(12)} cannot be made out in any of ${pairs} pictures`;
    const figures = `${shift.mean.toFixed(2)} ± ${shift.std.toFixed(2)} ${unit}, median ${shift.median.toFixed(2)}, 95% within ${shift.p95.toFixed(2)}`;
    return `${name.padEnd(12)} moved ${figures}; lost in ${lost} of ${told}, not measured in ${abstained}`;
  });
}

const words = {
  better: 'better than the synthetic pictures',
  'no different': 'no different from the synthetic pictures',
  worse: 'worse than the synthetic pictures',
  unknown: 'not known, since use was not judged (evaluate --use judges it)',
} as const;

/** What came of a refinement, in one word and with its reasons. */
export function verdictLines({ verdict, reasons }: TreatedVerdict): string[] {
  return [`verdict: ${words[verdict]}`, ...reasons.map((reason) => `  ${reason}`)];
}
