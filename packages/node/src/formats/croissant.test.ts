// croissant.json as any program of linked data reads it, by JSON-LD's algorithm of expansion, which needs no network here.
import { createImage } from '@simgan/core';
import jsonld from 'jsonld';
import { expect, test } from 'vitest';
import { readJson, temporaryFolder, writeFiles } from '../../test/folders.ts';
import { convertDataset } from '../jobs/convert-dataset.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { croissant } from './croissant.ts';

const BASE = 'https://example.org/dataset/';
const schema = (...names: string[]) => names.map((name) => `https://schema.org/${name}`);
const rai = (name: string) => `http://mlcommons.org/croissant/RAI/${name}`;

/** What JSON-LD makes of a description. In safe mode it throws where anything of it would be dropped. */
async function expanded(description: Record<string, unknown>): Promise<Record<string, unknown>> {
  const [dataset, ...others] = await jsonld.expand(description, {
    base: BASE,
    safe: true,
    documentLoader: (url) => Promise.reject(new Error(`${url} is not in the file.`)),
  } as jsonld.Options.Expand);
  expect(others).toEqual([]);
  return dataset as Record<string, unknown>;
}

/** The values of a description or of a part of it, each by its whole name. */
function values(part: Record<string, unknown>, name: string): unknown[] {
  return (part[name] as { '@value'?: unknown }[]).map((one) => one['@value']);
}

test('every property of croissant.json expands to the name that Croissant has for it', async () => {
  const cwd = await temporaryFolder();
  const png = await encodePng(createImage({ width: 8, height: 8, channels: 1, bits: 8 }));
  await writeFiles(cwd, { 'in/a.png': png, 'in/b.png': png });
  await convertDataset({ cwd, input: 'in', format: 'imagefolder', to: ['imagefolder'], out: 'out' });
  const written = await readJson(`${cwd}/out/croissant.json`);
  const dataset = await expanded(written);
  expect(dataset['@type']).toEqual(schema('Dataset'));
  expect(Object.keys(dataset).sort()).toEqual(
    [
      '@type',
      'http://purl.org/dc/terms/conformsTo',
      ...schema('description', 'distribution', 'name'),
      ...['dataCollection', 'dataLimitations', 'dataPreprocessingProtocol'].map(rai),
    ].sort(),
  );
  expect(values(dataset, 'http://purl.org/dc/terms/conformsTo')).toEqual(written.conformsTo);

  const parts = dataset['https://schema.org/distribution'] as Record<string, unknown>[];
  const typed = (type: string) =>
    parts.filter((part) => (part['@type'] as string[])[0] === `http://mlcommons.org/croissant/${type}`);
  const [files, sets] = [typed('FileObject'), typed('FileSet')];
  expect(files.length + sets.length).toBe((written.distribution as object[]).length);
  expect(sets.map((set) => set['@id'])).toEqual([`${BASE}images`]);
  const names = schema('encodingFormat', 'name');
  expect(Object.keys(sets[0]!).sort()).toEqual(
    ['@id', '@type', 'http://mlcommons.org/croissant/includes', ...names].sort(),
  );
  expect(values(sets[0]!, 'http://mlcommons.org/croissant/includes')).toEqual(['images/*.png']);
  expect(files.map((file) => file['@id'])).toContain(`${BASE}metadata.jsonl`);
  for (const file of files) {
    expect(Object.keys(file).sort()).toEqual(
      ['@id', '@type', ...names, ...schema('contentSize', 'contentUrl', 'sha256')].sort(),
    );
  }
});

test('what is said of synthetic pictures and of measured labels expands, too', async () => {
  const cwd = await temporaryFolder();
  await writeFiles(cwd, { 'labels.txt': 'none' });
  const text = await croissant(cwd, {
    name: 'blobs',
    count: 1,
    rejects: 0,
    types: new Map(),
    format: { name: 'simgan', description: 'images/, metadata.jsonl', coordinates: 'none' },
    provenance: { made: 'refined', seed: 1 },
    certificate: '97 of 100 labels hold.',
  });
  const dataset = await expanded(JSON.parse(text));
  expect(values(dataset, rai('dataCollectionType'))).toEqual(['Synthetic data']);
  expect(values(dataset, rai('dataAnnotationAnalysis'))).toEqual(['97 of 100 labels hold.']);
});
