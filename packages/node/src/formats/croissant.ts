/** @file A dataset's description in Croissant 1.1 (MLCommons), with the fields of its responsible-AI vocabulary that are known. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../files/sha256.ts';
import { type CardFacts, isSynthetic, LIMITS, originOf } from './dataset-card.ts';

/** Its file. */
export const CROISSANT = 'croissant.json';

const kinds: Readonly<Record<string, string>> = {
  json: 'application/json',
  jsonl: 'application/jsonl',
  parquet: 'application/vnd.apache.parquet',
  tar: 'application/x-tar',
  yaml: 'application/yaml',
  xml: 'application/xml',
  txt: 'text/plain',
  md: 'text/markdown',
};

/** Folders of more files are described as a set; a hash of each file stands in no description. */
const MOST_HASHED = 1000;

/**
 * The text of the description of a folder whose files are all written, or of a folder `within` it.
 *
 * @param only - the names in it that are described. Default: all.
 */
export async function croissant(
  dir: string,
  facts: CardFacts,
  within = '',
  only?: readonly string[],
): Promise<string> {
  const { name, count, format, provenance, certificate } = facts;
  const description = {
    '@context': {
      '@language': 'en',
      '@vocab': 'https://schema.org/',
      sc: 'https://schema.org/',
      cr: 'http://mlcommons.org/croissant/',
      rai: 'http://mlcommons.org/croissant/RAI/',
      dct: 'http://purl.org/dc/terms/',
      conformsTo: 'dct:conformsTo',
      distribution: 'sc:distribution',
      containedIn: 'cr:containedIn',
      includes: 'cr:includes',
      fileObject: 'cr:fileObject',
      fileSet: 'cr:fileSet',
    },
    '@type': 'sc:Dataset',
    conformsTo: ['http://mlcommons.org/croissant/1.1', 'http://mlcommons.org/croissant/RAI/1.0'],
    name,
    description: `${count} pictures. ${originOf(facts)} Format: ${format.name}, ${format.description}.`,
    'rai:dataCollection': originOf(facts),
    ...(isSynthetic(facts) && { 'rai:dataCollectionType': ['Synthetic data'] }),
    'rai:dataPreprocessingProtocol': [JSON.stringify(provenance)],
    ...(certificate !== undefined && { 'rai:dataAnnotationAnalysis': [certificate] }),
    'rai:dataLimitations': [LIMITS],
    distribution: await distributionOf(dir, within, only),
  };
  return `${JSON.stringify(description, null, 2)}\n`;
}

/** Files with their hashes; folders of many files as sets. */
async function distributionOf(dir: string, within = '', only?: readonly string[]): Promise<object[]> {
  const listed = await readdir(join(dir, within), { withFileTypes: true });
  const entries = listed
    .filter(({ name }) => !name.startsWith('.') && (only?.includes(name) ?? true))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = entries.filter((entry) => entry.isFile());
  const described: object[] = [];
  const isMany = files.length > MOST_HASHED || files.every(({ name }) => /\.(png|jpg|webp|tif)$/.test(name));
  if (isMany && files.length > 0) {
    const endings = [...new Set(files.map(({ name }) => name.split('.').at(-1)!))];
    described.push({
      '@type': 'cr:FileSet',
      '@id': within || '.',
      name: within || '.',
      encodingFormat: endings.map((ending) => kinds[ending] ?? `image/${ending === 'jpg' ? 'jpeg' : ending}`),
      includes: endings.map((ending) => `${within ? `${within}/` : ''}*.${ending}`),
    });
  } else {
    for (const { name } of files) {
      const file = within ? `${within}/${name}` : name;
      const { size } = await stat(join(dir, file));
      described.push({
        '@type': 'cr:FileObject',
        '@id': file,
        name: file,
        contentUrl: file,
        contentSize: `${size} B`,
        encodingFormat: kinds[name.split('.').at(-1)!] ?? 'application/octet-stream',
        sha256: await sha256(join(dir, file)),
      });
    }
  }
  for (const entry of entries.filter((one) => one.isDirectory())) {
    described.push(...(await distributionOf(dir, within ? `${within}/${entry.name}` : entry.name)));
  }
  return described;
}
