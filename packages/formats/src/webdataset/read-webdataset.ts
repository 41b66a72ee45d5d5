import { createDataset, SimganError } from '@simgan/core';
import { type Folder, idsOfNames, type Reject } from '@simgan/core/reading';
import { openBytes, readPart } from '../bytes/read-part.ts';
import { annotationOfColumns } from '../columns/object-columns.ts';
import type { Json, JsonObject, ObjectsAnnotation } from '../objects/objects.ts';
import type { FormatContent, FormatReadOptions } from '../registry/dataset-format.ts';
import { isPictureName } from '../registry/picture-files.ts';
import { LARGEST_PICTURE_LABELS, parseJson, rejectOf } from '../registry/read-labels.ts';
import { indexTar, type TarFile } from './tar-index.ts';

/** The archives of a folder. */
export function tarFiles({ files }: Pick<Folder, 'files'>): string[] {
  return files.filter((file) => /\.tar$/i.test(file));
}

/** Files of one sample: the same path up to the first dot of the name. */
interface TarSample {
  readonly shard: string;
  readonly key: string;
  readonly picture: TarFile;
  readonly labels: readonly { readonly kind: string; readonly file: TarFile }[];
  /** Further files of two endings: `0001.mask.png`. */
  readonly companions: readonly { readonly name: string; readonly file: TarFile }[];
}

const labelKinds = ['json', 'cls', 'txt'];

/**
 * Reads tar archives in which the files of a sample share the name before the first dot: a picture, and labels as
 * `.json` (columns), `.cls` (the class) and `.txt` (a field `text`). Files of two endings (`0001.mask.png`) are companions
 * of the picture.
 */
export async function readWebDataset(
  folder: Folder,
  { onProgress, signal }: FormatReadOptions,
): Promise<FormatContent> {
  const samples: TarSample[] = [];
  const rejects: Reject[] = [];
  const shards = tarFiles(folder);
  for (const [index, shard] of shards.entries()) {
    signal?.throwIfAborted();
    try {
      const found = await samplesOf(folder, shard);
      for (const sample of found.samples) samples.push(sample);
      for (const reject of found.rejects) rejects.push(reject);
    } catch (error) {
      rejects.push(rejectOf(shard, error));
    }
    onProgress?.(index + 1, shards.length);
  }
  const ids = idsOfNames(samples.map(({ key }) => key));
  const usable: number[] = [];
  for (const [index, sample] of samples.entries()) {
    signal?.throwIfAborted();
    try {
      await labelsOf(folder, sample);
      usable.push(index);
    } catch (error) {
      rejects.push(rejectOf(placeOf(sample), error));
    }
  }
  const entryAt = async (item: number) => {
    const index = usable[item]!;
    const sample = samples[index]!;
    const source = await openBytes(folder, sample.shard);
    try {
      const bytes = readPart(source, sample.picture.start, sample.picture.size, sample.shard);
      return {
        id: ids[index]!,
        file: placeOf(sample),
        picture: { bytes },
        annotation: await labelsOf(folder, sample),
        ...(sample.companions.length > 0 && {
          companions: sample.companions.map(({ name, file }) => ({
            name,
            file: `${sample.shard}:${file.name}`,
            bytes: () => bytesOf(folder, sample.shard, file),
          })),
        }),
      };
    } finally {
      source.close();
    }
  };
  return { entries: createDataset(usable.length, entryAt, (item) => ids[usable[item]!]!), rejects };
}

async function bytesOf(folder: Folder, shard: string, { start, size }: TarFile): Promise<Uint8Array> {
  const source = await openBytes(folder, shard);
  try {
    return readPart(source, start, size, shard);
  } finally {
    source.close();
  }
}

function placeOf({ shard, picture }: TarSample): string {
  return `${shard}:${picture.name}`;
}

async function samplesOf(
  folder: Folder,
  shard: string,
): Promise<{ samples: TarSample[]; rejects: Reject[] }> {
  const source = await openBytes(folder, shard);
  let files: TarFile[];
  try {
    files = indexTar(source, shard);
  } finally {
    source.close();
  }
  const groups = new Map<string, { kind: string; file: TarFile }[]>();
  for (const file of files) {
    const slash = file.name.lastIndexOf('/') + 1;
    const dot = file.name.indexOf('.', slash);
    // Names that begin with a dot are notes of systems, such as macOS' `._0001.png`.
    if (dot <= slash) continue;
    const key = file.name.slice(0, dot);
    const group = groups.get(key) ?? [];
    group.push({ kind: file.name.slice(dot + 1).toLowerCase(), file });
    groups.set(key, group);
  }
  const samples: TarSample[] = [];
  const rejects: Reject[] = [];
  for (const [key, group] of groups) {
    const pictures = group.filter(({ file }) => isPictureName(file.name));
    const [picture] = pictures.toSorted((a, b) => a.kind.length - b.kind.length);
    const place = (name: string) => `${shard}:${name}`;
    if (!picture) {
      rejects.push({ file: place(key), reason: 'The sample has no picture (png, jpg, webp or tif).' });
      continue;
    }
    const labels = group.filter(({ kind }) => labelKinds.includes(kind));
    const companions = group.flatMap(({ kind, file }) => {
      const [, name] = /^([a-z0-9_-]+)\.[a-z0-9]+$/.exec(kind) ?? [];
      return name === undefined || file === picture.file ? [] : [{ name, file }];
    });
    for (const { file } of group) {
      if (companions.some((one) => one.file === file)) continue;
      if (file === picture.file || labels.some((one) => one.file === file)) continue;
      rejects.push({
        file: place(file.name),
        reason: 'It is neither the picture of its sample nor labels that are read; it is left out.',
      });
    }
    samples.push({ shard, key, picture: picture.file, labels, companions });
  }
  return { samples, rejects };
}

async function labelsOf(folder: Folder, { shard, labels }: TarSample): Promise<ObjectsAnnotation> {
  if (labels.length === 0) return { objects: [] };
  const source = await openBytes(folder, shard);
  try {
    let columns: JsonObject = {};
    for (const { kind, file } of labels) {
      const place = `${shard}:${file.name}`;
      if (file.size > LARGEST_PICTURE_LABELS) {
        throw new SimganError(
          'INVALID_FILE',
          `${place} has ${file.size} bytes; at most ${LARGEST_PICTURE_LABELS} are read.`,
        );
      }
      const text = new TextDecoder().decode(readPart(source, file.start, file.size, shard));
      columns = { ...columns, ...columnsIn(kind, text, place) };
    }
    const annotation = annotationOfColumns(columns);
    if (typeof annotation === 'string') throw new SimganError('INVALID_FILE', annotation);
    return annotation;
  } finally {
    source.close();
  }
}

function columnsIn(kind: string, text: string, place: string): JsonObject {
  if (kind === 'cls') return { class: text.trim() };
  if (kind === 'txt') return { text };
  const value = parseJson(text, place) as Json;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new SimganError('INVALID_FILE', `${place} is not a JSON object.`);
}
