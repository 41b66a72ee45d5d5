/** @file The geometry of labels of another program: of the fields that were declared, and of all others. */
import { SimganError } from '@simgan/core';
import { type LabelGeometry, type LabelMove, OTHER_FIELDS } from '@simgan/core/geometry';
import { CLASS_FIELDS } from './class-fields.ts';
import type { JsonObject } from './dataset-format.ts';
import type { DeclaredKind, DeclaredLabels } from './label-declaration.ts';

/** What becomes of fields that nobody declared. */
export type OtherFields =
  /** They never change. */
  | 'invariant'
  /** Those that hold numbers end the job where a picture moves: nobody knows what they say. */
  | 'refused';

/**
 * The geometry of labels whose fields are not known in advance. A path passes through lists, and a key may hold dots of
 * its own. Companions are moved beside the labels, so that the fields that name them never change.
 */
export function openGeometry(declared: DeclaredLabels, others: OtherFields): LabelGeometry<JsonObject> {
  return geometryOf(
    [...declared],
    others === 'invariant' ? 'invariant' : refuseNumbers,
  ) as LabelGeometry<JsonObject>;
}

type Declaration = readonly [path: string, kind: DeclaredKind];

function geometryOf(declared: readonly Declaration[], others: unknown): object {
  const below = new Map<string, Declaration[]>();
  const fields: Record<string | symbol, unknown> = { [OTHER_FIELDS]: others };
  if (others === refuseNumbers) for (const name of CLASS_FIELDS) fields[name] = refuseAllButClass;
  for (const [path, kind] of declared) {
    for (let end = path.indexOf('.'); end > 0; end = path.indexOf('.', end + 1)) {
      const key = path.slice(0, end);
      below.set(key, [...(below.get(key) ?? []), [path.slice(end + 1), kind]]);
    }
  }
  for (const [key, inner] of below) fields[key] = geometryOf(inner, others);
  for (const [path, { kind, isList }] of declared) {
    const own = kind === 'companion' ? 'invariant' : kind;
    fields[path] = isList ? { each: own } : own;
  }
  return fields;
}

const refuseNumbers: LabelMove<unknown> = (_, value) => {
  if (!holdsNumber(value)) return value;
  throw new SimganError(
    'INVALID_ARGUMENT',
    'it holds numbers, and nothing says what they are. Declare it with `labelGeometry` (point, box, direction, …; invariant if it never changes), or pass `labels` invariant.',
  );
};

/** A class may be a number, which never changes. */
const refuseAllButClass: LabelMove<unknown> = (map, value, annotation) =>
  Number.isInteger(value) ? value : refuseNumbers(map, value, annotation);

function holdsNumber(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(holdsNumber);
  return typeof value === 'number';
}
