import type { SizedForm } from '@simgan/core';
import { z } from 'zod';

/** An interval of angles, degrees, within [-limit, limit]. */
const degrees = (limit: number) => {
  const angle = z.number().min(-limit).max(limit);
  return z
    .tuple([angle, angle])
    .readonly()
    .refine(([low, high]) => low <= high, 'the first number must not exceed the second');
};

const pixels = z.int().min(8).max(2048);
const rate = z.number().min(0).max(1);

/** The options of the eye simulator and of the stand-in camera. */
export const eyeOptions = z.object({
  width: pixels.default(55).describe('Width of the images in pixels, 8 to 2048.'),
  height: pixels.default(35).describe('Height of the images in pixels, 8 to 2048.'),
  color: z.boolean().default(false).describe('true renders RGB images, false grayscale images.'),
  gazePitch: degrees(30)
    .default([-20, 20])
    .describe('Range of the gaze pitch against the head in degrees, positive upward, within [-30, 30].'),
  gazeYaw: degrees(40)
    .default([-30, 30])
    .describe(
      'Range of the gaze yaw against the head in degrees, positive to the left of the picture, within [-40, 40].',
    ),
  headPitch: degrees(30)
    .default([-15, 15])
    .describe('Range of the head pitch against the camera in degrees, positive upward, within [-30, 30].'),
  headYaw: degrees(40)
    .default([-25, 25])
    .describe(
      'Range of the head yaw against the camera in degrees, positive to the left of the picture, within [-40, 40].',
    ),
  headRoll: degrees(45)
    .default([-6, 6])
    .describe('Range of the head roll in degrees, positive clockwise in the picture, within [-45, 45].'),
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
