import { createReadStream } from 'node:fs';
import { SimganError } from '@simgan/core';
import { reasonOf } from './reject.ts';

/** A longer line is not read: memory would have to hold all of it. */
export const LONGEST_LINE = 16 * 2 ** 20;

/** A line of a text file: its text, or why it has none, as a sentence. */
export type Line = LinePlace & ({ readonly text: string } | { readonly problem: string });

interface LinePlace {
  /** Counted from 1. */
  readonly number: number;
  /** The offset in bytes at which the next line begins. */
  readonly end: number;
  /** Whether it ends with a line feed; the last line may have been cut off. */
  readonly isEnded: boolean;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const PART = 2 ** 18;

/**
 * The lines of a UTF-8 file, which end with a line feed and nothing else, read as a stream: memory holds one line at a
 * time. A carriage return before the line feed and a byte order mark are not part of the text. Lines of more than
 * `longest` bytes and lines that are not UTF-8 have a problem in place of a text.
 *
 * @param longest - bytes. Default: 16 MiB.
 * @throws SimganError INVALID_FILE if the file cannot be read; the signal's reason if it aborts.
 */
export async function* readLines(
  file: string,
  { longest = LONGEST_LINE, signal }: { longest?: number; signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let parts: Uint8Array[] = [];
  let length = 0;
  let number = 0;
  let end = 0;
  const add = (part: Uint8Array) => {
    length += part.length;
    end += part.length;
    if (length <= longest) parts.push(part);
    else parts = [];
  };
  const take = (isEnded: boolean): Line => {
    number++;
    const place = { number, end, isEnded };
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const isTooLong = length > longest;
    parts = [];
    length = 0;
    if (isTooLong) return { ...place, problem: `It is longer than ${longest} bytes.` };
    const hasReturn = isEnded && bytes.at(-1) === CARRIAGE_RETURN;
    try {
      const text = decoder.decode(hasReturn ? bytes.subarray(0, -1) : bytes);
      return { ...place, text: number === 1 ? text.replace(/^\uFEFF/, '') : text };
    } catch {
      return { ...place, problem: 'It is not UTF-8 text.' };
    }
  };
  for await (const bytes of chunksOf(file, signal)) {
    let from = 0;
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, from)) {
      add(bytes.subarray(from, at));
      // The line feed itself.
      end++;
      from = at + 1;
      yield take(true);
    }
    if (from < bytes.length) add(bytes.subarray(from));
  }
  if (length > 0) yield take(false);
}

async function* chunksOf(file: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(file, { highWaterMark: PART });
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await chunks.next().catch((error: unknown) => {
        throw new SimganError('INVALID_FILE', `${file} cannot be read. ${reasonOf(error)}`, { cause: error });
      });
      if (done) return;
      yield value;
    }
  } finally {
    stream.destroy();
  }
}
