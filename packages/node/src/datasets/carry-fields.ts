/** @file Labels of another program, carried with their picture by what was declared of them. */
import { carryLabels, type ImageTransform, type LabelGeometry } from '@simgan/core/geometry';
import type { Json, JsonObject } from './dataset-format.ts';
import { type DeclaredKind, type DeclaredLabels, kindProblem } from './label-declaration.ts';

/** Why declared fields of an annotation are not what was declared, as a sentence; `undefined` if they are. */
export function declarationProblem(fields: JsonObject, declared: DeclaredLabels): string | undefined {
  for (const [path, kind] of declared) {
    let problem: string | undefined;
    replaceAt(fields, path, (value) => {
      problem ??= kindProblem(value, kind);
      return value;
    });
    if (problem !== undefined) return `Its field ${path} ${problem}.`;
  }
  return undefined;
}

/**
 * The fields that change when an annotation follows its picture, with their new values.
 *
 * @param fields - of which {@link declarationProblem} knows no problem.
 */
export function carryFields(
  transform: ImageTransform,
  fields: JsonObject,
  declared: DeclaredLabels,
): JsonObject {
  let carried = fields;
  for (const [path, kind] of declared) {
    carried = replaceAt(carried, path, (value) => carryValue(transform, value, kind)) as JsonObject;
  }
  return changedMembers(fields, carried);
}

/** The members of an object that differ from another's. */
export function changedMembers(before: JsonObject, after: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(after).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key])),
  );
}

function carryValue(transform: ImageTransform, value: Json, { kind, isList }: DeclaredKind): Json {
  const geometry = { value: isList ? { each: kind } : kind } as unknown as LabelGeometry<{ value: Json }>;
  return carryLabels(transform, { value }, geometry).value;
}

/** The value with what is at a path replaced; lists on the way are passed through, and what is absent stays so. */
function replaceAt(value: Json, path: string, replace: (value: Json) => Json): Json {
  if (path === '') return replace(value);
  if (Array.isArray(value)) return value.map((member: Json) => replaceAt(member, path, replace));
  if (typeof value !== 'object' || value === null) return value;
  const object = value as JsonObject;
  // A key may hold dots of its own.
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const key = path.slice(0, end);
    if (!Object.hasOwn(object, key)) continue;
    return { ...object, [key]: replaceAt(object[key]!, path.slice(end + 1), replace) };
  }
  return value;
}
