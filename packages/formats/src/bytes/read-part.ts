import { SimganError } from '@simgan/core';
import type { Folder } from '@simgan/core/reading';
import { type ByteSource, bytesSource, fileSource } from './byte-source.ts';

/** Opens a file of a folder for reading in parts: in place where it is on this machine. The caller closes it. */
export async function openBytes(folder: Folder, file: string): Promise<ByteSource> {
  const location = folder.locate(file);
  return location === undefined ? bytesSource(await folder.read(file)) : fileSource(location, file);
}

/** A part of a file. @throws SimganError INVALID_FILE if the file ends before. */
export function readPart(source: ByteSource, position: number, length: number, file: string): Uint8Array {
  const bytes = new Uint8Array(length);
  if (position + length > source.size || source.read(bytes, position) !== length) {
    throw new SimganError('INVALID_FILE', `${file} is cut off: it ends before byte ${position + length}.`);
  }
  return bytes;
}
