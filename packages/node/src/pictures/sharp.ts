/** @file sharp with the settings of this package: only files of this folder call it. */
import sharp from 'sharp';

// Every picture here is decoded once and small: a cache of operations would only grow, and one thread a picture
// with several pictures at a time is faster than several threads a picture. Both are settings of the process.
sharp.cache(false);
sharp.concurrency(1);

/** How sharp names values by their bits. */
export const depths = { 8: 'uchar', 16: 'ushort', 32: 'float' } as const;
/** How it names gray and color of them. */
export const colorSpaces = {
  8: { gray: 'b-w', color: 'srgb' },
  16: { gray: 'grey16', color: 'rgb16' },
  32: { gray: 'b-w', color: 'scrgb' },
} as const;

export { sharp };
