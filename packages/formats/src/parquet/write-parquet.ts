import { SimganError } from '@simgan/core';
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { type ColumnType, createColumnTypes, storedValue } from '../columns/column-type.ts';
import { featuresJson } from '../columns/features.ts';
import type { Json, JsonObject } from '../objects/objects.ts';
import type { FormatOutput, FormatWriter } from '../registry/dataset-format.ts';
import { numberedName } from '../registry/picture-names.ts';
import { createSpool } from '../registry/spool.ts';

/** Rows are written in groups of so many, or fewer where pictures are large. */
const GROUP_ROWS = 500;
const GROUP_BYTES = 32 * 2 ** 20;
/** Files of so many bytes of pictures, as Hugging Face's hub has them. */
const FILE_BYTES = 500 * 2 ** 20;
const PICTURES = 'pictures.part';

/**
 * Writes `data/train-00000-of-00001.parquet` with embedded pictures and the types of all columns, which are known when
 * all samples are: until then labels stand in a file, and pictures beside it.
 */
export async function writeParquet(output: FormatOutput): Promise<FormatWriter> {
  const spool = createSpool<{ columns: JsonObject; picture: string; size: number }>(output, 'rows.part');
  const columnTypes = createColumnTypes();
  let [index, total] = [0, 0];
  return {
    async write(sample) {
      if (Object.hasOwn(sample.columns, 'image')) {
        throw new SimganError(
          'INVALID_ARGUMENT',
          `The labels of ${sample.id} have a field "image", the column of pictures. Rename it.`,
        );
      }
      const picture = numberedName(index++, sample.extension);
      const size = (await sample.bytes()).length;
      await output.picture(`${PICTURES}/${picture}`, sample);
      columnTypes.add(sample.columns);
      total += size;
      await spool.add({ columns: sample.columns, picture, size });
    },
    async finish() {
      const { types } = columnTypes;
      const files = Math.max(1, Math.ceil(total / FILE_BYTES));
      let number = 0;
      let table = await beginTable(output, types, number, files);
      for await (const { columns, picture, size } of spool.drain()) {
        if (table.bytes >= FILE_BYTES && number + 1 < files) {
          await table.finish();
          table = await beginTable(output, types, ++number, files);
        }
        const path = `${PICTURES}/${picture}`;
        const parts: Uint8Array[] = [];
        for await (const part of output.read(path)) parts.push(part);
        await table.add(columns, { bytes: Buffer.concat(parts), path: picture.split('/').at(-1)! }, size);
        await output.remove(path);
      }
      await table.finish();
      await output.remove(PICTURES);
    },
  };
}

async function beginTable(
  output: FormatOutput,
  types: ReadonlyMap<string, ColumnType>,
  number: number,
  files: number,
) {
  const digits = (value: number) => String(value).padStart(5, '0');
  const file = await output.append(`data/train-${digits(number)}-of-${digits(files)}.parquet`);
  const buffer = new ByteWriter();
  const parquet = new ParquetWriter({
    writer: buffer,
    schema: schemaOf(types),
    kvMetadata: [{ key: 'huggingface', value: JSON.stringify({ info: { features: featuresJson(types) } }) }],
    createdBy: 'simgan',
  });
  const flush = async () => {
    await file.write(buffer.getBytes().slice());
    buffer.index = 0;
  };
  let rows: { columns: JsonObject; image: { bytes: Uint8Array; path: string } }[] = [];
  let [waiting, bytes] = [0, 0];
  const writeGroup = async () => {
    if (rows.length === 0) return;
    await parquet.write({
      columnData: [
        // Pictures are compressed already, and none is the smallest.
        {
          name: 'image',
          data: rows.map(({ image }) => image),
          codec: 'UNCOMPRESSED',
          statistics: false,
          encoding: 'PLAIN',
        },
        ...Array.from(types, ([name, type]) => ({
          name,
          data: rows.map(({ columns }) => parquetValue(storedValue(columns[name], type), type)),
        })),
      ],
      rowGroupSize: rows.length,
    });
    rows = [];
    waiting = 0;
    await flush();
  };
  return {
    get bytes() {
      return bytes;
    },
    async add(columns: JsonObject, image: { bytes: Uint8Array; path: string }, size: number) {
      rows.push({ columns, image });
      waiting += size;
      bytes += size;
      if (rows.length >= GROUP_ROWS || waiting >= GROUP_BYTES) await writeGroup();
    },
    async finish() {
      await writeGroup();
      await parquet.finish();
      await flush();
      await file.close();
    },
  };
}

/** Whole numbers are 64 bits wide. */
function parquetValue(value: Json, type: ColumnType): unknown {
  if (value === null) return null;
  if (type.kind === 'int64') return BigInt(value as number);
  if (type.kind === 'list') return (value as readonly Json[]).map((one) => parquetValue(one, type.of));
  if (type.kind !== 'struct') return value;
  return Object.fromEntries(
    Array.from(type.fields, ([key, member]) => [key, parquetValue((value as JsonObject)[key]!, member)]),
  );
}

function schemaOf(types: ReadonlyMap<string, ColumnType>): SchemaElement[] {
  return [
    { name: 'root', num_children: types.size + 1 },
    { name: 'image', repetition_type: 'OPTIONAL', num_children: 2 },
    { name: 'bytes', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY' },
    { name: 'path', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
    ...Array.from(types, ([name, type]) => elementsOf(name, type)).flat(),
  ];
}

/** Lists as Parquet's format has them (LogicalTypes.md, "Lists"): three levels. */
function elementsOf(name: string, type: ColumnType): SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' as const };
  switch (type.kind) {
    case 'list':
      return [
        { ...optional, num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        ...elementsOf('element', type.of),
      ];
    case 'struct':
      return [
        { ...optional, num_children: type.fields.size },
        ...Array.from(type.fields, ([key, member]) => elementsOf(key, member)).flat(),
      ];
    case 'bool':
      return [{ ...optional, type: 'BOOLEAN' }];
    case 'int64':
      return [{ ...optional, type: 'INT64' }];
    case 'float64':
      return [{ ...optional, type: 'DOUBLE' }];
    default:
      return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }];
  }
}
