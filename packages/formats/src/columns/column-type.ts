/** @file The types of a table's columns, found from its values as they come. */
import type { Json, JsonObject } from '../objects/objects.ts';

/** The type of a column. `json`: values of several types, each stored as its JSON text. */
export type ColumnType =
  | { readonly kind: 'null' | 'bool' | 'int64' | 'float64' | 'string' | 'json' }
  | { readonly kind: 'list'; readonly of: ColumnType }
  | { readonly kind: 'struct'; readonly fields: ReadonlyMap<string, ColumnType> };

/** Structs of more fields are dictionaries of any keys, and stored as text. */
const MOST_FIELDS = 200;

const nothing: ColumnType = { kind: 'null' };
const json: ColumnType = { kind: 'json' };

/** The type of one value. */
export function typeOf(value: Json | undefined): ColumnType {
  if (value === null || value === undefined) return nothing;
  if (typeof value === 'boolean') return { kind: 'bool' };
  if (typeof value === 'string') return { kind: 'string' };
  if (typeof value === 'number') return { kind: Number.isSafeInteger(value) ? 'int64' : 'float64' };
  if (Array.isArray(value)) {
    return { kind: 'list', of: (value as readonly Json[]).map(typeOf).reduce(mergeTypes, nothing) };
  }
  const entries = Object.entries(value as JsonObject);
  if (entries.length > MOST_FIELDS) return json;
  return { kind: 'struct', fields: new Map(entries.map(([key, member]) => [key, typeOf(member)])) };
}

/** The narrowest type that holds the values of both. */
export function mergeTypes(a: ColumnType, b: ColumnType): ColumnType {
  if (a.kind === 'null') return b;
  if (b.kind === 'null') return a;
  if (a.kind === 'list' && b.kind === 'list') return { kind: 'list', of: mergeTypes(a.of, b.of) };
  if (a.kind === 'struct' && b.kind === 'struct') {
    const fields = new Map(a.fields);
    for (const [key, type] of b.fields) fields.set(key, mergeTypes(fields.get(key) ?? nothing, type));
    return fields.size > MOST_FIELDS ? json : { kind: 'struct', fields };
  }
  if (a.kind === b.kind) return a;
  const isNumber = ({ kind }: ColumnType) => kind === 'int64' || kind === 'float64';
  return isNumber(a) && isNumber(b) ? { kind: 'float64' } : json;
}

/** Finds the types of a table's columns, row by row. */
export interface ColumnTypes {
  add(row: JsonObject): void;
  /** In the order in which columns first came; what never had a value is text. */
  readonly types: ReadonlyMap<string, ColumnType>;
}

export function createColumnTypes(): ColumnTypes {
  const types = new Map<string, ColumnType>();
  return {
    add(row) {
      for (const [key, value] of Object.entries(row)) {
        types.set(key, mergeTypes(types.get(key) ?? nothing, typeOf(value)));
      }
    },
    get types() {
      return new Map([...types].map(([key, type]) => [key, settled(type)]));
    },
  };
}

/** A type that tables have: what never had a value is text, and so is a struct without fields. */
function settled(type: ColumnType): ColumnType {
  if (type.kind === 'null') return { kind: 'string' };
  if (type.kind === 'list') return { kind: 'list', of: settled(type.of) };
  if (type.kind !== 'struct') return type;
  if (type.fields.size === 0) return json;
  return { kind: 'struct', fields: new Map([...type.fields].map(([key, member]) => [key, settled(member)])) };
}

/** A value as its column stores it: text for columns of JSON, `undefined` members as nothing. */
export function storedValue(value: Json | undefined, type: ColumnType): Json {
  if (value === null || value === undefined) return null;
  if (type.kind === 'json') return JSON.stringify(value);
  if (type.kind === 'list') return (value as readonly Json[]).map((one) => storedValue(one, type.of));
  if (type.kind !== 'struct') return value;
  return Object.fromEntries(
    Array.from(type.fields, ([key, member]) => [key, storedValue((value as JsonObject)[key], member)]),
  );
}
