import type { Photometry } from '../measures/photometry.ts';

/** Something about two sets that a person should know before training, and what to do about it. */
export interface Finding {
  readonly finding: string;
  readonly advice: string;
}

/** Fewer real pictures than this are learned by heart. */
const FEW_PICTURES = 500;

/** What stands between two sets, the gravest first. Empty where nothing does. */
export function diagnose(synthetic: Photometry, real: Photometry): Finding[] {
  const findings: Finding[] = [];
  const note = (finding: string, advice: string) => findings.push({ finding, advice });
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

  const isEqualized = real.unevenness < 0.04 && synthetic.unevenness > 0.08;
  if (isEqualized) {
    note(
      'The real pictures are histogram-equalized, the synthetic ones are not.',
      'Equalize the synthetic ones too (--match auto or histogram): nothing that is learned closes this gap as well.',
    );
  } else if (
    Math.abs(synthetic.brightness - real.brightness) > 0.1 ||
    ratioBeyond(synthetic.contrast, real.contrast, 1.4)
  ) {
    note(
      `The light differs: brightness ${percent(synthetic.brightness)} against ${percent(real.brightness)}, contrast ${percent(synthetic.contrast)} against ${percent(real.contrast)}.`,
      'Match the histograms (--match auto does) before anything is learned.',
    );
  }
  if (ratioBeyond(synthetic.structure, real.structure, 1.4)) {
    const [larger, factor] =
      synthetic.structure > real.structure
        ? ['synthetic', synthetic.structure / real.structure]
        : ['real', real.structure / synthetic.structure];
    note(
      `What the pictures show seems to differ in size: structures are about ${factor.toFixed(1)} times as large in the ${larger} ones.`,
      'Crop both sets alike, so that the same thing fills the picture: a refiner must not change shapes.',
    );
  }
  if (ratioBeyond(synthetic.sharpness, real.sharpness, 1.3)) {
    const isSharper = synthetic.sharpness > real.sharpness;
    note(
      `The synthetic pictures are ${isSharper ? 'sharper' : 'softer'} than the real ones (${synthetic.sharpness.toFixed(2)} against ${real.sharpness.toFixed(2)}).`,
      isSharper
        ? 'Blur them (--match auto does).'
        : 'Render them larger and scale down, or sharpen them (--match auto does).',
    );
  }
  if (real.noise > 2 * synthetic.noise + 0.002) {
    note(
      `The real pictures are noisier (${percent(real.noise)} against ${percent(synthetic.noise)} of the range).`,
      'Add sensor noise (--match auto does), or give the refiner a noise channel as the quick recipes do.',
    );
  }
  if (real.length < FEW_PICTURES) {
    note(
      `There are only ${real.length} real pictures.`,
      'The discriminator may learn them by heart: train for few steps, watch the preview, collect more.',
    );
  }
  for (const [name, set] of [
    ['real', real],
    ['synthetic', synthetic],
  ] as const) {
    if (set.duplicates > 0.02 * set.images) {
      note(
        `${set.duplicates} of ${set.images} ${name} pictures look the same as another one.`,
        'Remove the copies, such as neighbouring frames of a film: they weigh as much as new ones.',
      );
    }
  }
  return findings;
}

function ratioBeyond(a: number, b: number, factor: number): boolean {
  return a > b * factor || b > a * factor;
}
