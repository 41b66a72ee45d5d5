import { createDataset, SimganError } from '@simgan/core';
import { type Folder, idsOfNames, type Reject, stemOf } from '@simgan/core/reading';
import { annotationOfColumns } from '../columns/object-columns.ts';
import { splitOfPath } from '../image-folder/splits.ts';
import type { JsonObject, ObjectsAnnotation } from '../objects/objects.ts';
import type { FormatContent, FormatReadOptions } from '../registry/dataset-format.ts';
import { rejectOf } from '../registry/read-labels.ts';
import { jsonRow, type ParquetHeader, parquetHeader, type RowGroup, readGroup } from './parquet-table.ts';

/** The Parquet files of a folder that hold pictures, by their names. */
export function parquetFiles({ files }: Pick<Folder, 'files'>): string[] {
  return files.filter((file) => /\.parquet$/i.test(file) && !/(^|\/)metadata\.parquet$/.test(file));
}

interface Table extends ParquetHeader {
  readonly file: string;
  readonly image: string;
  /** Columns of labels. */
  readonly labels: readonly string[];
}

interface Row {
  readonly table: Table;
  readonly group: RowGroup;
  readonly index: number;
}

type RawRow = Readonly<Record<string, unknown>>;

/** Reads Parquet files with embedded pictures, as Hugging Face's `datasets` stores them: a column of bytes and paths. */
export async function readParquet(
  folder: Folder,
  { onProgress, signal }: FormatReadOptions,
): Promise<FormatContent> {
  const files = parquetFiles(folder);
  const rows: Row[] = [];
  const rejects: Reject[] = [];
  for (const [done, file] of files.entries()) {
    try {
      const table = await openTable(folder, file, rejects);
      for (const group of table.groups) {
        signal?.throwIfAborted();
        const labels = await readGroup(folder, file, table, group, table.labels);
        for (let index = group.start; index < group.end; index++) {
          const annotation = annotationOf(labels[index - group.start] ?? {}, table);
          if (typeof annotation === 'string') rejects.push({ file: `${file}:${index}`, reason: annotation });
          else rows.push({ table, group, index });
        }
      }
    } catch (error) {
      signal?.throwIfAborted();
      rejects.push(rejectOf(file, error));
    }
    onProgress?.(done + 1, files.length);
  }
  const ids = idsOfNames(
    rows.map(({ table, index }) => `${stemOf(table.file)}-${String(index).padStart(7, '0')}`),
  );
  const groupOf = lastGroup(folder);
  const entryAt = async (item: number) => {
    const row = rows[item]!;
    const { table, group, index } = row;
    const raw = (await groupOf(row))[index - group.start] ?? {};
    const file = `${table.file}:${index}`;
    const annotation = annotationOf(raw, table);
    if (typeof annotation === 'string') throw new SimganError('INVALID_FILE', `${file}: ${annotation}`);
    return { id: ids[item]!, file, picture: { bytes: bytesOf(raw[table.image], file) }, annotation };
  };
  return { entries: createDataset(rows.length, entryAt, (item) => ids[item]!), rejects };
}

/** Rows come in order: the group that was read last is kept. */
function lastGroup(folder: Folder): (row: Row) => Promise<RawRow[]> {
  let last: { readonly row: Row; readonly rows: Promise<RawRow[]> } | undefined;
  return (row) => {
    if (last?.row.table !== row.table || last.row.group !== row.group) {
      const { table, group } = row;
      last = { row, rows: readGroup(folder, table.file, table, group, [...table.labels, table.image]) };
    }
    return last.rows;
  };
}

/** Finds the column of pictures: a struct with `bytes`; of several that of `image`, or the first. */
async function openTable(folder: Folder, file: string, rejects: Reject[]): Promise<Table> {
  const header = await parquetHeader(folder, file);
  const chunks =
    header.metadata.row_groups[0]?.columns.flatMap(({ meta_data }) =>
      (meta_data?.path_in_schema ?? []) ? [meta_data!.path_in_schema] : [],
    ) ?? [];
  const pictures = [
    ...new Set(chunks.filter((path) => path.length === 2 && path[1] === 'bytes').map(([name]) => name!)),
  ];
  const image = pictures.includes('image') ? 'image' : pictures[0];
  if (image === undefined) {
    throw new SimganError(
      'INVALID_FILE',
      `${file} has no column of pictures (a struct of bytes and path): it has ${header.columns.slice(0, 10).join(', ') || 'no rows'}.`,
    );
  }
  for (const other of pictures.filter((name) => name !== image)) {
    rejects.push({
      file: `${file}:${other}`,
      reason: `Its column ${other} holds pictures beside ${image}; they are left out.`,
    });
  }
  return { ...header, file, image, labels: header.columns.filter((name) => !pictures.includes(name)) };
}

function annotationOf(raw: RawRow, { labels, file }: Table): ObjectsAnnotation | string {
  const row = jsonRow(Object.fromEntries(labels.map((name) => [name, raw[name]])));
  if (typeof row === 'string') return row;
  const split = splitOfPath(file);
  const columns: JsonObject = split === undefined || 'split' in row ? row : { ...row, split };
  return annotationOfColumns(columns);
}

function bytesOf(value: unknown, file: string): Uint8Array {
  const bytes =
    typeof value === 'object' && value !== null ? (value as { bytes?: unknown }).bytes : undefined;
  if (bytes instanceof Uint8Array) return bytes;
  throw new SimganError(
    'INVALID_FILE',
    `${file} embeds no picture; pictures that are named only are not read.`,
  );
}
