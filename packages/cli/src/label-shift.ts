import {
  type Dataset,
  type LabelPreservation,
  type LabelProbe,
  measureLabelPreservation,
  type Plugin,
  pairById,
  type RealImage,
  type Sample,
} from '@simgan/core';

/** How many pictures are measured: more change no digit that is shown. */
const LIMIT = 1000;

/** How far the labels moved between two sets, and the same in words. */
export interface LabelShift {
  readonly lines: readonly string[];
  readonly figures: LabelPreservation;
}

/**
 * Measures with the plugin's probe how far labels moved between synthetic pictures and what was made of them;
 * `undefined` if the plugin has no probe.
 */
export async function measureLabelShift(
  { probe }: Plugin,
  before: { readonly samples: Dataset<Sample<unknown>>; readonly annotations: 'plugin' | 'foreign' },
  after: Dataset<RealImage>,
  limit = LIMIT,
): Promise<LabelShift | undefined> {
  if (!probe) return undefined;
  // Of annotations that the plugin's schema never saw the probe expects nothing.
  const own: LabelProbe = before.annotations === 'plugin' ? probe : { ...probe, expected: () => ({}) };
  const figures = await measureLabelPreservation(pairById(before.samples, after, limit), own);
  return {
    figures,
    lines: Object.entries(figures.quantities).map(([name, one]) => line(name, one, figures)),
  };
}

function line(
  name: string,
  { unit, shift, lost, abstained }: LabelPreservation['quantities'][string],
  { pairs }: LabelPreservation,
): string {
  const told = pairs - abstained;
  if (told === 0) return `${name.padEnd(12)} cannot be made out in any of ${pairs} pictures`;
  const figures = `${shift.mean.toFixed(2)} ± ${shift.deviation.toFixed(2)} ${unit}, median ${shift.median.toFixed(2)}, 95% within ${shift.p95.toFixed(2)}`;
  return `${name.padEnd(12)} moved ${figures}; lost in ${lost} of ${told}, not measured in ${abstained}`;
}
