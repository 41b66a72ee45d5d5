import type { Image, ImageSpec, LabelProbe, Values } from '@simgan/core';
import type { HandAnnotation } from '../annotation.ts';
import { cubeOf, pixelKind } from '../hand-image.ts';
import { DEEPEST_VISIBLE_MM } from '../simulator/occlusion.ts';
import { outlineDistance, overlap, silhouetteOf, withoutHoles } from './silhouette.ts';

/** A surface that fills less of the picture than this is no hand. */
const LEAST_SHARE = 0.01;

/**
 * Measures in pictures of hands what refinement must not move: where the hand is and how far its surface is.
 *
 * - `silhouette`: the share of pixels in which two hands differ, 1 - intersection over union. Holes within a hand
 *   belong to it, because sensors make them without moving anything.
 * - `edge`, `edgeMm`: how far two outlines are apart on average, in pixels and in mm at the depth of the palm.
 * - `depth`: the mean change of the surface in mm. Against an annotation: the mean distance from the surface to the
 *   visible joints on their pixels, which lie 2 to 40 mm behind it.
 * - `joints`: the mean change of the surface on the pixels of the visible joints, mm; needs the annotation.
 *
 * @param form The form that `handImage` gives.
 * @throws SimganError INVALID_ARGUMENT if it is another.
 */
export function handProbe(form: ImageSpec): LabelProbe<HandAnnotation> {
  const cube = cubeOf(form);
  const size = form.width;
  // Outlines of which one is missing are as far apart as the picture is wide.
  const edge = (a: Values, b: Values) => outlineDistance(a, b, size) ?? size;
  return {
    quantities: {
      silhouette: { unit: 'share', distance: (a, b) => 1 - overlap(a, b) },
      edge: { unit: 'px', distance: edge },
      edgeMm: { unit: 'mm', distance: (a, b) => (edge(a, b) * cube) / size },
      depth: { unit: 'mm', distance: meanDifference },
      joints: { unit: 'mm', distance: meanDifference },
    },
    measure(image, annotation = {}) {
      const surface = silhouetteOf(image, size, cube);
      const hand = withoutHoles(surface, size);
      const pixels = hand.reduce((sum, own) => sum + own, 0);
      const share = pixels / hand.length;
      if (share < LEAST_SHARE) return {};
      const measured = surface.reduce((sum, own) => sum + own, 0);
      // A hand full of holes is less sure.
      const confidence = measured / pixels;
      const depths = Float32Array.from(image, (value, at) => (surface[at] === 1 ? value : Number.NaN));
      const joints = visibleJoints(annotation, size).map(({ pixel }) => surfaceAt(image, pixel, cube));
      return {
        ...(joints.some((value) => !Number.isNaN(value)) && { joints: { values: joints, confidence } }),
        silhouette: { values: hand, confidence },
        edge: { values: hand, confidence },
        edgeMm: { values: hand, confidence },
        depth: { values: depths, confidence },
      };
    },
    expected(annotation) {
      if (!annotation.joints || !annotation.crop) return {};
      const depths = new Float32Array(size * size).fill(Number.NaN);
      for (const { pixel, depth } of visibleJoints(annotation, size)) depths[pixel] = depth;
      return { depth: depths };
    },
  };
}

/** What refinement did at one joint that can be seen. */
export interface JointResidual {
  /** Index into `HAND_JOINTS`. */
  readonly joint: number;
  /** How far the surface on the joint's pixel moved away from the camera, mm. */
  readonly residual: number;
}

/**
 * The change of depth on the pixel of every joint that can be seen: not occluded, and less than 40 mm behind the
 * surface of the synthetic picture. Joints on which a picture has a hole or background are left out.
 */
export function jointResiduals(
  synthetic: Image,
  refined: Image,
  annotation: HandAnnotation,
): JointResidual[] {
  return visibleJoints(annotation, Math.sqrt(synthetic.length)).flatMap(({ joint, pixel, depth }) => {
    const { cube } = annotation.crop!;
    const [before, after] = [surfaceAt(synthetic, pixel, cube), surfaceAt(refined, pixel, cube)];
    const isSeen = depth - before <= DEEPEST_VISIBLE_MM + 1;
    return isSeen && !Number.isNaN(after) ? [{ joint, residual: after - before }] : [];
  });
}

/** A joint in the picture that is not said to be occluded. */
interface VisibleJoint {
  /** Index into `HAND_JOINTS`. */
  readonly joint: number;
  readonly pixel: number;
  /** mm behind the near face of the cube. */
  readonly depth: number;
}

function visibleJoints({ joints, crop }: HandAnnotation, size: number): VisibleJoint[] {
  if (!joints || !crop) return [];
  return joints.uvd.flatMap((place, joint) => {
    const pixel = place ? pixelOf(place, size) : undefined;
    if (!place || pixel === undefined || joints.occluded?.[joint]) return [];
    return [{ joint, pixel, depth: place[2] - crop.near }];
  });
}

/** The depth in mm that a picture shows at a pixel; NaN where it shows none. */
function surfaceAt(image: Image, pixel: number, cube: number): number {
  return pixelKind(image[pixel]!, cube) === 'depth' ? image[pixel]! : Number.NaN;
}

function pixelOf([u, v]: readonly [number, number, number], size: number): number | undefined {
  const [column, row] = [Math.round(u), Math.round(v)];
  const isInside = column >= 0 && column < size && row >= 0 && row < size;
  return isInside ? row * size + column : undefined;
}

/** Over the pixels of which both say something; 0 if there are none. */
function meanDifference(a: Values, b: Values): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (Number.isNaN(difference)) continue;
    sum += difference;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
