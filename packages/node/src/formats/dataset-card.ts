/** @file The card of a dataset, as Hugging Face's hub reads it: YAML for programs, text for people. */
import { type ColumnType, type DatasetFormat, featuresYaml, type JsonObject } from '@simgan/formats';

/** What is known of a dataset in one format. */
export interface CardFacts {
  readonly name: string;
  readonly format: Pick<DatasetFormat, 'name' | 'description' | 'coordinates'>;
  readonly count: number;
  readonly rejects: number;
  readonly types: ReadonlyMap<string, ColumnType>;
  readonly provenance: JsonObject;
  /** What was measured of the labels, a sentence. */
  readonly certificate?: string | undefined;
  /** Settings of the hub's loader. Default: those of the format. */
  readonly loading?: JsonObject | undefined;
  /** The files that say where samples come from and how they were made. Default: those beside a dataset in a format. */
  readonly files?: { readonly rejects: string; readonly sources: string; readonly made: string } | undefined;
}

const formatFiles = { rejects: 'rejects.jsonl', sources: 'sources.jsonl', made: 'conversion.json' };

/** Formats that the hub's loader reads, whose columns are declared: it infers them from the first 10 MB otherwise. */
const loaded: Readonly<Record<string, JsonObject>> = {
  imagefolder: {},
  parquet: {
    configs: [{ config_name: 'default', data_files: [{ split: 'train', path: 'data/train-*.parquet' }] }],
  },
};

/** What can be said of how the pictures were made. */
export function originOf({ provenance }: Pick<CardFacts, 'provenance'>): string {
  const isGuessed = /\bpseudo-labeled\b/.test(String(provenance.treatment));
  return isGuessed ? `${originOfSynthetic(provenance)} ${GUESSED}` : originOfSynthetic(provenance);
}

const GUESSED =
  'Behind them stand real pictures whose classes networks guessed: their ids start with `real-`, and where the format has a place for it they say `made: pseudo-labeled`, with the confidence of the networks.';

function originOfSynthetic({ made }: JsonObject): string {
  if (made === 'refined') {
    return 'The pictures were simulated and then refined to look like real ones by a network that was trained on unlabeled real pictures (Shrivastava et al., CVPR 2017). Labels are those of the simulation.';
  }
  if (made === 'treated') {
    return 'The pictures were simulated and then changed to be more like real ones. Labels are those of the simulation, moved where a picture was.';
  }
  if (made === 'simulated') return 'The pictures were simulated. Labels are those of the simulation.';
  return 'The dataset was converted from another format; its pictures and labels are those of its source.';
}

/** Whether no camera took the pictures. */
export function isSynthetic({ provenance }: Pick<CardFacts, 'provenance'>): boolean {
  return ['refined', 'treated', 'simulated'].includes(String(provenance.made));
}

/** What users must not overlook. */
export const LIMITS =
  'Nothing here says how well a model that is trained on these pictures does on real ones: measure it on labeled real pictures. What the simulation does not vary is not in the pictures.';

/** The text of README.md. */
export function datasetCard(facts: CardFacts): string {
  const { name, format, count, rejects, types, certificate, files = formatFiles } = facts;
  const settings = loaded[format.name];
  const head = {
    pretty_name: name,
    tags: [...(isSynthetic(facts) ? ['synthetic'] : []), 'simgan'],
    ...settings,
    ...facts.loading,
    ...(settings && {
      dataset_info: { features: featuresYaml(types), splits: [{ name: 'train', num_examples: count }] },
    }),
  };
  return [
    '---',
    // JSON is YAML: no library is needed to write what every YAML parser reads.
    ...Object.entries(head).map(([key, value]) => `${key}: ${JSON.stringify(value)}`),
    '---',
    '',
    `# ${name}`,
    '',
    `${count} pictures. ${originOf(facts)}`,
    '',
    `- Format: ${format.name} (${format.description}).`,
    `- Coordinates: ${format.coordinates}.`,
    `- Left out: ${rejects} inputs, each with its reason in \`${files.rejects}\`.`,
    `- Where each sample comes from: \`${files.sources}\`.`,
    `- How it was made: \`${files.made}\`.`,
    '',
    ...(certificate ? ['## Labels', '', certificate, ''] : []),
    '## Limits',
    '',
    LIMITS,
    '',
  ].join('\n');
}
