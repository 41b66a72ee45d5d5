/** @file Labels of another program, carried with their picture by what was declared of them. */
import { carryLabels, type ImageTransform } from '@simgan/core/geometry';
import type { Json, JsonObject } from './dataset-format.ts';
import { type DeclaredLabels, kindProblem } from './label-declaration.ts';
import { openGeometry } from './open-geometry.ts';

/** Why declared fields of an annotation are not what was declared, as a sentence; `undefined` if they are. */
export function declarationProblem(fields: JsonObject, declared: DeclaredLabels): string | undefined {
  for (const [path, kind] of declared) {
    const problem = valuesAt(fields, path)
      .map((value) => kindProblem(value, kind))
      .find((one) => one !== undefined);
    if (problem !== undefined) return `Its field ${path} ${problem}.`;
  }
  return undefined;
}

/**
 * The fields that change when an annotation is scaled and cropped with its picture, with their new values.
 *
 * @param fields - of which {@link declarationProblem} knows no problem.
 */
export function carryFields(
  transform: ImageTransform,
  fields: JsonObject,
  declared: DeclaredLabels,
): JsonObject {
  const geometry = openGeometry(declared, 'invariant');
  return changedMembers(fields, carryLabels<JsonObject>(transform, fields, geometry));
}

/** The members of an object that differ from another's. */
export function changedMembers(before: JsonObject, after: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(after).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key])),
  );
}

/** The values at a path; lists on the way are passed through, and a key may hold dots of its own. */
function valuesAt(value: Json, path: string): Json[] {
  if (path === '') return [value];
  if (Array.isArray(value)) return value.flatMap((member: Json) => valuesAt(member, path));
  if (typeof value !== 'object' || value === null) return [];
  const object = value as JsonObject;
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const key = path.slice(0, end);
    if (Object.hasOwn(object, key)) return valuesAt(object[key]!, path.slice(end + 1));
  }
  return [];
}
