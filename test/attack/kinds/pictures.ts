/** @file Pictures: PNG, JPEG, WebP and TIFF. */
import { createRequire } from 'node:module';

import { createImage, createRng, type ImageForm } from '@simgan/core';
import { encodePng, readImages } from '@simgan/node';
import type { Attack, Kind } from '../kind.ts';
import { writeFiles } from '../kind.ts';
import { mutateBytes, pick } from '../mutate.ts';
import { outcomeOfError, outcomeOfSamples } from '../outcome.ts';

/** What is used of sharp, whose types belong to another package. */
type Sharp = (
  data: Uint8Array,
  options: { raw: { width: number; height: number; channels: number } },
) => Pipeline;
interface Pipeline {
  png(options?: object): Pipeline;
  jpeg(options?: object): Pipeline;
  webp(options?: object): Pipeline;
  tiff(options?: object): Pipeline;
  withMetadata(options: object): Pipeline;
  toColourspace(space: string): Pipeline;
  toBuffer(): Promise<Buffer>;
}

/** The decoder's own package, to write what only it writes; some loaders wrap what it exports. */
const exported = createRequire(new URL('../../../packages/node/package.json', import.meta.url))('sharp') as
  | Sharp
  | { readonly default: Sharp };
const sharp = typeof exported === 'function' ? exported : exported.default;

const size = { width: 24, height: 18 };

function picture(channels: 1 | 3 | 4): Pipeline {
  const rng = createRng(channels);
  const data = Uint8Array.from(
    { length: size.width * size.height * channels },
    (_, i) => (i * 3 + rng.int(40)) % 256,
  );
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
  webp: () => Promise.all([picture(3).webp().toBuffer(), picture(4).webp({ lossless: true }).toBuffer()]),
  tiff: () =>
    Promise.all([
      picture(3).tiff({ compression: 'none' }).toBuffer(),
      picture(1).tiff({ compression: 'deflate', predictor: 'horizontal' }).toBuffer(),
      picture(3).tiff({ compression: 'lzw', tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
      picture(3).tiff({ compression: 'jpeg' }).toBuffer(),
    ]),
};

/** The checksums of PNG chunks: CRC-32 as in its specification. */
function repairChecksums(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length) return;
    let crc = 0xffffffff;
    for (const byte of bytes.subarray(at + 4, end)) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    view.setUint32(end, ~crc);
    at = end + 4;
  }
}

export const pictureKinds: readonly Kind[] = Object.entries(files).map(([name, write]) => ({
  name,
  share: 1,
  async prepare(dir): Promise<Attack> {
    const sound = await write();
    const bits = name === 'png of 16 bits' ? 16 : 8;
    await writeFiles(dir, { 'good.png': bits === 16 ? await png16() : await picture(1).png().toBuffer() });
    return {
      async attempt(rng) {
        const damaged = mutateBytes(pick(sound, rng), rng);
        // Half of the PNG files have checksums that fit, so that damage gets past them.
        if (rng.next() < 0.5) repairChecksums(damaged);
        await writeFiles(dir, { 'a.png': damaged });
        const channels = pick([1, 3] as const, rng);
        const sized = rng.next() < 0.5;
        const form: ImageForm = {
          ...(sized && { width: 20, height: 20 }),
          channels: bits === 16 ? 1 : channels,
          bits,
        };
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
