/**
 * @file Geometric transforms of pictures that labels can follow: crop, resize, mirror, flip, and chains of them.
 * Each maps x and y independently, `to = scale * from + shift`, so that every kind of label has one answer and
 * every chain is invertible.
 *
 * Points are in pixels from the outer corner of the top left pixel: pixel (column, row) has its center at
 * (column + 0.5, row + 0.5), and a picture spans [0, width] x [0, height].
 */
import { SimganError } from '../errors.ts';
import type { Size } from '../image.ts';

/** A window of a picture, in pixels; it may extend beyond the picture's edges. */
export interface CropWindow extends Size {
  readonly left: number;
  readonly top: number;
}

/** x and y, pixels. */
export type Point = readonly [x: number, y: number];

/** A direction in the camera's frame: x to the right of the picture, y downwards, z into the scene or out of it. */
export type Direction = readonly [x: number, y: number, z: number];

/** Maps the points of one picture to another: (x, y) moves to (scale[0] x + shift[0], scale[1] y + shift[1]). */
export interface ImageTransform {
  readonly from: Size;
  readonly to: Size;
  /** Negative: mirrored along that axis. Never 0. */
  readonly scale: readonly [x: number, y: number];
  /** In pixels of the new picture. */
  readonly shift: readonly [x: number, y: number];
}

/** Crops a picture to a window, at the same scale. */
export function cropTransform(from: Size, { left, top, width, height }: CropWindow): ImageTransform {
  return checked({ from: sizeOf(from), to: { width, height }, scale: [1, 1], shift: [-left, -top] });
}

/** Resizes the whole picture; the two axes scale independently. */
export function resizeTransform(from: Size, to: Size): ImageTransform {
  return checked({
    from: sizeOf(from),
    to: sizeOf(to),
    scale: [to.width / from.width, to.height / from.height],
    shift: [0, 0],
  });
}

/** Swaps left and right: x becomes width - x. A left eye or hand becomes a right one. */
export function mirrorTransform(size: Size): ImageTransform {
  return checked({ from: sizeOf(size), to: sizeOf(size), scale: [-1, 1], shift: [size.width, 0] });
}

/**
 * Swaps top and bottom: y becomes height - y. Applied to points alone, it converts coordinates that count from
 * the bottom left corner (Unity, OpenGL, mathematics) to those of the picture.
 */
export function flipTransform(size: Size): ImageTransform {
  return checked({ from: sizeOf(size), to: sizeOf(size), scale: [1, -1], shift: [0, size.height] });
}

/**
 * Composes transforms, in the order of their application.
 *
 * @throws SimganError INVALID_ARGUMENT if one does not start from the size that the previous one ends with.
 */
export function composeTransforms(first: ImageTransform, ...rest: readonly ImageTransform[]): ImageTransform {
  return rest.reduce((done, next, index) => {
    checkChain(done, next, index + 1);
    return {
      from: done.from,
      to: next.to,
      scale: [done.scale[0] * next.scale[0], done.scale[1] * next.scale[1]],
      shift: [done.shift[0] * next.scale[0] + next.shift[0], done.shift[1] * next.scale[1] + next.shift[1]],
    };
  }, first);
}

/** The inverse: points return to where they were; pixels that were cropped do not. */
export function invertTransform({ from, to, scale, shift }: ImageTransform): ImageTransform {
  return {
    from: to,
    to: from,
    scale: [1 / scale[0], 1 / scale[1]],
    shift: [-shift[0] / scale[0], -shift[1] / scale[1]],
  };
}

/** Whether left and right are swapped. */
export function isMirrored({ scale }: ImageTransform): boolean {
  return scale[0] < 0;
}

/** Maps a point of the old picture to the new one. */
export function movePoint({ scale, shift }: ImageTransform, [x, y]: Point): [x: number, y: number] {
  return [scale[0] * x + shift[0], scale[1] * y + shift[1]];
}

/**
 * Transforms a 3-D direction in the scene, such as a gaze. Mirroring and flipping change it; cropping and scaling do
 * not: stretching a picture does not move the eye in it, and the datasets of the field follow this convention.
 */
export function turnDirection({ scale }: ImageTransform, [x, y, z]: Direction): [number, number, number] {
  return [signed(scale[0], x), signed(scale[1], y), z];
}

/**
 * The same for angles: `pitch` about the picture's horizontal axis, `yaw` about its vertical axis and `roll` about
 * the viewing axis, radians. Mirroring negates yaw and roll, flipping negates pitch and roll.
 */
export function turnAngles<
  Angles extends { readonly pitch?: number; readonly yaw?: number; readonly roll?: number },
>({ scale }: ImageTransform, angles: Angles): Angles {
  const { pitch, yaw, roll } = angles;
  return {
    ...angles,
    ...(pitch !== undefined && { pitch: signed(scale[1], pitch) }),
    ...(yaw !== undefined && { yaw: signed(scale[0], yaw) }),
    ...(roll !== undefined && { roll: signed(scale[0] * scale[1], roll) }),
  };
}

/**
 * Transforms an angle in the picture plane, such as that of an ellipse's long axis: radians from the picture's right
 * toward its bottom. Unlike a 3-D angle, it changes if the two axes are scaled differently.
 */
export function turnInPicture({ scale }: ImageTransform, angle: number): number {
  return Math.atan2(scale[1] * Math.sin(angle), scale[0] * Math.cos(angle));
}

function checked(transform: ImageTransform): ImageTransform {
  checkSize(transform.from);
  checkSize(transform.to);
  return transform;
}

/** @throws SimganError INVALID_ARGUMENT if the next map does not start from the size that the previous one makes. */
export function checkChain(
  { to }: { readonly to: Size },
  { from }: { readonly from: Size },
  index: number,
): void {
  if (isClose(to.width, from.width) && isClose(to.height, from.height)) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `Transform ${index} of the chain is for pictures of ${described(from)}, but the previous one ` +
      `makes ${described(to)}. Make each transform for the size that the previous one gives.`,
  );
}

/** @throws SimganError INVALID_ARGUMENT if a side is not above 0. */
export function checkSize({ width, height }: Size): void {
  if (width > 0 && height > 0 && Number.isFinite(width) && Number.isFinite(height)) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `A picture or window cannot be ${described({ width, height })} pixels: both sides must be above 0.`,
  );
}

export function sizeOf({ width, height }: Size): Size {
  return { width, height };
}

/** Negates a value if the sign is negative, but never to -0, which files store as 0 and which compares as different. */
export function signed(sign: number, value: number): number {
  return sign < 0 && value !== 0 ? -value : value;
}

function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a));
}

export function described({ width, height }: Size): string {
  return `${width} x ${height}`;
}
