import { join } from 'node:path';
import { certificateText, type LabelCertificate } from '@simgan/core/evaluation';
import { imageFolder } from '@simgan/formats';
import { IMAGES, MANIFEST, METADATA, REJECTS, readManifest } from '../datasets/dataset-format.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { croissant } from '../formats/croissant.ts';
import { datasetCard } from '../formats/dataset-card.ts';
import { augmentFiles } from '../runs/run-folder.ts';

/**
 * Writes the card of a complete dataset and its description in Croissant beside the dataset's folder, which stays what a
 * merge of shards would give: what was measured of the labels is known of a whole run only.
 *
 * @throws SimganError OUTPUT_FAILED.
 */
export async function describeAugmented(
  dir: string,
  plugin: string,
  certificate: LabelCertificate | undefined,
): Promise<void> {
  const { dataset, card, croissant: description } = augmentFiles;
  const { count, rejects, provenance } = (await readManifest(join(dir, dataset), MANIFEST))!;
  const facts = {
    name: `${plugin}-augmented`,
    format: { ...imageFolder, name: `imagefolder, in \`${dataset}\`` },
    count,
    rejects,
    provenance,
    types: new Map(),
    certificate: certificate && certificateText(certificate),
    // Of the pictures in the folder, the preview and those of the run are none of the dataset.
    loading: {
      configs: [
        {
          config_name: 'default',
          data_files: [{ split: 'train', path: [`${dataset}/${IMAGES}/**`, `${dataset}/${METADATA}`] }],
        },
      ],
    },
    files: {
      rejects: `${dataset}/${REJECTS}`,
      sources: `${dataset}/${METADATA}`,
      made: `${dataset}/${MANIFEST}`,
    },
  };
  await writeFileAtomic(join(dir, card), datasetCard(facts));
  await writeFileAtomic(join(dir, description), await croissant(dir, facts, dataset));
}
