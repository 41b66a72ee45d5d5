/** @file How the labels of a hand follow when its picture is cropped, scaled, mirrored or flipped. */
import { type ImageTransform, movePoint } from '@simgan/core/geometry';
import type { CameraIntrinsics, HandCrop } from './camera-frame.ts';

/**
 * Moves `[u, v, d]`, pixels of the picture and mm. Pixel centers have whole coordinates in annotations, and lie half a
 * pixel further right and down in transforms, which count from the outer corner of the top left pixel.
 */
export function moveUvd(
  transform: ImageTransform,
  [u, v, d]: readonly [number, number, number],
): [number, number, number] {
  const [x, y] = movePoint(transform, [u + 0.5, v + 0.5]);
  return [x - 0.5, y - 0.5, d];
}

/** A reflection makes a left hand of a right one; mirroring and flipping at once is a half turn and does not. */
export function moveSide({ scale }: ImageTransform, side: 'left' | 'right'): 'left' | 'right' {
  if (scale[0] * scale[1] > 0) return side;
  return side === 'left' ? 'right' : 'left';
}

/**
 * The camera of the frame that the new picture is a crop of. Cropping and scaling leave it as it is. A mirrored picture
 * is a crop of the mirrored frame: column `c` becomes column `-1 - c`, whatever the width of the frame, so that camera
 * and crop follow each other even where only one of them is known.
 */
export function moveCamera({ scale }: ImageTransform, camera: CameraIntrinsics): CameraIntrinsics {
  return { ...camera, cx: reflected(scale[0], camera.cx), cy: reflected(scale[1], camera.cy) };
}

/** Keeps every pixel of the new picture at its place in the frame, or in the mirrored frame; see {@link moveCamera}. */
export function moveCrop({ scale, shift }: ImageTransform, crop: HandCrop): HandCrop {
  return {
    ...crop,
    u: firstOf(crop.u, crop.scaleU, scale[0], shift[0]),
    v: firstOf(crop.v, crop.scaleV, scale[1], shift[1]),
    scaleU: crop.scaleU / Math.abs(scale[0]),
    scaleV: crop.scaleV / Math.abs(scale[1]),
  };
}

/** Where the center of the new picture's first pixel lies along an axis of the frame. */
function firstOf(first: number, step: number, scale: number, shift: number): number {
  return reflected(scale, first + step * ((0.5 - shift) / scale - 0.5));
}

function reflected(scale: number, coordinate: number): number {
  return scale < 0 ? -1 - coordinate : coordinate;
}
