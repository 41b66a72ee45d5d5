/**
 * @file Where the files of a tar archive lie (POSIX ustar, with pax and GNU long names), so that each can be read alone.
 * Libraries read archives from the beginning to the end and do not say where they are.
 */
import { SimganError } from '@simgan/core';
import type { ByteSource } from '../bytes/byte-source.ts';
import { readPart } from '../bytes/read-part.ts';

/** A file within an archive. */
export interface TarFile {
  readonly name: string;
  /** The offset of its first byte. */
  readonly start: number;
  readonly size: number;
}

const BLOCK = 512;
/** Archives of more files are not read; a damaged one can claim any number. */
const MOST_FILES = 2 ** 24;
const LONGEST_HEADER = 2 ** 20;

/** @throws SimganError INVALID_FILE if it is not a tar archive, cut off or damaged. */
export function indexTar(source: ByteSource, file: string): TarFile[] {
  const files: TarFile[] = [];
  const fail = (problem: string, position: number) =>
    new SimganError('INVALID_FILE', `${file} is no tar archive or damaged: ${problem} at byte ${position}.`);
  let longName: string | undefined;
  let longSize: number | undefined;
  for (let position = 0; position + BLOCK <= source.size; ) {
    const header = readPart(source, position, BLOCK, file);
    if (header.every((byte) => byte === 0)) return files;
    if (!hasChecksum(header)) throw fail('a header has a wrong checksum', position);
    const size = longSize ?? numberAt(header, 124, 12);
    if (!Number.isSafeInteger(size) || size < 0) throw fail('a file has no size', position);
    const start = position + BLOCK;
    if (start + size > source.size) throw fail('a file goes beyond the end', position);
    const type = String.fromCharCode(header[156]!);
    if (type === 'x' || type === 'L') {
      if (size > LONGEST_HEADER) throw fail('a header is too long', position);
      const content = readPart(source, start, size, file);
      if (type === 'L') longName = textAt(content, 0, content.length);
      else {
        const pax = paxOf(content);
        longName = pax.get('path') ?? longName;
        longSize = pax.has('size') ? Number(pax.get('size')) : undefined;
      }
    } else {
      const prefix = textAt(header, 257, 5) === 'ustar' ? textAt(header, 345, 155) : '';
      const name = longName ?? [prefix, textAt(header, 0, 100)].filter(Boolean).join('/');
      if (type === '0' || type === '\0' || type === '7') files.push({ name, start, size });
      if (files.length > MOST_FILES) throw fail(`it has more than ${MOST_FILES} files`, position);
      longName = undefined;
      longSize = undefined;
    }
    position = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/** The sum of a header's bytes, its checksum counted as blanks. */
function hasChecksum(header: Uint8Array): boolean {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  return sum === numberAt(header, 148, 8);
}

function textAt(bytes: Uint8Array, start: number, length: number): string {
  const part = bytes.subarray(start, start + length);
  const end = part.indexOf(0);
  return new TextDecoder().decode(end < 0 ? part : part.subarray(0, end));
}

/** A number in octal, or in base 256 where the first bit is set (GNU, for more than 8 GiB). */
function numberAt(header: Uint8Array, start: number, length: number): number {
  if (header[start]! & 0x80) {
    return header.subarray(start + 1, start + length).reduce((sum, byte) => sum * 256 + byte, 0);
  }
  const text = textAt(header, start, length).trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}

/** The records of a pax header: `LENGTH KEY=VALUE\n`. */
function paxOf(bytes: Uint8Array): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(new TextDecoder().decode(bytes.subarray(at, space)));
    if (space < 0 || !Number.isInteger(length) || length < 5) break;
    const record = new TextDecoder().decode(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}
