import { annotationSchema } from '@simgan/core/geometry';
import { z } from 'zod';
import { carryGaze, carryHeadPose, carryIris } from './label-moves.ts';

/** A finite number; JSON has no other. */
const real = z.number();

/**
 * A position in the picture, pixels: the origin is the outer corner of the top left pixel, x grows to the
 * right, y grows downwards, so that pixel (column, row) has its center at (column + 0.5, row + 0.5) and a
 * picture spans [0, width] x [0, height]. Scaling a picture multiplies its points; mirroring maps x to
 * width - x.
 */
const point = z.tuple([real, real]);

/** How many iris points, lid-margin points and caruncle points an annotation has: UnityEyes' counts. */
export const landmarkCounts = { iris: 32, lidMargin: 16, caruncle: 7 } as const;

/**
 * The annotation of a simulated eye, as a zod schema: every field is there. Plain JSON.
 *
 * The camera frame is that of MPIIGaze and OpenCV: x to the right of the picture, y downwards, z away from
 * the camera into the scene. A person who looks straight into the camera has the gaze (0, 0, -1). Pitch is
 * `asin(-y)` (positive: up), yaw is `atan2(-x, -z)` (positive: towards the left of the picture), radians.
 */
export const completeEyeAnnotation = z.object({
  /** `direction`: unit vector of the eye's optical axis in the camera frame; `pitch`, `yaw`: the same, radians. */
  gaze: z.object({ direction: z.tuple([real, real, real]), pitch: real, yaw: real }),
  /**
   * The head's rotation against the camera, radians: pitch and yaw of the direction the face points to, as for
   * the gaze, and roll about that direction (positive: clockwise in the picture). All 0: facing the camera.
   * The rotation from head to camera is `Ry(yaw) Rx(-pitch) Rz(roll)`.
   */
  headPose: z.object({ pitch: real, yaw: real, roll: real }),
  /** Center of the pupil as it appears through the cornea, pixels; also where a lid hides it. */
  pupilCenter: point,
  /** Projected center of the circle where iris and white meet, pixels. */
  irisCenter: point,
  /** 32 points of that circle, pixels, evenly spread, clockwise from the eye's right in the picture; also where lids hide them. */
  iris: z.array(point).length(landmarkCounts.iris),
  /**
   * 16 points where lid and eyeball meet, pixels: 0 is the inner corner, 1 to 7 the upper lid, 8 the outer
   * corner, 9 to 15 the lower lid on the way back.
   */
  lidMargin: z.array(point).length(landmarkCounts.lidMargin),
  /** 7 points of the caruncle's outline, pixels, from the upper lid around the inner corner to the lower lid. */
  caruncle: z.array(point).length(landmarkCounts.caruncle),
  /**
   * From 0, lids closed, to 1, wide open: the widest gap between the lids over 0.36 of the distance between
   * the corners of the eye, both on the 3-D model, at most 1. Looking down lowers it, as it lowers the lid.
   */
  openness: real.min(0).max(1),
  /** Whose eye it is: the subject's own left or right. A left eye has its inner corner on the picture's left. */
  side: z.enum(['left', 'right']),
});

const partialEyeAnnotation = completeEyeAnnotation.partial();

/**
 * The plugin's annotation schema: every field of {@link completeEyeAnnotation} may be missing, because public
 * datasets give some labels and not others (a gaze without landmarks, landmarks without an openness). Its `geometry`
 * says how each label follows when the picture is cropped, scaled, mirrored, rotated or bent.
 *
 * @example
 * ```ts
 * import { simulate } from '@simgan/core';
 * import { carryLabels, mirrorTransform } from '@simgan/core/geometry';
 * import { eyeAnnotation, eyeSimulator } from '@simgan/plugin-eyes';
 *
 * const { image, annotation } = await simulate(eyeSimulator(), { seed: 1, length: 1 }).at(0);
 * const mirrored = carryLabels(mirrorTransform(image), annotation, eyeAnnotation.geometry);
 * console.log(annotation.side, mirrored.side);
 * ```
 */
export const eyeAnnotation = annotationSchema(partialEyeAnnotation, {
  gaze: carryGaze,
  headPose: carryHeadPose,
  pupilCenter: 'point',
  irisCenter: 'point',
  iris: carryIris,
  lidMargin: 'points',
  caruncle: 'points',
  openness: 'invariant',
  side: 'side',
});

/** The labels of an eye that are known; see {@link completeEyeAnnotation} for units and axes. */
export type EyeAnnotation = z.infer<typeof partialEyeAnnotation>;

/** The labels of a simulated eye; an {@link EyeAnnotation} with every field. */
export type CompleteEyeAnnotation = z.infer<typeof completeEyeAnnotation>;
