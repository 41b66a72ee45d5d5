import { SimganError } from '@simgan/core';

/** The bytes of a file that can be read in part, at any position. */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /** Fills `target` with the bytes from `position` on, as far as there are any, and gives their number. */
  read(target: Uint8Array, position: number): number;
  close(): void;
}

/** Bytes in memory, which are not copied. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(target, position) {
      const part = bytes.subarray(position, position + target.length);
      target.set(part);
      return part.length;
    },
    close() {},
  };
}

/**
 * A file on this machine, which is read where it is.
 *
 * @param name - what the file is called in errors.
 * @throws SimganError INVALID_FILE if it cannot be opened.
 */
export async function fileSource(path: string, name: string): Promise<ByteSource> {
  // Only here: everything else of this package also runs where there are no files.
  const { closeSync, fstatSync, openSync, readSync } = await import('node:fs');
  try {
    const handle = openSync(path, 'r');
    return {
      size: fstatSync(handle).size,
      read: (target, position) => readSync(handle, target, 0, target.length, position),
      close: () => closeSync(handle),
    };
  } catch (error) {
    throw new SimganError('INVALID_FILE', `${name} cannot be opened: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}
