import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Rows of a folder's `labels.csv` by the names in its first line; no cell of these files holds a comma. */
export async function readLabelRows(dir: string): Promise<Record<string, string>[]> {
  const file = join(dir, 'labels.csv');
  const [header = '', ...lines] = (await readFile(file, 'utf8')).trim().split(/\r?\n/);
  const names = header.split(',');
  return lines.map((line, index) => {
    const cells = line.split(',');
    if (cells.length !== names.length) {
      throw new Error(`${file}, line ${index + 2}, has ${cells.length} cells, not ${names.length}.`);
    }
    return Object.fromEntries(names.map((name, i) => [name, cells[i]!]));
  });
}
