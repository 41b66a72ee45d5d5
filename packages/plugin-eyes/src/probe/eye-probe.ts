import type { Image, ImageSpec, LabelProbe, Measurement, Values } from '@simgan/core';
import type { EyeAnnotation } from '../annotation.ts';
import { type Ellipse, ellipseThrough, outlineDistance } from './ellipse.ts';
import { type FoundIris, fitIris, MEASURED_WIDTH } from './iris-fit.ts';
import { measureLidGap } from './lid-gap.ts';
import { blurred, slopesOf, standardPlane } from './plane.ts';

/** Where the probe abstains; found on simulated open eyes, shut eyes, noise and real eyes. */
const limits = {
  /** The least probability that there is an iris. */
  presence: 0.5,
  /** The most that the centre may be wrong in the network's own opinion, pixels. */
  doubt: 0.55,
  /** Centres that are found from several sides and lie further apart, in pixels at width 55, are not told. */
  unsteadiness: 0.6,
  lids: 0.2,
} as const;

/** What leaves no doubt: lids that rise this much. */
const plain = { lids: 1 } as const;

/**
 * Measures pictures of an eye, from the pixels alone: `pupilCenter` (x, y), `iris` (x, y, half the longer axis,
 * half the shorter, angle of the longer one) and `openness` (0 to 1). Points are those of the picture, as in
 * {@link EyeAnnotation}; distances are in pixels at a width of 55, so that figures compare with the 1.1 ± 0.8 px
 * of Apple's article of 2017, whatever the picture's size. The pupil's centre is that of the iris, of which more
 * can be seen; on simulated eyes they are the same.
 *
 * The iris is found by a small network that was taught by simulated eyes under changed light, tone, blur and grain,
 * and sees 24 pixels around a place (`learning/learn.ts` makes its weights anew). It also says how far to trust
 * it: the probe abstains where the iris cannot be made out, as on closed eyes, in deep shadow, behind glasses that
 * shine.
 */
export function eyeProbe(image: ImageSpec): LabelProbe<EyeAnnotation> {
  const scale = image.width / MEASURED_WIDTH;
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
    measure: (pixels) => measure(pixels, image, scale),
    expected({ pupilCenter, irisCenter, iris, openness }) {
      const expected: Record<string, Values> = {};
      const centre = pupilCenter ?? irisCenter;
      if (centre) expected.pupilCenter = centre;
      if (iris) expected.iris = toValues(ellipseThrough(iris), 1);
      if (openness !== undefined) expected.openness = [openness];
      return expected;
    },
  };
}

function measure(pixels: Image, image: ImageSpec, scale: number): Record<string, Measurement> {
  const plane = standardPlane(pixels, image, MEASURED_WIDTH);
  const found = fitIris(plane);
  if (!found || isDoubtful(found)) return {};
  const { ellipse } = found;
  const confidence = confidenceOf(found);
  const measured: Record<string, Measurement> = {
    pupilCenter: { values: [ellipse.x * scale, ellipse.y * scale], confidence },
    iris: { values: toValues(ellipse, scale), confidence },
  };
  const gap = measureLidGap(ellipse, plane, slopesOf(blurred(plane, 0.5)));
  if (gap.plainness >= limits.lids) {
    measured.openness = {
      values: [gap.openness],
      confidence: confidence * Math.min(1, gap.plainness / plain.lids),
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
