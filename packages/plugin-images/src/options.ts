import { z } from 'zod';

/** The options of the plugin, as `--plugin-option` sets them. */
export const pictureOptions = z.object({
  channels: z
    .union([z.literal(1), z.literal(3), z.literal(4)])
    .default(3)
    .describe(
      '1: gray, or one value a pixel such as depth. 3: RGB. 4: RGB with opacity, which stays as it is',
    ),
  bits: z
    .union([z.literal(8), z.literal(16), z.literal(32)])
    .default(8)
    .describe('Bits per value, in what is read and what is written. 32: floats (TIFF, .npy, arrays)'),
  range: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe(
      'The stored values that networks see as -1 and 1; others are refused. Default: the full scale of the bits, of floats 0 to 1',
    ),
  crop: z
    .int()
    .min(24)
    .max(512)
    .default(64)
    .describe('Side of the random crops to train on, in pixels; no picture may be smaller'),
});

/** Options of the plugin `images`. */
export type PictureOptions = z.input<typeof pictureOptions>;
