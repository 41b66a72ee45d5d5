/** @file What was decided to be done to the pictures of a folder, kept in it so that a resumed job does the same. */
import { readFile } from 'node:fs/promises';
import { SimganError } from '@simgan/core';
import { z } from 'zod';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { parseTreat } from './rungs.ts';

/** What is done to synthetic pictures, and why. */
export interface Decision {
  /** `raw`, or rungs with commas. */
  readonly treat: string;
  /** `judged` by a comparison, `by hand`, or `not judged`: the default where use cannot be judged. */
  readonly chosen: 'judged' | 'by hand' | 'not judged';
  /** A sentence or two. */
  readonly reason: string;
}

const decision = z.object({
  treat: z.string().max(200),
  chosen: z.enum(['judged', 'by hand', 'not judged']),
  reason: z.string().max(2000),
});

/** Longer files are no decision. */
const MOST_CHARACTERS = 10_000;

/**
 * The decision in a file; `undefined` if there is none.
 *
 * @throws SimganError INVALID_FILE if it is damaged.
 */
export async function readDecision(file: string): Promise<Decision | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    if (text.length > MOST_CHARACTERS) throw new RangeError(`it has ${text.length} characters`);
    const read = decision.parse(JSON.parse(text));
    parseTreat(read.treat);
    return read;
  } catch (error) {
    throw new SimganError(
      'INVALID_FILE',
      `${file} does not say what is done to the pictures: ${(error as Error).message}. Restore it, or replace the run.`,
      { cause: error },
    );
  }
}

export async function writeDecision(file: string, made: Decision): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(made, undefined, 2)}\n`);
}
