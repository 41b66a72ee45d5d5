/** @file Writes the companions of a sample beside its picture, and names them in its line. */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { type Companion, type Sample, SimganError, type StoredFile } from '@simgan/core';
import { numberedName } from '@simgan/formats';
import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { reasonOf } from '../files/reject.ts';
import { encodePicture } from '../pictures/encode-picture.ts';
import { renameFiles } from './companion-fields.ts';
import { COMPANIONS, type Json, type JsonObject } from './dataset-format.ts';
import type { LeftOutCompanion, WrittenCompanion } from './line-files.ts';

/** What became of the companions of a sample. */
export interface CompanionOutcome {
  /** For the provenance of its line; empty without companions. */
  readonly provenance: readonly (WrittenCompanion | LeftOutCompanion)[];
  /** The members of its annotation that change with the names of files; `undefined` is the value of one that goes. */
  readonly changesIn?: (fields: JsonObject) => Readonly<Record<string, Json | undefined>>;
}

/** Names that loaders of datasets take for splits. */
const SPLIT_WORD = /(^|[-_])(train|training|test|testing|eval|evaluation|valid|validation|val|dev)($|[-_])/i;

/**
 * Writes companions to `companions/NAME/0000000.EXT`, named by the sample's position as its picture is. What cannot be
 * written is left out, with its reason in the line's provenance.
 *
 * @throws SimganError OUTPUT_FAILED.
 */
export async function writeCompanions(
  dir: string,
  { companions = [] }: Pick<Sample<unknown>, 'companions'>,
  position: number,
): Promise<CompanionOutcome> {
  if (companions.length === 0) return { provenance: [] };
  const provenance: (WrittenCompanion | LeftOutCompanion)[] = [];
  const names = new Map<string, number>();
  for (const companion of companions) {
    const name = folderName(companion.name, names);
    const { file: source, field } = companion;
    const content = await contentOf(companion);
    if (typeof content === 'string') {
      provenance.push({ name, source, ...(field !== undefined && { field }), leftOut: content });
      continue;
    }
    const extension = /^[A-Za-z0-9]{1,20}$/.test(content.extension) ? content.extension : 'bin';
    const file = `${COMPANIONS}/${name}/${numberedName(position, extension)}`;
    await makeFolder(dirname(join(dir, file)));
    await writeFileAtomic(join(dir, file), content.bytes);
    const sha256 = createHash('sha256').update(content.bytes).digest('hex');
    const place = field === undefined ? { field: `${name}_file_name`, isAdded: true as const } : { field };
    provenance.push({ name, source, ...place, file, sha256 });
  }
  return {
    provenance,
    changesIn: (fields) => ({
      ...renameFiles(
        fields,
        provenance.filter((one) => !('isAdded' in one)),
      ),
      ...Object.fromEntries(provenance.flatMap((one) => ('isAdded' in one ? [[one.field, one.file]] : []))),
    }),
  };
}

/** The bytes of a companion, or why it is left out. */
async function contentOf({ stored, pixels, problem }: Companion): Promise<StoredFile | string> {
  if (problem !== undefined) return problem;
  try {
    if (stored) return await stored();
    if (pixels) return await encodePicture(await pixels());
    return 'It has neither a file nor values.';
  } catch (error) {
    return error instanceof SimganError ? error.message : reasonOf(error);
  }
}

/** A name for a folder, once more for each companion of the same name. */
export function folderName(name: string, names: Map<string, number>): string {
  const plain = name.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 100);
  const own = plain === '' || SPLIT_WORD.test(plain) ? 'companion' : plain;
  const count = (names.get(own) ?? 0) + 1;
  names.set(own, count);
  return count === 1 ? own : `${own}_${count}`;
}
