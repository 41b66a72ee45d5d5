/** @file A further part of a response, such as a mask, as a companion of its picture. */
import { type Companion, SimganError, type Size } from '@simgan/core';
import { decodePicture } from '../pictures/decode-picture.ts';
import { inspectPicture } from '../pictures/picture-header.ts';
import { pictureKind, SIGNATURE_LENGTH } from '../pictures/picture-kind.ts';

/** How files of other kinds begin, and the ending of their names. */
const signatures: readonly (readonly [start: string, extension: string])[] = [
  ['\x93NUMPY', 'npy'],
  ['\x76\x2f\x31\x01', 'exr'],
  ['#?RADIANCE', 'hdr'],
  ['PK\x03\x04', 'zip'],
];

/**
 * The companion that a part is. Its bytes stay in memory as long as the companion does, and are written as they came.
 *
 * @param size - of its picture: one of another size is written, and cannot follow a picture that is moved.
 */
export async function receivedCompanion(
  name: string,
  bytes: Uint8Array,
  size: Size,
  limits: { readonly maxBytes: number; readonly maxPixels: number },
): Promise<Companion> {
  const header = pictureKind(bytes)?.isRead
    ? await inspectPicture(bytes, limits).catch(() => undefined)
    : undefined;
  const extension = header?.extension ?? extensionOf(bytes);
  const companion = {
    name,
    file: `${name}.${extension}`,
    bytesInMemory: bytes.byteLength,
    stored: async () => ({ bytes, extension }),
  };
  if (!header || (header.channels !== 1 && header.channels !== 3)) return companion;
  const { channels, bits, width, height } = header;
  return {
    ...companion,
    async pixels() {
      if (width !== size.width || height !== size.height) {
        throw new SimganError(
          'INVALID_IMAGE',
          `It is ${width} x ${height} and its picture ${size.width} x ${size.height}, so that it cannot follow it.`,
        );
      }
      return (await decodePicture(bytes, { channels, bits, keepsAlpha: true }, limits)).image;
    },
  };
}

function extensionOf(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, SIGNATURE_LENGTH)).toString('latin1');
  return signatures.find(([signature]) => start.startsWith(signature))?.[1] ?? 'bin';
}
