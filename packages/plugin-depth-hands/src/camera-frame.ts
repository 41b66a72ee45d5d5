/** @file The camera that saw a hand, and the cube that was cropped from its frame. */
import { z } from 'zod';

const positive = z.number().positive();

/** A pinhole camera without distortion; see {@link CameraIntrinsics}. */
export const cameraIntrinsics = z.object({
  fx: positive,
  fy: positive,
  cx: z.number(),
  cy: z.number(),
  width: z.int().positive(),
  height: z.int().positive(),
});

/**
 * A pinhole camera without distortion: focal lengths, principal point and frame in pixels. Pixel centers
 * have whole coordinates. A point `[x, y, z]` in mm, with y **up** as in the NYU dataset, is projected to
 * `u = cx + fx * x / z`, `v = cy - fy * y / z`.
 *
 * Mirroring a picture mirrors the frame about its left edge: column `c` becomes column `-1 - c`, so the frame then
 * spans the columns `-width` to `-1`.
 */
export type CameraIntrinsics = z.infer<typeof cameraIntrinsics>;

/** A metric cube cropped from a camera's frame; see {@link HandCrop}. */
export const handCrop = z.object({
  u: z.number(),
  v: z.number(),
  scaleU: positive,
  scaleV: positive,
  near: z.int().nonnegative(),
  cube: z.int().positive(),
});

/**
 * A metric cube cropped from a camera's frame. Pixel `[column, row]` of the crop is the point
 * `[u + scaleU * column, v + scaleV * row]` of the frame; depth reaches from `near` to `near + cube`, in mm.
 */
export type HandCrop = z.infer<typeof handCrop>;
