import type { SizedForm } from '@simgan/core';
import { z } from 'zod';
import { cameraNames } from './viewpoint.ts';

/** An interval of angles, degrees, within [-limit, limit]. */
const degrees = (limit: number) => {
  const angle = z.number().min(-limit).max(limit);
  return z
    .tuple([angle, angle])
    .readonly()
    .refine(([low, high]) => low <= high, 'the first number must not exceed the second');
};

/** An interval of fractions of the picture within [low, high]. */
const share = (low: number, high: number) => {
  const fraction = z.number().min(low).max(high);
  return z
    .tuple([fraction, fraction])
    .readonly()
    .refine(([from, to]) => from <= to, 'the first number must not exceed the second');
};

const pixels = z.int().min(8).max(2048);
const rate = z.number().min(0).max(1);

/** The options of the eye simulator and of the stand-in camera. */
export const eyeOptions = z.object({
  width: pixels.default(55).describe('Width of the images in pixels, 8 to 2048.'),
  height: pixels.default(35).describe('Height of the images in pixels, 8 to 2048.'),
  color: z.boolean().default(false).describe('true renders RGB images, false grayscale images.'),
  camera: z
    .enum(cameraNames)
    .default('any')
    .describe(
      'Where the camera stands, which sets the ranges of gaze, head, distance and blur that are not given: above the screen of a laptop or a monitor, in a phone that is held below the face, or any of these and studio cameras.',
    ),
  gazePitch: degrees(30)
    .optional()
    .describe(
      'Range of the gaze pitch against the head in degrees, positive upward, within [-30, 30]. Without it, that of the camera; [-25, 20] for any.',
    ),
  gazeYaw: degrees(40)
    .optional()
    .describe(
      'Range of the gaze yaw against the head in degrees, positive to the left of the picture, within [-40, 40]. Without it, that of the camera; [-30, 30] for any.',
    ),
  headPitch: degrees(30)
    .optional()
    .describe(
      'Range of the head pitch against the camera in degrees, positive upward, within [-30, 30]. Without it, that of the camera; [-15, 15] for any.',
    ),
  headYaw: degrees(40)
    .optional()
    .describe(
      'Range of the head yaw against the camera in degrees, positive to the left of the picture, within [-40, 40]. Without it, that of the camera; [-25, 25] for any.',
    ),
  headRoll: degrees(45)
    .optional()
    .describe(
      'Range of the head roll in degrees, positive clockwise in the picture, within [-45, 45]. Without it, that of the camera; [-6, 6] for any.',
    ),
  eyeWidth: share(0.2, 1.2)
    .default([0.5, 0.85])
    .describe('Range of the width of the eye as a fraction of the width of the picture, within [0.2, 1.2].'),
  eyeHeight: share(0.2, 0.8)
    .default([0.4, 0.8])
    .describe(
      'Range of the height at which the middle of the eye lies in the picture, 0 at the top, 1 at the bottom, within [0.2, 0.8].',
    ),
  blur: share(0, 0.1)
    .optional()
    .describe(
      'Range of the blur by lens, motion and enlargement, the std of a Gaussian as a fraction of the width of the picture, within [0, 0.1]. Without it, that of the camera; [0, 0] for any.',
    ),
  closedRate: rate.default(0.03).describe('Fraction of eyes that are closed, 0 to 1.'),
  blinkRate: rate.default(0.05).describe('Fraction of eyes caught in a blink, 0 to 1.'),
});

/** Options for the eye simulator, the stand-in camera and the plugin; see {@link eyeOptions} for units and defaults. */
export type EyeSimulatorOptions = z.input<typeof eyeOptions>;

/** The options with every default filled in. */
export type EyeOptions = z.output<typeof eyeOptions>;

/** The form of the images that these options ask for. */
export function imageForm({ width, height, color }: EyeOptions): SizedForm {
  return { width, height, channels: color ? 3 : 1, bits: 8 };
}
