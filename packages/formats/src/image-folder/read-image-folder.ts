import type { Folder, Reject } from '@simgan/core/reading';
import { annotationOfColumns } from '../columns/object-columns.ts';
import type { JsonObject } from '../objects/objects.ts';
import type { FormatCompanion, FormatContent, FormatReadOptions } from '../registry/dataset-format.ts';
import {
  contentOf,
  isPictureName,
  type LabeledPicture,
  picturesIn,
  resolveWithin,
} from '../registry/picture-files.ts';
import { rejectOf } from '../registry/read-labels.ts';
import { splitOfFolder, splitOfPath } from './splits.ts';
import { readTable } from './table-rows.ts';

/** The tables of labels of a folder; each is about the pictures below its own folder. */
export function metadataFiles({ files }: Pick<Folder, 'files'>): string[] {
  return files.filter((file) => /(^|\/)metadata\.(jsonl|csv|parquet)$/.test(file));
}

/**
 * Reads Hugging Face's `imagefolder`: pictures with `metadata.jsonl`, `.csv` or `.parquet`, or in folders named by their
 * classes. The splits of folders (`train`, `validation`, `test`) become the field `split`.
 */
export async function readImageFolder(folder: Folder, options: FormatReadOptions): Promise<FormatContent> {
  const tables = metadataFiles(folder);
  return tables.length > 0 ? readTables(folder, tables, options) : contentOf(classFolders(folder), []);
}

async function readTables(
  folder: Folder,
  tables: readonly string[],
  { onProgress, signal }: FormatReadOptions,
): Promise<FormatContent> {
  const files = picturesIn(folder);
  const known = new Set(files);
  const named = new Map<string, string>();
  const companions = new Set<string>();
  const pictures: LabeledPicture[] = [];
  const rejects: Reject[] = [];
  for (const table of tables) {
    const base = table.split('/').slice(0, -1).join('/');
    try {
      for await (const { place, columns } of readTable(folder, table)) {
        signal?.throwIfAborted();
        const outcome = typeof columns === 'string' ? columns : pictureOf(columns, base, known, companions);
        const earlier = typeof outcome === 'string' ? undefined : named.get(outcome.file);
        if (typeof outcome === 'string') rejects.push({ file: place, reason: outcome });
        else if (earlier !== undefined)
          rejects.push({ file: place, reason: `Its picture ${outcome.file} is that of ${earlier} already.` });
        else {
          named.set(outcome.file, place);
          pictures.push(outcome);
        }
        onProgress?.(Math.min(pictures.length, files.length), files.length);
      }
    } catch (error) {
      signal?.throwIfAborted();
      rejects.push(rejectOf(table, error));
    }
  }
  for (const file of files) {
    if (!named.has(file) && !companions.has(file))
      rejects.push({ file, reason: 'No line of the metadata names it.' });
  }
  return contentOf(pictures, rejects);
}

function pictureOf(
  columns: JsonObject,
  base: string,
  known: ReadonlySet<string>,
  companions: Set<string>,
): LabeledPicture | string {
  const keys = Object.keys(columns).filter((key) => key === 'file_name' || key.endsWith('_file_name'));
  const main = ['file_name', 'image_file_name'].find((key) => keys.includes(key)) ?? keys[0];
  if (main === undefined) return 'It has no column "file_name" that names its picture.';
  const name = columns[main];
  if (typeof name !== 'string') return `Its column "${main}" names no picture.`;
  const shown = JSON.stringify(name.slice(0, 200));
  const file = resolveWithin(base, name);
  if (file === undefined) return `Its picture ${shown} is outside the folder.`;
  if (!known.has(file))
    return `Its picture ${shown} is not in the folder${isPictureName(file) ? '' : ', or is no picture'}.`;
  const own: FormatCompanion[] = keys.flatMap((key) => {
    const other = key === main ? undefined : columns[key];
    const path = typeof other === 'string' ? resolveWithin(base, other) : undefined;
    if (path === undefined) return [];
    companions.add(path);
    return { name: key.slice(0, -'_file_name'.length), file: path, field: `fields.${key}` };
  });
  const { [main]: _, simgan: provenance, ...labels } = columns;
  // Under this key a dataset of this library says where a sample comes from.
  const isOwn = typeof provenance === 'object' && provenance !== null && 'sha256' in provenance;
  const others: JsonObject = isOwn || provenance === undefined ? labels : { ...labels, simgan: provenance };
  const split = splitOfPath(file);
  const annotation = annotationOfColumns(
    split === undefined || 'split' in others ? others : { ...others, split },
  );
  if (typeof annotation === 'string') return annotation;
  return { file, picture: { file }, annotation, ...(own.length > 0 && { companions: own }) };
}

/** Pictures whose class is the folder that they are in. */
function classFolders(folder: Folder): LabeledPicture[] {
  return picturesIn(folder).map((file) => {
    const folders = file.split('/').slice(0, -1);
    const split = folders.map(splitOfFolder).find((one) => one !== undefined);
    const own = folders.filter((name) => splitOfFolder(name) === undefined).at(-1);
    return {
      file,
      picture: { file },
      annotation: {
        ...(own !== undefined && { class: own.slice(0, 200) }),
        objects: [],
        ...(split !== undefined && { fields: { split } }),
      },
    };
  });
}
