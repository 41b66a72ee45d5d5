/** @file The card of a dataset of this library, and its description in Croissant. */
import { join } from 'node:path';
import { type ColumnType, createColumnTypes, imageFolder } from '@simgan/formats';
import {
  CARD,
  COMPANIONS,
  DESCRIPTION,
  IMAGES,
  MANIFEST,
  METADATA,
  PROVENANCE,
  REJECTS,
  readManifest,
} from '../datasets/dataset-format.ts';
import { parseMetadataLine } from '../datasets/metadata-line.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { readLines } from '../files/read-lines.ts';
import { croissant } from './croissant.ts';
import { datasetCard } from './dataset-card.ts';

/** What is known of a dataset beside what its folder says. */
export interface Described {
  readonly name: string;
  /** The dataset's folder relative to the one that is described. Default: the same. */
  readonly within?: string;
  /** What was measured of the labels, a sentence. */
  readonly certificate?: string | undefined;
}

/**
 * Writes `README.md` and `croissant.json` of a complete dataset to a folder: its own, or one above it, where a dataset's
 * folder stays what a merge of shards gives.
 *
 * @throws SimganError OUTPUT_FAILED.
 */
export async function describeDataset(
  dir: string,
  { name, within = '', certificate }: Described,
): Promise<void> {
  const { count, rejects, provenance } = (await readManifest(join(dir, within), MANIFEST))!;
  const path = (file: string) => (within === '' ? file : `${within}/${file}`);
  const facts = {
    name,
    format: { ...imageFolder, ...(within !== '' && { name: `imagefolder, in \`${within}\`` }) },
    count,
    rejects,
    provenance,
    types: await typesOf(join(dir, within)),
    certificate,
    // Of the pictures in the folder, companions and those of a run are no samples.
    loading: {
      configs: [
        {
          config_name: 'default',
          data_files: [{ split: 'train', path: [path(`${IMAGES}/**`), path(METADATA)] }],
        },
      ],
    },
    files: { rejects: path(REJECTS), sources: path(METADATA), made: path(MANIFEST) },
  };
  await writeFileAtomic(join(dir, CARD), datasetCard(facts));
  const own = [CARD, IMAGES, COMPANIONS, METADATA, REJECTS, MANIFEST];
  await writeFileAtomic(
    join(dir, DESCRIPTION),
    await croissant(dir, facts, within, within === '' ? own : undefined),
  );
}

/** The types of all columns, of every line: loaders that infer them look at the first ones only. */
async function typesOf(dataset: string): Promise<ReadonlyMap<string, ColumnType>> {
  const columns = createColumnTypes();
  for await (const line of readLines(join(dataset, METADATA))) {
    const parsed = 'text' in line ? parseMetadataLine(line.text) : '';
    if (typeof parsed === 'string') continue;
    columns.add({ ...parsed.fields, ...(parsed.provenance && { [PROVENANCE]: parsed.provenance }) });
  }
  return columns.types;
}
