/** @file Annotations as text. What was read from a file is written byte for byte as it stood there. */
import { SimganError } from '@simgan/core';
import { FILE_NAME, type JsonObject, PROVENANCE } from './dataset-format.ts';
import { jsonProblem } from './json-problem.ts';

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

function freeze(value: object): void {
  if (Object.isFrozen(value) || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) freeze(member);
  }
}
