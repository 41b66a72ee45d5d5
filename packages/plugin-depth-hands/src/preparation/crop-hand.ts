import type { Image } from '@simgan/core';
import type { HandCrop } from '../camera-frame.ts';
import { storeDepths } from '../hand-image.ts';
import type { DepthFrame } from './depth-frame.ts';

/** Options for {@link cropHand}. */
export interface CropHandOptions {
  /** Pixels along a side of the picture. */
  readonly size: number;
  /**
   * What lies beyond the frame's borders: `invalid`, because nothing was measured there, or `background`, for a frame
   * that was itself cropped tightly about a hand. Default: `invalid`.
   */
  readonly beyond?: 'invalid' | 'background';
  /**
   * Another frame of the same view in which only the hand is within the cube, such as its rendering. What it does
   * not show becomes background, as the paper masks real pictures with the synthetic one.
   */
  readonly mask?: DepthFrame;
}

/**
 * Crops a metric cube from a frame as a picture of `handImage`'s form. A pixel takes the one frame pixel that
 * it falls on, because a mean of two surfaces is a point that does not exist; so whole millimeters inside the
 * cube stay as they were, what was not measured stays apart from what is far, and a joint at `toCrop(uvd, crop)`
 * is on the pixels it was on.
 *
 * @param crop - where the cube is: see `cropAround`, which gives it its size in perspective.
 * @returns 16-bit depth of `size` x `size`.
 */
export function cropHand(
  frame: DepthFrame,
  crop: HandCrop,
  { size, beyond = 'invalid', mask }: CropHandOptions,
): Image {
  const outside = beyond === 'invalid' ? Number.NaN : Number.POSITIVE_INFINITY;
  const depths = new Float32Array(size * size);
  for (let row = 0; row < size; row++) {
    const v = Math.round(crop.v + crop.scaleV * row);
    for (let column = 0; column < size; column++) {
      const u = Math.round(crop.u + crop.scaleU * column);
      const isInside = u >= 0 && u < frame.width && v >= 0 && v < frame.height;
      const at = v * frame.width + u;
      const isMasked = mask !== undefined && !(isInside && isWithin(mask.depths[at]!, crop));
      depths[row * size + column] = isMasked
        ? Number.POSITIVE_INFINITY
        : isInside
          ? frame.depths[at]!
          : outside;
    }
  }
  return storeDepths({ width: size, height: size, depths }, crop);
}

function isWithin(depth: number, { near, cube }: HandCrop): boolean {
  return depth >= near && depth <= near + cube;
}
