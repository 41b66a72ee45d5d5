/** @file One line of `metadata.jsonl`: `file_name`, the annotation's fields, where the sample comes from. */
import { annotationText } from './annotation-text.ts';
import {
  FILE_NAME,
  type Json,
  type JsonObject,
  PICTURE_HASH,
  PROVENANCE,
  SAMPLE_ID,
} from './dataset-format.ts';
import { jsonProblem, TOO_DEEP, TOO_MANY } from './json-problem.ts';

/** No system has longer paths. */
const LONGEST_NAME = 4096;

/** A line as it was read. */
export interface MetadataLine {
  /** Relative to the folder, with `/` between parts. */
  readonly fileName: string;
  /** The annotation's fields. */
  readonly fields: JsonObject;
  /** The same as they stand in the line, `"key": value` joined by commas. */
  readonly text: string;
  readonly provenance?: JsonObject;
}

/**
 * The line of a sample, with its line feed.
 *
 * @param changesIn - members to put in place of the annotation's, or to add to them.
 */
export function formatMetadataLine(
  id: string,
  fileName: string,
  annotation: unknown,
  provenance: JsonObject,
  changesIn?: (fields: JsonObject) => Readonly<Record<string, Json | undefined>>,
): string {
  const text = annotationText(annotation, id);
  const changes = changesIn?.(JSON.parse(`{${text}}`) as JsonObject) ?? {};
  const members = [`"${FILE_NAME}":${JSON.stringify(fileName)}`, replaceMembers(text, changes)];
  if (Object.keys(provenance).length > 0) members.push(`"${PROVENANCE}":${JSON.stringify(provenance)}`);
  return `{${members.filter(Boolean).join(',')}}\n`;
}

/** Reads a line, or says in a sentence why it is none. */
export function parseMetadataLine(line: string): MetadataLine | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    // Python's json module writes these three, which are not JSON.
    const word = /[:[,]\s*(NaN|-?Infinity)\b/.exec(line)?.[1];
    return word
      ? `It holds ${word}, which JSON cannot hold; leave the field out or write null.`
      : `It is not JSON: ${(error as Error).message}.`;
  }
  if (!isObject(value)) return 'It is not a JSON object.';
  const problem = jsonProblem(value);
  if (problem === TOO_DEEP || problem === TOO_MANY) return `I${problem.slice(1)}.`;
  if (problem) return `It holds a number too large to read: ${shortened(problem)}.`;

  const members = splitMembers(line);
  const twice = firstRepeated(members.map(({ key }) => key));
  if (twice !== undefined) return `It has the field ${shortened(JSON.stringify(twice))} twice.`;

  const { [FILE_NAME]: fileName, [PROVENANCE]: provenance, ...fields } = value;
  if (typeof fileName !== 'string') return `It has no "${FILE_NAME}" that names its picture.`;
  if (fileName.length > LONGEST_NAME) {
    return `Its "${FILE_NAME}" has ${fileName.length} characters; at most ${LONGEST_NAME} are read.`;
  }
  if (provenance !== undefined && !isObject(provenance)) return FOREIGN_PROVENANCE;
  return {
    fileName,
    fields,
    text: members
      .filter(({ key }) => key !== FILE_NAME && key !== PROVENANCE)
      .map(({ text }) => text)
      .join(','),
    ...(provenance && { provenance }),
  };
}

/** The reason to reject a line whose field of that name is not provenance: it would be lost. */
export const FOREIGN_PROVENANCE =
  `Its field "${PROVENANCE}" was not written by this library, and metadata keeps that name for the provenance of ` +
  'samples. Rename the field.';

/** Whether provenance is that of a line that this library wrote. */
export function isOwnProvenance(provenance: JsonObject): boolean {
  return typeof provenance[PICTURE_HASH] === 'string' || typeof provenance.made === 'string';
}

/** The id of a sample in the line that this library wrote of it. */
export function idOf({ provenance }: MetadataLine): string | undefined {
  const id = provenance?.[SAMPLE_ID];
  return typeof id === 'string' ? id : undefined;
}

/** A text for a message: what comes from a file may be as long as the file. */
export function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function firstRepeated(keys: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return keys.find((key) => seen.has(key) || !seen.add(key));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The text of members (`"gaze": [1.0, 2], "pupil": 3`) with the values of some of them replaced; those whose new value is
 * `undefined` are left out, and those that it does not have are added.
 */
export function replaceMembers(text: string, values: Readonly<Record<string, Json | undefined>>): string {
  if (Object.keys(values).length === 0) return text;
  const members = splitMembers(`{${text}}`);
  const before = new Set(members.map(({ key }) => key));
  const written = (key: string) => `${JSON.stringify(key)}:${JSON.stringify(values[key])}`;
  const kept = members.filter(({ key }) => !(Object.hasOwn(values, key) && values[key] === undefined));
  const added = Object.keys(values).filter((key) => !before.has(key) && values[key] !== undefined);
  return [
    ...kept.map(({ key, text: own }) => (Object.hasOwn(values, key) ? written(key) : own)),
    ...added.map(written),
  ].join(',');
}

/** The members of an object's text as they stand in it. The text is known to be a valid JSON object. */
function splitMembers(text: string): { key: string; text: string }[] {
  const members: { key: string; text: string }[] = [];
  let depth = 0;
  let start = 0;
  let keyEnd = 0;
  const close = (end: number) => {
    const member = text.slice(start, end).trim();
    if (member) members.push({ key: JSON.parse(text.slice(start, keyEnd)), text: member });
    start = end + 1;
    keyEnd = 0;
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      i++;
      while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
      if (depth === 1 && keyEnd === 0) keyEnd = i + 1;
    } else if (character === '{' || character === '[') {
      if (depth++ === 0) start = i + 1;
    } else if (character === '}' || character === ']') {
      if (--depth === 0) close(i);
    } else if (character === ',' && depth === 1) close(i);
  }
  return members;
}
