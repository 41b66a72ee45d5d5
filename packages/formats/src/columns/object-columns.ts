/** @file Labels as the columns of a table, and back. */
import { z } from 'zod';
import {
  type Json,
  type JsonObject,
  type LabeledObject,
  type ObjectsAnnotation,
  objectsProblem,
} from '../objects/objects.ts';
import { packRuns, runsOf } from '../objects/run-length.ts';
import { isTooDeep } from '../registry/nesting.ts';

/** The columns that hold objects and the picture's class; all others are fields. */
const OBJECTS = 'objects';
const CLASS = 'class';

/** The columns of an annotation: its fields, `class` and `objects`. The runs of masks are packed into text. */
export function columnsOf({ class: own, objects, fields }: ObjectsAnnotation): JsonObject {
  const packed = objects.map((object) =>
    object.mask
      ? { ...object, mask: { size: object.mask.size, counts: packRuns(runsOf(object.mask)) } }
      : object,
  );
  return {
    ...fields,
    ...(own !== undefined && { [CLASS]: own }),
    ...(packed.length > 0 && { [OBJECTS]: packed as unknown as Json }),
  };
}

/** Objects as Hugging Face's guides write them: lists of the same length, boxes as COCO's. */
const listed = z.looseObject({
  bbox: z.array(z.tuple([z.number(), z.number(), z.number().min(0), z.number().min(0)])).max(10_000),
});
const namesOf = ['category', 'categories', 'class', 'classes', 'label', 'labels'];

/**
 * The annotation that columns hold, or in a sentence why they hold none. Objects are those of {@link columnsOf}, or
 * lists as in Hugging Face's guides (`{ bbox: [[left, top, width, height]], category: ['cup'] }`). Empty cells are
 * absent.
 */
export function annotationOfColumns(columns: JsonObject): ObjectsAnnotation | string {
  if (isTooDeep(columns)) return 'Its labels are nested deeper than labels ever are.';
  const { [CLASS]: own, [OBJECTS]: objects, ...others } = columns;
  const isClass = typeof own === 'string' && own !== '';
  const fields = { ...others, ...(own !== undefined && own !== null && !isClass && { [CLASS]: own }) };
  const read = objectsIn(objects);
  const annotation = {
    ...(isClass && { class: own }),
    objects: read ?? [],
    ...fieldsOf(
      read || objects === undefined || objects === null ? fields : { ...fields, [OBJECTS]: objects },
    ),
  };
  const problem = objectsProblem(annotation);
  return problem === undefined ? annotation : `Its labels cannot be read: ${problem}.`;
}

function fieldsOf(fields: JsonObject) {
  const present = Object.entries(fields).filter(([, value]) => value !== null);
  return present.length > 0 ? { fields: Object.fromEntries(present) } : {};
}

/** The objects of a column; `undefined` if it holds something else. */
function objectsIn(value: Json | undefined): readonly LabeledObject[] | undefined {
  if (Array.isArray(value)) {
    const objects = value.map(withoutEmpty) as unknown[];
    return objectsProblem({ objects }) === undefined ? (objects as LabeledObject[]) : undefined;
  }
  const parsed = listed.safeParse(value);
  if (!parsed.success) return undefined;
  const { bbox, ...lists } = parsed.data as { bbox: [number, number, number, number][] } & Record<
    string,
    unknown
  >;
  const key = namesOf.find(
    (name) => Array.isArray(lists[name]) && (lists[name] as unknown[]).length === bbox.length,
  );
  if (key === undefined) return undefined;
  const names = lists[key] as unknown[];
  const others = Object.entries(lists).filter(
    ([name, list]) => name !== key && Array.isArray(list) && list.length === bbox.length,
  ) as [string, Json[]][];
  return bbox.map((box, n) => {
    const fields = Object.fromEntries(others.map(([name, list]) => [name, list[n]!] as const));
    return { class: String(names[n]), box, ...(others.length > 0 && { fields }) };
  });
}

/** Tables fill what an object does not have with nothing. */
function withoutEmpty(value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value as JsonObject).filter(([, member]) => member !== null);
  return Object.fromEntries(
    kept.map(([key, member]) => [
      key,
      key === 'keypoints' && Array.isArray(member)
        ? member
        : key === 'mask' || key === 'fields'
          ? withoutEmpty(member)
          : member,
    ]),
  );
}
