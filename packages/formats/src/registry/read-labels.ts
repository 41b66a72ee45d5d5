/** @file Files of labels as text and JSON, with limits, and problems as sentences. */
import { SimganError } from '@simgan/core';
import type { Folder, Reject } from '@simgan/core/reading';
import type { z } from 'zod';
import { issueText } from '../objects/objects.ts';
import { isTooDeep } from './nesting.ts';

/** A whole dataset's labels in one file. */
export const LARGEST_LABELS = 2 ** 30 - 1;
/** The labels of one picture. */
export const LARGEST_PICTURE_LABELS = 16 * 2 ** 20;

/** A file as UTF-8 text. @throws SimganError INVALID_FILE if it is not, or too large. */
export async function readText(folder: Folder, file: string, maxBytes: number): Promise<string> {
  // A string has at most 2^29 characters.
  const bytes = await folder.read(file, Math.min(maxBytes, 2 ** 29 - 24));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new SimganError('INVALID_FILE', `${file} is not UTF-8 text.`, { cause: error });
  }
}

/** A file of JSON that a schema accepts. @throws SimganError INVALID_FILE saying where it does not. */
export async function readJson<Schema extends z.ZodType>(
  folder: Folder,
  file: string,
  schema: Schema,
  maxBytes = LARGEST_LABELS,
): Promise<z.output<Schema>> {
  const text = await readText(folder, file, maxBytes);
  return checked(parseJson(text, file), schema, file);
}

/** @throws SimganError INVALID_FILE if a text is not JSON. */
export function parseJson(text: string, file: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SimganError('INVALID_FILE', `${file} is not JSON: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  if (!isTooDeep(value)) return value;
  throw new SimganError('INVALID_FILE', `${file} is nested deeper than labels ever are.`);
}

/** A value that a schema accepts. @throws SimganError INVALID_FILE saying where it does not. */
export function checked<Schema extends z.ZodType>(
  value: unknown,
  schema: Schema,
  file: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SimganError('INVALID_FILE', `${file} is not as its format has it: ${issueText(parsed.error)}.`);
}

/** A reject for what a reader could not use. Anything but a SimganError is a defect, and thrown. */
export function rejectOf(file: string, error: unknown): Reject {
  if (error instanceof Error && error.name === 'SimganError') return { file, reason: error.message };
  throw error;
}

/** The lines of a text that are not empty, with their numbers counted from 1. */
export function linesOf(text: string): { readonly number: number; readonly line: string }[] {
  return text
    .split('\n')
    .map((line, index) => ({ number: index + 1, line: line.trim() }))
    .filter(({ line }) => line !== '');
}

/** A number in a text of labels. @throws SimganError INVALID_FILE if it is none. */
export function numberOf(text: string | undefined, place: string): number {
  const number = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(number)) return number;
  throw new SimganError(
    'INVALID_FILE',
    `${place}: ${JSON.stringify(text?.slice(0, 40) ?? '')} is not a number.`,
  );
}
