import type { Image, LabelProbe, Size } from '@simgan/core';
import type { Measurement, Quantity, Values } from '@simgan/core/evaluation';
import type { EyeAnnotation } from '../annotation.ts';
import { type Ellipse, ellipseThrough, outlineDistance } from './ellipse.ts';
import { type FoundIris, fitIris, MEASURED_WIDTH } from './iris-fit.ts';
import { measureLidGap } from './lid-gap.ts';
import { blurred, slopesOf, standardPlane } from './plane.ts';

/** What {@link eyeProbe} measures. */
export type EyeQuantity = 'pupilCenter' | 'iris' | 'openness';

/** A probe of eyes; it measures each {@link EyeQuantity} or leaves it out. */
export interface EyeProbe extends LabelProbe<EyeAnnotation> {
  readonly quantities: Readonly<Record<EyeQuantity, Quantity>>;
  measure(image: Image): Readonly<Partial<Record<EyeQuantity, Measurement>>>;
  expected(annotation: EyeAnnotation): Readonly<Partial<Record<EyeQuantity, Values>>>;
}

/** Where the probe abstains; tuned on simulated open eyes, shut eyes, noise and real eyes. */
const limits = {
  /** The lowest probability that there is an iris. */
  presence: 0.5,
  /** The largest error of the center that the network itself expects, pixels. */
  doubt: 0.55,
  /** The largest spread of the centers that are found from several sides, pixels at width 55. */
  unsteadiness: 0.6,
  /** The lowest gradient at the lids, standard deviations per pixel. */
  lids: 0.2,
} as const;

/** The gradient at the lids from which on they are certain. */
const CERTAIN_LIDS = 1;

/**
 * A probe that measures an eye from the pixels alone: `pupilCenter` (x, y), `iris` (x, y, semi-major axis, semi-minor
 * axis, angle of the major axis) and `openness` (0 to 1). Points are in pixels of the picture, as in
 * {@link EyeAnnotation}; distances are in pixels at a width of 55, so that they compare with the 1.1 ± 0.8 px of
 * Apple's article of 2017 at any image size. The pupil's center is that of the iris, of which more is visible; on
 * simulated eyes the two are the same.
 *
 * A small network finds the iris from the 24x24 pixels around a place. It was trained on simulated eyes under changed
 * light, tone, blur and grain (`scripts/iris-network/train.ts` regenerates its weights). It also predicts its own
 * error: the probe abstains where the iris is not visible, as on closed eyes, in deep shadow, or behind glare on
 * glasses.
 *
 * @param size - of the images. Distances are scaled by its width.
 * @example
 * ```ts
 * import { createRng } from '@simgan/core';
 * import { eyeProbe, eyeSimulator } from '@simgan/plugin-eyes';
 *
 * const { image, annotation } = await eyeSimulator({ closedRate: 0, blinkRate: 0 })(createRng(1));
 * const probe = eyeProbe(image);
 * const measured = probe.measure(image).pupilCenter;
 * const expected = probe.expected(annotation).pupilCenter;
 * if (measured && expected) console.log(probe.quantities.pupilCenter.distance(measured.values, expected));
 * ```
 */
export function eyeProbe({ width }: Pick<Size, 'width'>): EyeProbe {
  const scale = width / MEASURED_WIDTH;
  return {
    quantities: {
      pupilCenter: {
        unit: 'px at width 55',
        distance: (a, b) => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!) / scale,
      },
      iris: {
        unit: 'px at width 55',
        distance: (a, b) => outlineDistance(toEllipse(a), toEllipse(b)) / scale,
      },
      openness: { unit: 'share of wide open', distance: (a, b) => Math.abs(a[0]! - b[0]!) },
    },
    measure,
    expected({ pupilCenter, irisCenter, iris, openness }) {
      const expected: Partial<Record<EyeQuantity, Values>> = {};
      const center = pupilCenter ?? irisCenter;
      if (center) expected.pupilCenter = center;
      if (iris) expected.iris = toValues(ellipseThrough(iris), 1);
      if (openness !== undefined) expected.openness = [openness];
      return expected;
    },
  };
}

function measure(image: Image): Partial<Record<EyeQuantity, Measurement>> {
  const scale = image.width / MEASURED_WIDTH;
  const plane = standardPlane(image, MEASURED_WIDTH);
  const found = fitIris(plane);
  if (!found || isDoubtful(found)) return {};
  const { ellipse } = found;
  const confidence = confidenceOf(found);
  const measured: Partial<Record<EyeQuantity, Measurement>> = {
    pupilCenter: { values: [ellipse.x * scale, ellipse.y * scale], confidence },
    iris: { values: toValues(ellipse, scale), confidence },
  };
  const gap = measureLidGap(ellipse, plane, slopesOf(blurred(plane, 0.5)));
  if (gap.plainness >= limits.lids) {
    measured.openness = {
      values: [gap.openness],
      confidence: confidence * Math.min(1, gap.plainness / CERTAIN_LIDS),
    };
  }
  return measured;
}

function isDoubtful({ presence, doubt, unsteadiness }: FoundIris): boolean {
  return presence < limits.presence || doubt > limits.doubt || unsteadiness > limits.unsteadiness;
}

function confidenceOf({ presence, doubt }: FoundIris): number {
  return presence * (1 - doubt / (2 * limits.doubt));
}

function toValues({ x, y, major, minor, angle }: Ellipse, scale: number): number[] {
  return [x * scale, y * scale, major * scale, minor * scale, angle];
}

function toEllipse(values: Values): Ellipse {
  const [x, y, major, minor, angle] = Array.from(values) as [number, number, number, number, number];
  return { x, y, major, minor, angle };
}
