/** @file Rows of Parquet files as JSON, a group of rows at a time. */
import { SimganError } from '@simgan/core';
import type { Folder } from '@simgan/core/reading';
import { type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { openBytes, readPart } from '../bytes/read-part.ts';
import type { Json, JsonObject } from '../objects/objects.ts';

/** A file that cannot be read in groups of this many rows is not read. */
const MOST_GROUP_ROWS = 2 ** 20;
/** Uncompressed, bytes: what a group of rows may take in memory. */
const LARGEST_GROUP = 2 ** 30;

/** The rows of one group. */
export interface RowGroup {
  readonly start: number;
  readonly end: number;
}

/** What a Parquet file says of itself. */
export interface ParquetHeader {
  readonly metadata: FileMetaData;
  /** Names of the top columns. */
  readonly columns: readonly string[];
  readonly groups: readonly RowGroup[];
}

type RawRow = Readonly<Record<string, unknown>>;

/** Reads a file's footer. @throws SimganError INVALID_FILE if it is damaged, or claims more than is read at a time. */
export async function parquetHeader(folder: Folder, file: string): Promise<ParquetHeader> {
  const metadata = await withBuffer(folder, file, (buffer) => parquetMetadataAsync(buffer));
  const fail = (problem: string) => new SimganError('INVALID_FILE', `${file} cannot be read: ${problem}.`);
  const groups: RowGroup[] = [];
  let start = 0;
  for (const { num_rows, columns } of metadata.row_groups) {
    const rows = Number(num_rows);
    const bytes = columns.reduce(
      (sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0),
      0,
    );
    if (!(rows >= 0 && rows <= MOST_GROUP_ROWS))
      throw fail(`a group has ${rows} rows, and at most ${MOST_GROUP_ROWS} are read`);
    if (!(bytes >= 0 && bytes <= LARGEST_GROUP))
      throw fail(`a group of rows takes ${bytes} bytes, and at most ${LARGEST_GROUP} are read`);
    groups.push({ start, end: start + rows });
    start += rows;
  }
  const columns = [
    ...new Set(
      metadata.row_groups[0]?.columns.map(({ meta_data }) => meta_data?.path_in_schema[0] ?? '') ?? [],
    ),
  ];
  return { metadata, columns, groups };
}

/** The rows of a group, of some columns; bytes stay bytes. */
export async function readGroup(
  folder: Folder,
  file: string,
  { metadata }: ParquetHeader,
  { start, end }: RowGroup,
  columns: readonly string[],
): Promise<RawRow[]> {
  return withBuffer(folder, file, (buffer) =>
    parquetReadObjects({
      file: buffer,
      metadata,
      compressors,
      utf8: false,
      columns: [...columns],
      rowStart: start,
      rowEnd: end,
    }),
  );
}

/** All rows of a file without bytes, such as `metadata.parquet`; a row that JSON cannot hold is a reason. */
export async function* readParquetRows(
  folder: Folder,
  file: string,
): AsyncGenerator<{ row: number; columns: JsonObject | string }> {
  const header = await parquetHeader(folder, file);
  for (const group of header.groups) {
    const rows = await readGroup(folder, file, header, group, header.columns);
    for (const [index, row] of rows.entries()) yield { row: group.start + index, columns: jsonRow(row) };
  }
}

/** A row as JSON, or in a sentence why it is none. */
export function jsonRow(row: RawRow): JsonObject | string {
  try {
    return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, jsonOf(value, key)]));
  } catch (error) {
    if (error instanceof SimganError) return error.message;
    throw error;
  }
}

function jsonOf(value: unknown, column: string): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return Number(value);
    throw new SimganError(
      'INVALID_FILE',
      `Its column ${column} holds ${value}, too large for a JSON number.`,
    );
  }
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
    throw new SimganError('INVALID_FILE', `Its column ${column} holds ${value}, which JSON cannot hold.`);
  }
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) {
    if (!(value instanceof Uint8Array))
      return Array.from(value as unknown as ArrayLike<number>, (one) => jsonOf(one, column));
    throw new SimganError('INVALID_FILE', `Its column ${column} holds bytes, which are no label.`);
  }
  if (Array.isArray(value)) return value.map((one) => jsonOf(one, column));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, jsonOf(member, column)]));
}

interface Buffered {
  readonly byteLength: number;
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

/**
 * A promise whose consequences count as handled. The library decodes several columns at once and, where one is damaged, may
 * never look at the others: that they fail, too, would otherwise end the process.
 */
function heeded<Value>(promise: Promise<Value>): Promise<Value> {
  const follow = (onValue?: never, onError?: never) => {
    const next = Promise.prototype.then.call(promise, onValue, onError);
    Promise.prototype.then.call(next, undefined, () => {});
    return heeded(next);
  };
  return Object.defineProperty(promise, 'then', { value: follow });
}

async function withBuffer<Value>(
  folder: Folder,
  file: string,
  use: (buffer: Buffered) => Promise<Value>,
): Promise<Value> {
  const source = await openBytes(folder, file);
  try {
    return await use({
      byteLength: source.size,
      slice: (start, end = source.size) => {
        const from = start < 0 ? source.size + start : start;
        const part = readPart(source, from, Math.max(0, end - from), file).buffer as ArrayBuffer;
        return heeded(Promise.resolve(part));
      },
    });
  } catch (error) {
    if (error instanceof SimganError) throw error;
    // What the library throws is about the file's bytes, in words of its own.
    throw new SimganError('INVALID_FILE', `${file} is no Parquet file, or damaged.`, { cause: error });
  } finally {
    source.close();
  }
}
