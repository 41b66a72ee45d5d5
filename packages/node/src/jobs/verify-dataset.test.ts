import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createImage } from '@simgan/core';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs, writeRealPictures } from '../../test/blobs.ts';
import { filesBelow, readJson, temporaryFolder } from '../../test/folders.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { augment } from './augment.ts';
import { mergeShards } from './merge-shards.ts';
import { simulateDataset } from './simulate-dataset.ts';
import { verifyDataset } from './verify-dataset.ts';

const plugin = blobs();

test('a simulated dataset is made again, byte for byte; another picture or label is found', async () => {
  const cwd = await temporaryFolder();
  const { dir } = await simulateDataset({ plugin, cwd, count: 12, seed: 4, out: 'out' });
  const verify = (more = {}) => verifyDataset('out', { cwd, plugin, sample: 5, ...more });
  expect(await verify()).toEqual({
    kind: 'dataset',
    count: 12,
    remade: 5,
    notRemade: undefined,
    problems: [],
  });
  // A simulator that has changed since.
  const changed = blobs({ brightness: 100 });
  const { problems, remade } = await verify({ plugin: changed, sample: 12 });
  expect([problems.length, remade]).toEqual([12, 0]);
  expect(problems[0]).toBe('Sample 0, made again, has another picture.');

  await writeFile(
    join(dir, 'images/0000003.png'),
    await encodePng(createImage({ width: 12, height: 10, channels: 1, bits: 8 })),
  );
  expect((await verify()).problems).toEqual(['1 of its pictures is missing or damaged (images/0000003.png)']);
  await appendFile(join(dir, 'metadata.jsonl'), '{}\n');
  expect((await verify()).problems).toEqual(['its metadata.jsonl was changed after it was written']);
  await rm(join(dir, 'dataset.json'));
  await expect(verify()).rejects.toMatchObject({ code: 'INVALID_FILE' });
});

test('a refined dataset is made again with its refiner', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 8);
  await augment({ plugin, engine: wasmEngine, cwd, steps: 1, count: 6, real: 'real', out: 'out' });
  const found = await verifyDataset('out', { cwd, plugin, sample: 4 });
  expect(found).toEqual({ kind: 'dataset', count: 6, remade: 4, notRemade: undefined, problems: [] });
});

test('what was refined of a folder is made again from its pictures, companions and declared labels included', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 8);
  await writeRealPictures(join(cwd, 'own'), 6);
  const names = (await readdir(join(cwd, 'own'))).filter((name) => name.endsWith('.png'));
  const lines = names.map((name, i) =>
    JSON.stringify({ file_name: name, mask_file_name: `m/${name}`, spot: [i + 0.5, 2] }),
  );
  await mkdir(join(cwd, 'own/m'));
  for (const name of names) await writeFile(join(cwd, 'own/m', name), await readFile(join(cwd, 'own', name)));
  await writeFile(join(cwd, 'own/metadata.jsonl'), `${lines.join('\n')}\n`);
  const labelGeometry = { spot: 'point' };
  const job = { plugin, engine: wasmEngine, cwd, steps: 1, real: 'real', synthetic: 'own', labelGeometry };
  await augment({ ...job, batchSize: 2, out: 'out' });
  const found = await verifyDataset('out', { cwd, plugin, sample: 4 });
  expect(found).toEqual({ kind: 'dataset', count: 6, remade: 4, notRemade: undefined, problems: [] });
  await rm(join(cwd, 'own', names[0]!));
  const gone = verifyDataset('out', { cwd, plugin, sample: 6 });
  await expect(gone).rejects.toThrow('is no longer in its folder');
});

test('datasets that are simulated or merged have a card with the types of all columns, and hashes', async () => {
  const cwd = await temporaryFolder();
  await simulateDataset({ plugin, cwd, count: 4, out: 'whole' });
  for (const shard of ['0/2', '1/2']) await simulateDataset({ plugin, cwd, count: 4, out: 'parts', shard });
  await mergeShards('parts', { cwd });
  expect(await filesBelow(join(cwd, 'parts'))).toEqual(await filesBelow(join(cwd, 'whole')));
  const card = await readFile(join(cwd, 'whole/README.md'), 'utf8');
  const { dataset_info: info } = parse(card.split('---')[1]!);
  expect(info.features.map(({ name }: { name: string }) => name)).toEqual(['image', 'x', 'y', 'simgan']);
  const { distribution } = await readJson(join(cwd, 'whole/croissant.json'));
  expect(distribution).toContainEqual(
    expect.objectContaining({ name: 'metadata.jsonl', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }),
  );
  // They are the dataset's own: it can be written anew, and no file of others is.
  await simulateDataset({ plugin, cwd, count: 2, out: 'whole', existing: 'replace' });
  await writeFile(join(cwd, 'whole/README.md'), 'mine');
  await expect(simulateDataset({ plugin, cwd, count: 2, out: 'whole', existing: 'replace' })).rejects.toThrow(
    'holds files that are not the dataset',
  );
});

test('other formats have a card with the types of all columns, hashes, and are checked by both', async () => {
  const cwd = await temporaryFolder();
  await simulateDataset({ plugin, cwd, count: 4, out: 'out', to: ['imagefolder', 'tfrecord'] });
  const card = await readFile(join(cwd, 'out-imagefolder/README.md'), 'utf8');
  expect(parse(card.split('---')[1]!)).toMatchObject({
    tags: ['synthetic', 'simgan'],
    dataset_info: {
      features: [
        { name: 'image', dtype: 'image' },
        { name: 'x', dtype: 'float64' },
        { name: 'y', dtype: 'float64' },
      ],
      splits: [{ name: 'train', num_examples: 4 }],
    },
  });
  const croissant = await readJson(join(cwd, 'out-imagefolder/croissant.json'));
  expect(croissant).toMatchObject({
    '@type': 'sc:Dataset',
    conformsTo: ['http://mlcommons.org/croissant/1.1', 'http://mlcommons.org/croissant/RAI/1.0'],
    'rai:dataCollectionType': ['Synthetic data'],
  });
  for (const name of ['imagefolder', 'tfrecord']) {
    const found = await verifyDataset(`out-${name}`, { cwd });
    expect(found).toMatchObject({ kind: name, count: 4, problems: [] });
  }
  const file = join(cwd, 'out-imagefolder/metadata.jsonl');
  await writeFile(file, (await readFile(file, 'utf8')).split('\n').slice(1).join('\n'));
  expect((await verifyDataset('out-imagefolder', { cwd })).problems).toEqual([
    'metadata.jsonl was changed after it was written.',
    'images/0000000.png: No line of the metadata names it.',
    'It has 3 samples, not 4.',
  ]);
});
