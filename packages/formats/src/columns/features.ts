/** @file Types of columns as Hugging Face's `datasets` writes them: in a Parquet file and in a dataset's card. */
import type { Json, JsonObject } from '../objects/objects.ts';
import type { ColumnType } from './column-type.ts';

const dtypes = {
  bool: 'bool',
  int64: 'int64',
  float64: 'float64',
  string: 'string',
  json: 'string',
  null: 'string',
};

/** `datasets.Features` as JSON, for the key `huggingface` of a Parquet file. */
export function featuresJson(types: ReadonlyMap<string, ColumnType>): JsonObject {
  return {
    image: { _type: 'Image' },
    ...Object.fromEntries(Array.from(types, ([key, type]) => [key, featureOf(type)])),
  };
}

function featureOf(type: ColumnType): Json {
  if (type.kind === 'list') return [featureOf(type.of)];
  if (type.kind === 'struct')
    return Object.fromEntries(Array.from(type.fields, ([key, one]) => [key, featureOf(one)]));
  return { dtype: dtypes[type.kind], _type: 'Value' };
}

/** The same as a list for the YAML of a card: `dataset_info.features`. */
export function featuresYaml(types: ReadonlyMap<string, ColumnType>): Json[] {
  return [{ name: 'image', dtype: 'image' }, ...Array.from(types, ([name, type]) => columnYaml(name, type))];
}

/** A column; `imagefolder` opens what `mask_file_name` names as the column `mask`. */
function columnYaml(name: string, type: ColumnType): JsonObject {
  const [, companion] = /^(.+)_file_name$/.exec(name) ?? [];
  return companion !== undefined && type.kind === 'string'
    ? { name: companion, dtype: 'image' }
    : { name, ...typeYaml(type) };
}

function fieldsYaml(types: ReadonlyMap<string, ColumnType>): JsonObject[] {
  return Array.from(types, ([name, type]) => ({ name, ...typeYaml(type) }));
}

function typeYaml(type: ColumnType): JsonObject {
  if (type.kind === 'struct') return { struct: fieldsYaml(type.fields) };
  if (type.kind !== 'list') return { dtype: dtypes[type.kind] };
  const { of } = type;
  if (of.kind === 'struct') return { list: fieldsYaml(of.fields) };
  return of.kind === 'list' ? { list: typeYaml(of) } : { list: dtypes[of.kind] };
}
