import type { Photometry } from '../measures/photometry.ts';
import type { GroupContrast } from './group-contrast.ts';

/**
 * Where a difference between two sets can come from: the real camera (blur, noise, compression), the light of its
 * scenes, how its pictures are cropped, what they show, a sensor of another kind, or the sets themselves.
 */
export type FindingSource = 'camera' | 'light' | 'framing' | 'content' | 'sensor' | 'set';

/** A problem with two sets that should be known before training, and advice on it. */
export interface Finding {
  readonly source: FindingSource;
  readonly finding: string;
  /** What to change, in the simulator first: most of a gap is there. */
  readonly advice: string;
}

/** What is known of two sets beside their photometry. */
export interface DiagnosisContext {
  /** How their framing differs, as `planFraming` says. */
  readonly framing?: { readonly plan?: unknown; readonly reason: string };
  /** Whether synthetic content alone stands on a plain ground, as `planGrounds` says. */
  readonly grounds?: { readonly plan?: unknown };
  /** The contrast of the synthetic pictures by their labels, against that of all real ones. */
  readonly contrasts?: readonly GroupContrast[];
}

/** A discriminator memorizes fewer real pictures than this. */
const FEW_PICTURES = 500;

/** The problems with two sets, the most serious first. Empty if there are none. */
export function diagnose(
  synthetic: Photometry,
  real: Photometry,
  { framing, grounds, contrasts = [] }: DiagnosisContext = {},
): Finding[] {
  const findings: Finding[] = [];
  const note = (source: FindingSource, finding: string, advice: string) =>
    findings.push({ source, finding, advice });
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

  if (real.saturation < COLORLESS && synthetic.saturation > COLORFUL) {
    note(
      'sensor',
      `The real pictures have no color (saturation ${percent(real.saturation)} vs. ${percent(synthetic.saturation)}).`,
      'They come from a near-infrared or gray sensor: render in its light, where skin is bright and even, irises are pale and lashes weak, or use the plugin in gray.',
    );
  }
  if (framing?.plan) {
    note(
      'framing',
      `The content is framed differently: ${framing.reason}.`,
      'Place, scale and slant it in the simulator as in the real pictures, or crop both sets the same way; the treatment framed does it afterwards.',
    );
  }
  if (grounds?.plan) {
    note(
      'content',
      'Synthetic content stands on a plain ground, real content does not.',
      'Render what is behind it in real pictures, or many other things: networks must not learn a ground. The treatment grounded puts parts of the real pictures there.',
    );
  }
  for (const { group, contrast, low, high } of contrasts) {
    if (contrast >= low && contrast <= high) continue;
    const isFlat = contrast < low;
    note(
      'content',
      `Synthetic pictures of ${group} have ${isFlat ? 'less' : 'more'} contrast than nearly all real ones (${contrast.toFixed(3)}; real: ${low.toFixed(3)} to ${high.toFixed(3)}).`,
      isFlat
        ? 'Something is missing in them: draw the shadows, folds and small dark parts that real pictures of this kind show. Contrast would become a false cue for the label.'
        : 'Something in them is too hard: soften shadows and edges there. Contrast would become a false cue for the label.',
    );
  }
  const isEqualized = real.unevenness < 0.04 && synthetic.unevenness > 0.08;
  if (isEqualized) {
    note(
      'light',
      'The real pictures are histogram-equalized, the synthetic ones are not.',
      'Equalize both sets or neither, where the pictures come from; --match equalize does it for the synthetic ones.',
    );
  } else if (
    Math.abs(synthetic.brightness - real.brightness) > 0.1 ||
    ratioBeyond(synthetic.contrast, real.contrast, 1.4)
  ) {
    note(
      'light',
      `The light differs: brightness ${percent(synthetic.brightness)} vs. ${percent(real.brightness)}, contrast ${percent(synthetic.contrast)} vs. ${percent(real.contrast)}.`,
      'Light the simulator like the real scenes. --match light maps tones, which may cost more than it brings: compare judges it.',
    );
  }
  if (real.shading > 1.5 * synthetic.shading + 0.03) {
    note(
      'light',
      `The real pictures are lit less evenly (${percent(real.shading)} vs. ${percent(synthetic.shading)} of the brightness).`,
      'Vary the place and size of the lights in the simulator.',
    );
  }
  // With a ground, framing says how large things are; without one, the scale of the structures does.
  if (!framing?.plan && ratioBeyond(synthetic.structure, real.structure, 1.4)) {
    const [larger, factor] =
      synthetic.structure > real.structure
        ? ['synthetic', synthetic.structure / real.structure]
        : ['real', real.structure / synthetic.structure];
    note(
      'content',
      `The sets seem to differ in scale: structures are about ${factor.toFixed(1)} times as large in the ${larger} ones.`,
      'Crop both sets the same way, so that the same thing fills the picture, and draw strokes and textures as wide as real ones: a refiner of pixels must not change shapes.',
    );
  }
  if (ratioBeyond(synthetic.sharpness, real.sharpness, 1.3)) {
    const isSharper = synthetic.sharpness > real.sharpness;
    note(
      'camera',
      `The synthetic pictures are ${isSharper ? 'sharper' : 'softer'} than the real ones (${synthetic.sharpness.toFixed(2)} vs. ${real.sharpness.toFixed(2)}).`,
      isSharper
        ? 'Blur them (--match auto does).'
        : 'Render them larger and scale them down, or sharpen them (--match sharpen).',
    );
  }
  if (real.noise > 2 * synthetic.noise + 0.002) {
    note(
      'camera',
      `The real pictures are noisier (${percent(real.noise)} vs. ${percent(synthetic.noise)} of the range).`,
      'Add sensor noise (--match auto does), or give the refiner a noise channel as the quick recipes do.',
    );
  }
  if (real.blockiness > synthetic.blockiness + BLOCKS) {
    note(
      'camera',
      `The real pictures show the blocks of JPEG (${real.blockiness.toFixed(2)} vs. ${synthetic.blockiness.toFixed(2)}).`,
      'Compress the synthetic ones as well (--match auto does), or save real ones with less loss.',
    );
  }
  if (real.length < FEW_PICTURES) {
    note(
      'set',
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
        'set',
        `${set.duplicates} of ${set.images} ${name} pictures look the same as another one.`,
        'Remove the copies, such as neighboring frames of a video: they count as much as new pictures.',
      );
    }
  }
  return findings;
}

/** Saturations below and above which pictures have no color, and some. */
const COLORLESS = 0.02;
const COLORFUL = 0.06;

/** Sets whose blockiness differs by less are compressed alike: small pictures have a little by chance. */
const BLOCKS = 0.06;

function ratioBeyond(a: number, b: number, factor: number): boolean {
  return a > b * factor || b > a * factor;
}
