import type { Image, LabelProbe, Size, SizedForm } from '@simgan/core';
import type { Quantity, Values } from '@simgan/core/evaluation';
import type { HandAnnotation } from '../annotation.ts';
import { cubeOf, pixelKind } from '../hand-image.ts';
import { DEEPEST_VISIBLE_MM } from '../simulator/occlusion.ts';
import { outlineDistance, overlap, silhouetteOf, withoutHoles } from './silhouette.ts';

/** A surface that fills a smaller share of the picture is no hand. */
const LEAST_SHARE = 0.01;

/** A probe of hands. */
export interface HandProbe extends LabelProbe<HandAnnotation> {
  readonly quantities: Readonly<Record<'silhouette' | 'edge' | 'edgeMm' | 'depth' | 'joints', Quantity>>;
}

/**
 * Measures what refinement must not move in pictures of hands: where the hand is, and the depth of its surface.
 *
 * - `silhouette`: the share of pixels in which two hands differ, 1 - intersection over union. Holes within a hand
 *   belong to it, because sensors make them without moving anything.
 * - `edge`, `edgeMm`: the mean distance of two outlines, in pixels and in mm at the depth of the palm.
 * - `depth`: the mean change of the surface in mm. Against an annotation: the mean distance from the surface to the
 *   visible joints on their pixels, which lie 2 to 40 mm behind it.
 * - `joints`: the mean change of the surface on the pixels of the visible joints, mm; needs the annotation.
 *
 * @param form - as `handImage` returns it.
 * @throws SimganError INVALID_ARGUMENT for any other form.
 * @example
 * ```ts
 * import { simulate } from '@simgan/core';
 * import { handImage, handProbe, handSimulator, standInDepthCamera } from '@simgan/plugin-depth-hands';
 *
 * const probe = handProbe(handImage(64));
 * const clean = await simulate(handSimulator({ size: 64 }), { seed: 1, length: 1 }).at(0);
 * const measured = await simulate(standInDepthCamera({ size: 64 }), { seed: 1, length: 1 }).at(0);
 * const before = probe.measure(clean.image, clean.annotation);
 * const after = probe.measure(measured.image, clean.annotation);
 * if (before.edge && after.edge) {
 *   const pixels = probe.quantities.edge.distance(before.edge.values, after.edge.values);
 * }
 * ```
 */
export function handProbe(form: SizedForm): HandProbe {
  const cube = cubeOf(form);
  const size = form.width;
  // Where an outline is missing, the distance is the width of the picture.
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
      const surface = silhouetteOf(image, cube);
      const hand = withoutHoles(surface, size);
      const pixels = hand.reduce((sum, own) => sum + own, 0);
      const share = pixels / hand.length;
      if (share < LEAST_SHARE) return {};
      const measured = surface.reduce((sum, own) => sum + own, 0);
      // A hand with many holes is measured with less confidence.
      const confidence = measured / pixels;
      const depths = Float32Array.from(image.data, (value, at) => (surface[at] === 1 ? value : Number.NaN));
      const joints = visibleJoints(annotation, form).map(({ pixel }) => surfaceAt(image, pixel, cube));
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
      for (const { pixel, depth } of visibleJoints(annotation, form)) depths[pixel] = depth;
      return { depth: depths };
    },
  };
}

/** What refinement changed at one visible joint. */
export interface JointResidual {
  /** Index into `HAND_JOINTS`. */
  readonly joint: number;
  /** By how much the surface on the joint's pixel moved away from the camera, mm. */
  readonly residual: number;
}

/**
 * The change of depth on the pixel of every visible joint: not occluded, and less than 40 mm behind the
 * surface of the synthetic picture. Joints where a picture has a hole or background are left out.
 */
export function jointResiduals(
  synthetic: Image,
  refined: Image,
  annotation: HandAnnotation,
): JointResidual[] {
  const { crop } = annotation;
  if (!crop) return [];
  const { cube } = crop;
  return visibleJoints(annotation, synthetic).flatMap(({ joint, pixel, depth }) => {
    const [before, after] = [surfaceAt(synthetic, pixel, cube), surfaceAt(refined, pixel, cube)];
    const isSeen = depth - before <= DEEPEST_VISIBLE_MM + 1;
    return isSeen && !Number.isNaN(after) ? [{ joint, residual: after - before }] : [];
  });
}

/** A joint within the picture that is not annotated as occluded. */
interface VisibleJoint {
  /** Index into `HAND_JOINTS`. */
  readonly joint: number;
  readonly pixel: number;
  /** mm behind the near face of the cube. */
  readonly depth: number;
}

function visibleJoints({ joints, crop }: HandAnnotation, size: Size): VisibleJoint[] {
  if (!joints || !crop) return [];
  return joints.uvd.flatMap((place, joint) => {
    const pixel = place ? pixelOf(place, size) : undefined;
    if (!place || pixel === undefined || joints.occluded?.[joint]) return [];
    return [{ joint, pixel, depth: place[2] - crop.near }];
  });
}

/** The depth in mm behind the near face that a picture shows at a pixel; NaN where it shows none. */
function surfaceAt({ data }: Image, pixel: number, cube: number): number {
  return pixelKind(data[pixel]!, cube) === 'depth' ? data[pixel]! : Number.NaN;
}

function pixelOf([u, v]: readonly [number, number, number], { width, height }: Size): number | undefined {
  const [column, row] = [Math.round(u), Math.round(v)];
  const isInside = column >= 0 && column < width && row >= 0 && row < height;
  return isInside ? row * width + column : undefined;
}

/** Over the pixels that both know; 0 if there are none. */
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
