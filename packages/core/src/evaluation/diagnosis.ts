import type { Photometry } from '../measures/photometry.ts';

/** A problem with two sets that should be known before training, and advice on it. */
export interface Finding {
  readonly finding: string;
  readonly advice: string;
}

/** A discriminator memorizes fewer real pictures than this. */
const FEW_PICTURES = 500;

/** The problems with two sets, the most serious first. Empty if there are none. */
export function diagnose(synthetic: Photometry, real: Photometry): Finding[] {
  const findings: Finding[] = [];
  const note = (finding: string, advice: string) => findings.push({ finding, advice });
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

  const isEqualized = real.unevenness < 0.04 && synthetic.unevenness > 0.08;
  if (isEqualized) {
    note(
      'The real pictures are histogram-equalized, the synthetic ones are not.',
      'Equalize both sets or neither, where the pictures come from; --match equalize does it for the synthetic ones.',
    );
  } else if (
    Math.abs(synthetic.brightness - real.brightness) > 0.1 ||
    ratioBeyond(synthetic.contrast, real.contrast, 1.4)
  ) {
    note(
      `The light differs: brightness ${percent(synthetic.brightness)} vs. ${percent(real.brightness)}, contrast ${percent(synthetic.contrast)} vs. ${percent(real.contrast)}.`,
      'Light the simulator like the real scenes. --match light maps tones, which may cost more than it brings: compare judges it.',
    );
  }
  if (ratioBeyond(synthetic.structure, real.structure, 1.4)) {
    const [larger, factor] =
      synthetic.structure > real.structure
        ? ['synthetic', synthetic.structure / real.structure]
        : ['real', real.structure / synthetic.structure];
    note(
      `The sets seem to differ in scale: structures are about ${factor.toFixed(1)} times as large in the ${larger} ones.`,
      'Crop both sets the same way, so that the same thing fills the picture: a refiner must not change shapes.',
    );
  }
  if (ratioBeyond(synthetic.sharpness, real.sharpness, 1.3)) {
    const isSharper = synthetic.sharpness > real.sharpness;
    note(
      `The synthetic pictures are ${isSharper ? 'sharper' : 'softer'} than the real ones (${synthetic.sharpness.toFixed(2)} vs. ${real.sharpness.toFixed(2)}).`,
      isSharper
        ? 'Blur them (--match auto does).'
        : 'Render them larger and scale them down, or sharpen them (--match sharpen).',
    );
  }
  if (real.noise > 2 * synthetic.noise + 0.002) {
    note(
      `The real pictures are noisier (${percent(real.noise)} vs. ${percent(synthetic.noise)} of the range).`,
      'Add sensor noise (--match auto does), or give the refiner a noise channel as the quick recipes do.',
    );
  }
  if (real.length < FEW_PICTURES) {
    note(
      `There are only ${real.length} real pictures.`,
      'The discriminator may memorize them: train for fewer steps, watch the preview, collect more.',
    );
  }
  for (const [name, set] of [
    ['real', real],
    ['synthetic', synthetic],
  ] as const) {
    if (set.duplicates > 0.02 * set.images) {
      note(
        `${set.duplicates} of ${set.images} ${name} pictures look the same as another one.`,
        'Remove the copies, such as neighboring frames of a video: they count as much as new pictures.',
      );
    }
  }
  return findings;
}

function ratioBeyond(a: number, b: number, factor: number): boolean {
  return a > b * factor || b > a * factor;
}
