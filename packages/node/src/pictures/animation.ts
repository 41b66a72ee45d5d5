import type { Image } from '@simgan/core';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { sharp } from './sharp.ts';

/** Milliseconds that a frame is shown, and the last one. */
const DELAY = 450;
const LAST_DELAY = 2000;
/** Pixels are repeated until a frame is about this wide. */
const WIDTH = 960;

/**
 * Writes frames of one size, in 8-bit RGB, as a moving picture that browsers show: animated WebP, every value exact.
 *
 * @throws SimganError OUTPUT_FAILED if the file cannot be written.
 */
export async function writeAnimation(file: string, frames: readonly Image[]): Promise<void> {
  const { width, height } = frames[0]!;
  const factor = Math.max(1, Math.round(WIDTH / width));
  const large = await Promise.all(
    frames.map(({ data }) =>
      sharp(data, { raw: { width, height, channels: 3 } })
        .resize({ width: width * factor, height: height * factor, kernel: 'nearest' })
        .png()
        .toBuffer(),
    ),
  );
  const delay = frames.map((_, i) => (i === frames.length - 1 ? LAST_DELAY : DELAY));
  const webp = await sharp(large, { join: { animated: true } })
    .webp({ lossless: true, loop: 0, delay })
    .toBuffer();
  await writeFileAtomic(file, webp);
}
