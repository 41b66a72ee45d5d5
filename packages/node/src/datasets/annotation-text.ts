/** @file Annotations as text. What was read from a file is written byte for byte as it stood there. */
import { SimganError } from '@simgan/core';
import { FILE_NAME, type JsonObject, PROVENANCE } from './dataset-format.ts';

// JSON.parse and JSON.stringify do not undo each other: 1.0 comes back as 1, 0.0000001 as 1e-7, spaces not at all.
// So an annotation that was read keeps its text beside it. It is frozen, so the text stays true of it.
const textOf = new WeakMap<object, string>();

/** The key under which an annotation that is no object stands in its line. */
const BARE_ANNOTATION = 'annotation';

/**
 * Ties an annotation to the text of its members (`"gaze": [1.0, 2], "pupil": 3`) and freezes it, deeply: to
 * change an annotation, make a new one.
 */
export function rememberText<Annotation>(annotation: Annotation, text: string): Annotation {
  if (typeof annotation === 'object' && annotation !== null) {
    freeze(annotation);
    textOf.set(annotation, text);
  }
  return annotation;
}

/**
 * The members that an annotation contributes to its line of metadata, without braces; empty for `null`.
 *
 * @throws SimganError INVALID_ARGUMENT if the annotation is not plain JSON or uses a key of the line's own.
 */
export function annotationText(annotation: unknown, id: string): string {
  if (annotation === null || annotation === undefined) return '';
  if (typeof annotation === 'object') {
    const known = textOf.get(annotation);
    if (known !== undefined) return known;
  }
  const problem = jsonProblem(annotation);
  if (problem) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `The annotation of sample ${id} is not plain JSON: ${problem}.`,
    );
  }
  if (typeof annotation !== 'object' || Array.isArray(annotation)) {
    return JSON.stringify({ [BARE_ANNOTATION]: annotation }).slice(1, -1);
  }
  for (const key of [FILE_NAME, PROVENANCE]) {
    if (Object.hasOwn(annotation, key)) {
      throw new SimganError(
        'INVALID_ARGUMENT',
        `The annotation of sample ${id} has a field "${key}", a name that metadata keeps for itself. Rename it.`,
      );
    }
  }
  return JSON.stringify(annotation).slice(1, -1);
}

/** The inverse of how {@link annotationText} writes what is no object; `undefined` if the line holds fields. */
export function bareAnnotation(fields: JsonObject): unknown {
  const keys = Object.keys(fields);
  return keys.length === 1 && keys[0] === BARE_ANNOTATION ? fields[BARE_ANNOTATION] : undefined;
}

/** Deeper nesting would use up the stack of whatever walks through it, as an object that holds itself would. */
const DEEPEST = 200;

/** More values than any annotation has: whoever checks them would need gigabytes. */
const MOST_VALUES = 1_000_000;

/** What {@link jsonProblem} says of values that are nested too deep. */
export const TOO_DEEP = `it is nested more than ${DEEPEST} levels deep`;
/** What {@link jsonProblem} says of too many values. */
export const TOO_MANY = `it holds more than ${MOST_VALUES} values`;

/** Where and why a value is not plain JSON, or not that of an annotation, or `undefined` if it is. */
export function jsonProblem(value: unknown): string | undefined {
  return problemWithin(value, '', 0, { left: MOST_VALUES });
}

function problemWithin(
  value: unknown,
  path: string,
  depth: number,
  values: { left: number },
): string | undefined {
  if (depth > DEEPEST) return TOO_DEEP;
  if (--values.left < 0) return TOO_MANY;
  const where = path || 'the value';
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${where} is ${value}`;
  if (typeof value !== 'object') return `${where} is a ${typeof value}`;
  if (Array.isArray(value)) {
    // By index: forEach and friends skip holes, which JSON would turn into null.
    for (let i = 0; i < value.length; i++) {
      const problem = problemWithin(value[i], `${path}[${i}]`, depth + 1, values);
      if (problem) return problem;
    }
    return undefined;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return `${where} is a ${value.constructor?.name ?? 'class instance'}`;
  }
  for (const [key, member] of Object.entries(value)) {
    // JSON.stringify leaves out optional fields that are not set, as it should.
    if (member === undefined) continue;
    const problem = problemWithin(member, path ? `${path}.${key}` : key, depth + 1, values);
    if (problem) return problem;
  }
  return undefined;
}

function freeze(value: object): void {
  if (Object.isFrozen(value) || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) freeze(member);
  }
}
