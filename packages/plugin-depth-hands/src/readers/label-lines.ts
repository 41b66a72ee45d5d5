/** @file Lists of labels as text, one line a picture. */
import { type Reject, SimganError } from '@simgan/core';
import type { Folder } from '@simgan/core/reading';

/** The largest list that is read, bytes; the published ones have at most 20 MB. */
const LARGEST_LIST = 2 ** 28;

/** Longer lines are none of ours: 36 joints take a tenth of it. */
export const LONGEST_LINE = 2 ** 14;

/** The lines of a UTF-8 file, which end with or without a carriage return; `undefined` after a reject if it cannot be read. */
export async function linesOf(
  folder: Folder,
  file: string,
  rejects: Reject[],
): Promise<string[] | undefined> {
  try {
    // Paths and numbers: bytes that are not UTF-8 become characters that neither of them has.
    const text = new TextDecoder().decode(await folder.read(file, LARGEST_LIST));
    return text.split(/\r?\n/);
  } catch (error) {
    if (!(error instanceof SimganError)) throw error;
    rejects.push({ file, reason: error.message });
    return undefined;
  }
}
