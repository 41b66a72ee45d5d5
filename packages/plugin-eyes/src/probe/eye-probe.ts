import type { Image, ImageSpec, LabelProbe, Measurement, Values } from '@simgan/core';
import type { EyeAnnotation } from '../annotation.ts';
import { type Ellipse, ellipseThrough, outlineDistance } from './ellipse.ts';
import { type FoundIris, fitIris, MEASURED_WIDTH } from './iris-fit.ts';
import { measureLidGap } from './lid-gap.ts';
import { standardPlane } from './plane.ts';

/** Where the probe abstains; found on simulated open eyes, shut eyes, noise and real eyes. */
const limits = {
  /** Left and right borders of the iris that rise less than this can be anything. Deviations of the picture per pixel. */
  sides: 0.12,
  /** Where the weaker side has less than this share of all evidence, the other side alone has chosen the place. */
  sidesShare: 0.28,
  /** An iris is darker than what lies beside it, by this many deviations. */
  darkness: 0.3,
  /** A centre that moves further than this, in pixels at width 55, is not told. */
  unsteadiness: 0.6,
  lids: 0.2,
} as const;

/** What leaves no doubt: sides with this share of all evidence, lids that rise this much. */
const plain = { sidesShare: 0.6, lids: 1 } as const;

/**
 * Measures pictures of an eye, from the pixels alone: `pupilCenter` (x, y), `iris` (x, y, half the longer axis,
 * half the shorter, angle of the longer one) and `openness` (0 to 1). Points are those of the picture, as in
 * {@link EyeAnnotation}; distances are in pixels at a width of 55, so that figures compare with the 1.1 ± 0.8 px
 * of Apple's article of 2017, whatever the picture's size. The pupil's centre is that of the iris, of which more
 * can be seen; on simulated eyes they are the same.
 *
 * It abstains where one side of the iris cannot be made out: closed eyes, irises behind the corner of the eye,
 * eyes in deep shadow, glasses that shine.
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
  if (isDoubtful(found)) return {};
  const { ellipse } = found;
  const confidence = confidenceOf(found);
  const measured: Record<string, Measurement> = {
    pupilCenter: { values: [ellipse.x * scale, ellipse.y * scale], confidence },
    iris: { values: toValues(ellipse, scale), confidence },
  };
  const gap = measureLidGap(ellipse, plane, found.slopes);
  if (gap.plainness >= limits.lids) {
    measured.openness = {
      values: [gap.openness],
      confidence: confidence * Math.min(1, gap.plainness / plain.lids),
    };
  }
  return measured;
}

function isDoubtful({ score, sides, darkness, unsteadiness }: FoundIris): boolean {
  return (
    sides < limits.sides ||
    sides < limits.sidesShare * score ||
    darkness < limits.darkness ||
    unsteadiness > limits.unsteadiness
  );
}

function confidenceOf({ score, sides, unsteadiness }: FoundIris): number {
  return Math.min(1, sides / score / plain.sidesShare) * (1 - unsteadiness / (2 * limits.unsteadiness));
}

function toValues({ x, y, major, minor, angle }: Ellipse, scale: number): number[] {
  return [x * scale, y * scale, major * scale, minor * scale, angle];
}

function toEllipse(values: Values): Ellipse {
  const [x, y, major, minor, angle] = Array.from(values) as [number, number, number, number, number];
  return { x, y, major, minor, angle };
}
