/** @file Logs of a training: a JSON line for each step, which a resumed training cuts back to where it goes on. */
import { existsSync } from 'node:fs';
import { appendFile, truncate } from 'node:fs/promises';
import { SimganError } from '@simgan/core';
import type { z } from 'zod';
import { outputFailed } from './atomic-file.ts';
import { readLines } from './read-lines.ts';

/** Appends one line. @throws SimganError OUTPUT_FAILED if it cannot be written. */
export async function appendStep(file: string, entry: { readonly step: number }): Promise<void> {
  await appendFile(file, `${JSON.stringify(entry)}\n`).catch((error) => {
    throw outputFailed(file, error);
  });
}

/**
 * Removes the lines of later steps than `last`, which are done again, and everything behind a line that was cut off. A
 * log that is not there stays away.
 */
export async function cutSteps(file: string, last: number): Promise<void> {
  let kept = 0;
  try {
    for await (const line of readLines(file)) {
      if (!line.isEnded || !('text' in line) || !(stepOf(line.text) <= last)) break;
      kept = line.end;
    }
    await truncate(file, kept);
  } catch (error) {
    const cause = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    if (cause.code !== 'ENOENT') throw outputFailed(file, cause);
  }
}

/**
 * The entries of a log; none if there is no log. A last line that is cut off is left out.
 *
 * @param kind - what each line is, for messages: `a step of a training`.
 * @throws SimganError INVALID_FILE naming the line that is something else.
 */
export async function readSteps<Entry>(
  file: string,
  schema: z.ZodType<Entry>,
  kind: string,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  if (!existsSync(file)) return entries;
  for await (const line of readLines(file)) {
    if (!line.isEnded) break;
    const problem = 'problem' in line ? line.problem : addEntry(line.text, schema, entries);
    if (problem === undefined) continue;
    throw new SimganError(
      'INVALID_FILE',
      `${file}, line ${line.number} is not ${kind}. ${problem} Restore the file from a copy, or resume the run.`,
    );
  }
  return entries;
}

function addEntry<Entry>(text: string, schema: z.ZodType<Entry>, entries: Entry[]): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'It is not JSON.';
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    entries.push(parsed.data);
    return undefined;
  }
  const [{ path, message }] = parsed.error.issues as [z.core.$ZodIssue];
  return `${path.join('.') || 'It'}: ${message}.`;
}

function stepOf(text: string): number {
  try {
    return Number((JSON.parse(text) as { step?: unknown } | null)?.step);
  } catch {
    return Number.NaN;
  }
}
