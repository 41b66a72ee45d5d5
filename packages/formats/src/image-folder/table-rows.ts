/** @file The rows of a table of labels: JSON lines, CSV, or Parquet. */
import { SimganError } from '@simgan/core';
import type { Folder } from '@simgan/core/reading';
import { parse } from 'csv-parse/sync';
import type { Json, JsonObject } from '../objects/objects.ts';
import { readParquetRows } from '../parquet/parquet-table.ts';
import { LARGEST_LABELS, readText } from '../registry/read-labels.ts';

/** A row, or why it cannot be used. */
export interface TableRow {
  /** Where it stands, for rejects: `metadata.csv:3`. */
  readonly place: string;
  readonly columns: JsonObject | string;
}

/** The longest row of a CSV file, bytes. */
const LONGEST_ROW = 2 ** 24;

/** Reads a table by the ending of its name. @throws SimganError INVALID_FILE if it is not of that kind. */
export async function* readTable(folder: Folder, file: string): AsyncGenerator<TableRow> {
  if (file.endsWith('.jsonl')) {
    const text = await readText(folder, file, LARGEST_LABELS);
    let number = 0;
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf('\n', at);
      const line = text.slice(at, end < 0 ? text.length : end).trim();
      number++;
      if (line !== '') yield { place: `${file}:${number}`, columns: rowOfJson(line) };
      at = end < 0 ? text.length : end + 1;
    }
  } else if (file.endsWith('.csv')) yield* csvRows(await readText(folder, file, LARGEST_LABELS), file);
  else {
    for await (const { row, columns } of readParquetRows(folder, file))
      yield { place: `${file}:${row}`, columns };
  }
}

function rowOfJson(line: string): JsonObject | string {
  try {
    const value = JSON.parse(line) as Json;
    const isRow = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isRow ? (value as JsonObject) : 'It is not a JSON object.';
  } catch (error) {
    return `It is not JSON: ${(error as Error).message}.`;
  }
}

function* csvRows(text: string, file: string): Generator<TableRow> {
  let rows: string[][];
  try {
    rows = parse(text, {
      bom: true,
      max_record_size: LONGEST_ROW,
      relax_column_count: true,
      skip_empty_lines: true,
    });
  } catch (error) {
    throw new SimganError('INVALID_FILE', `${file} is not CSV: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  const [header = [], ...body] = rows;
  const repeated = header.find((name, index) => header.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw new SimganError(
      'INVALID_FILE',
      `${file} has the column ${JSON.stringify(repeated.slice(0, 100))} twice.`,
    );
  }
  for (const [index, cells] of body.entries()) {
    const place = `${file}:${index + 2}`;
    if (cells.length !== header.length) {
      yield { place, columns: `It has ${cells.length} cells, and the header ${header.length}.` };
      continue;
    }
    const entries = header.flatMap((name, n) =>
      cells[n] === '' ? [] : [[name, cellValue(cells[n]!)] as const],
    );
    yield { place, columns: Object.fromEntries(entries) };
  }
}

/** A cell's value: a number, `true`, `false`, a list or an object as JSON writes them; text otherwise. */
function cellValue(cell: string): Json {
  if (!/^(-?\d|\[|\{|true$|false$|True$|False$)/.test(cell)) return cell;
  if (cell === 'True' || cell === 'False') return cell === 'True';
  // Digits that a number would lose (007, 12345678901234567890) are a name.
  if (/^-?0\d/.test(cell) || (/^-?\d+$/.test(cell) && !Number.isSafeInteger(Number(cell)))) return cell;
  try {
    const value = JSON.parse(cell) as Json;
    return typeof value === 'number' && !Number.isFinite(value) ? cell : value;
  } catch {
    return cell;
  }
}
