/** @file Where the bytes of a picture come from. */
import { open, readFile, stat } from 'node:fs/promises';
import { encodeTiff, imageOfArray, readNpy } from '@simgan/formats';
import { pictureKind, SIGNATURE_LENGTH } from './picture-kind.ts';
import { unusable } from './unusable-picture.ts';

/** The bytes of a picture, wherever they are. */
export interface ByteSource {
  /** The number of bytes. @throws SimganError INVALID_IMAGE if it is not a file. */
  size(): Promise<number>;
  /** The first bytes, {@link SIGNATURE_LENGTH} of them or all. */
  start(): Promise<Uint8Array>;
  all(): Promise<Uint8Array>;
}

/** Bytes in memory. */
export function sourceOfBytes(bytes: Uint8Array): ByteSource {
  return {
    size: async () => bytes.length,
    start: async () => bytes.subarray(0, SIGNATURE_LENGTH),
    all: async () => pictureBytes(bytes),
  };
}

/** A file, which is not opened before its bytes are asked for. */
export function sourceOfFile(file: string): ByteSource {
  return {
    async size() {
      // Not through an open handle: opening a pipe would wait for its writer.
      const found = await stat(file);
      if (!found.isFile()) throw unusable('It is not a file.');
      return found.size;
    },
    async start() {
      const handle = await open(file, 'r');
      try {
        const { buffer, bytesRead } = await handle.read(new Uint8Array(SIGNATURE_LENGTH), { position: 0 });
        return buffer.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
    all: async () => pictureBytes(await readFile(file)),
  };
}

/** The bytes of a picture file; those of an array are turned into a TIFF of the same values, all others stay. */
export function pictureBytes(bytes: Uint8Array): Uint8Array {
  return pictureKind(bytes)?.name === 'NumPy' ? encodeTiff(imageOfArray(readNpy(bytes, 'The array'))) : bytes;
}
