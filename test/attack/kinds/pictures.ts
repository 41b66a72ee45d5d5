/** @file Pictures: PNG, JPEG, WebP and TIFF. */
import { createRequire } from 'node:module';

import { createImage, createRng, type ImageForm } from '@simgan/core';
import { encodePng, readImages } from '@simgan/node';
import type { Attack, Kind } from '../kind.ts';
import { writeFiles } from '../kind.ts';
import { mutateBytes, pick } from '../mutate.ts';
import { outcomeOfError, outcomeOfSamples } from '../outcome.ts';

type Sharp = typeof import('sharp');

/** The decoder's own package, to write what only it writes. */
const sharp = createRequire(new URL('../../../packages/node/package.json', import.meta.url))('sharp') as Sharp;

const size = { width: 24, height: 18 };

function picture(channels: 1 | 3 | 4): ReturnType<Sharp> {
  const rng = createRng(channels);
  const data = Uint8Array.from({ length: size.width * size.height * channels }, (_, i) => (i * 3 + rng.int(40)) % 256);
  return sharp(data, { raw: { ...size, channels } });
}

async function png16(): Promise<Buffer> {
  const image = createImage({ ...size, channels: 1, bits: 16 });
  for (let i = 0; i < image.data.length; i++) image.data[i] = (i * 997) % 65_536;
  return encodePng(image);
}

const exif = { IFD0: { Orientation: '6', Copyright: 'none' } };

/** Sound files of each kind, of as many forms as the format has. */
const files: Readonly<Record<string, () => Promise<Buffer[]>>> = {
  png: () =>
    Promise.all([
      picture(1).png().toBuffer(),
      picture(3).png({ palette: true }).toBuffer(),
      picture(4).png({ progressive: true }).toBuffer(),
      picture(3).withMetadata({ exif }).png().toBuffer(),
    ]),
  'png of 16 bits': () => Promise.all([png16()]),
  jpeg: () =>
    Promise.all([
      picture(3).jpeg().toBuffer(),
      picture(1).jpeg({ progressive: true }).toBuffer(),
      picture(3).withMetadata({ exif }).jpeg().toBuffer(),
      picture(3).toColourspace('cmyk').jpeg().toBuffer(),
    ]),
  webp: () =>
    Promise.all([picture(3).webp().toBuffer(), picture(4).webp({ lossless: true }).toBuffer()]),
  tiff: () =>
    Promise.all([
      picture(3).tiff({ compression: 'none' }).toBuffer(),
      picture(1).tiff({ compression: 'deflate', predictor: 'horizontal' }).toBuffer(),
      picture(3).tiff({ compression: 'lzw', tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
      picture(3).tiff({ compression: 'jpeg' }).toBuffer(),
    ]),
};

export const pictureKinds: readonly Kind[] = Object.entries(files).map(([name, write]) => ({
  name,
  share: 1,
  async prepare(dir): Promise<Attack> {
    const sound = await write();
    const bits = name === 'png of 16 bits' ? 16 : 8;
    await writeFiles(dir, { 'good.png': bits === 16 ? await png16() : await picture(1).png().toBuffer() });
    return {
      async attempt(rng) {
        await writeFiles(dir, { 'a.png': mutateBytes(pick(sound, rng), rng) });
        const channels = pick([1, 3] as const, rng);
        const sized = rng.next() < 0.5;
        const form: ImageForm = { ...(sized && { width: 20, height: 20 }), channels: bits === 16 ? 1 : channels, bits };
        try {
          const { images, rejects } = await readImages(dir, form, { memoryBudget: pick([0, 2 ** 20], rng) });
          return await outcomeOfSamples(images, rejects);
        } catch (error) {
          return outcomeOfError(error);
        }
      },
    };
  },
}));

