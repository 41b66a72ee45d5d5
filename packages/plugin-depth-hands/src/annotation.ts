import { annotationSchema } from '@simgan/core/geometry';
import { z } from 'zod';
import { cameraIntrinsics, handCrop } from './camera-frame.ts';
import { moveCamera, moveCrop, moveSide, moveUvd, moveXyz } from './label-moves.ts';

const DIGITS = ['F1', 'F2', 'F3', 'F4', 'TH'] as const;
const KNUCKLES = ['KNU3_A', 'KNU3_B', 'KNU2_A', 'KNU2_B', 'KNU1_A', 'KNU1_B'] as const;

/**
 * The 36 joints of the NYU hand pose dataset (Tompson et al., ACM Transactions on Graphics 33(5), 2014), in
 * its order. `F1` is the little finger, `F4` the index finger, `TH` the thumb; `KNU3` is the outermost phalanx and
 * `KNU1` the innermost (a thumb's `KNU1` is its metacarpal); `A` lies toward the tip, `B` toward the wrist.
 */
export const HAND_JOINTS: readonly string[] = [
  ...DIGITS.flatMap((digit) => KNUCKLES.map((knuckle) => `${digit}_${knuckle}`)),
  ...Array.from({ length: 6 }, (_, index) => `PALM_${index + 1}`),
];

/** The number of joints of a hand. */
export const HAND_JOINT_COUNT = 36;

/** Indices into {@link HAND_JOINTS} of the 14 joints on which results on the NYU dataset are reported. */
export const EVALUATED_JOINTS: readonly number[] = [0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32];

/** Index into {@link HAND_JOINTS} of the middle of the palm, about which hands are cropped. */
export const PALM_CENTER = 32;

const triple = z.tuple([z.number(), z.number(), z.number()]);

const joints = <Item extends z.ZodType>(item: Item) => z.array(item).length(HAND_JOINT_COUNT);

/** All that the simulator knows of a hand: the schema of {@link CompleteHandAnnotation}. */
export const completeHandAnnotation = z.object({
  side: z.enum(['left', 'right']),
  joints: z.object({ uvd: joints(triple), xyz: joints(triple), occluded: joints(z.boolean()) }),
  camera: cameraIntrinsics,
  crop: handCrop,
});

const partialHandAnnotation = z
  .object({
    ...completeHandAnnotation.shape,
    joints: z.object({
      uvd: joints(triple.nullable()),
      xyz: joints(triple.nullable()),
      occluded: joints(z.boolean()).optional(),
    }),
  })
  .partial();

/** What is known of a hand: the schema of {@link HandAnnotation}, and how its labels follow the picture. */
export const handAnnotation = annotationSchema(partialHandAnnotation, {
  side: moveSide,
  joints: {
    uvd: { each: moveUvd },
    xyz: { each: moveXyz },
    occluded: 'invariant',
  },
  camera: moveCamera,
  crop: moveCrop,
});

/**
 * The annotation of a simulated hand. Per joint of {@link HAND_JOINTS}: `uvd` in pixels of the picture, whose pixel
 * centers have whole coordinates, and mm from the camera; `xyz` in mm in the camera frame (x right, y up, z away from
 * the camera); and whether it is `occluded`: another part of the hand is in front of it, it lies more than 40 mm behind
 * the surface of the hand, or it is outside the cube.
 */
export type CompleteHandAnnotation = z.infer<typeof completeHandAnnotation>;

/**
 * What is known of a hand; see {@link CompleteHandAnnotation}. Every field may be missing, and joints that a dataset
 * does not have are `null`: most datasets have fewer than 36, and none states which are occluded.
 */
export type HandAnnotation = z.infer<typeof partialHandAnnotation>;
