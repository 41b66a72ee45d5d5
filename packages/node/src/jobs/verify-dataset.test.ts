import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createImage } from '@simgan/core';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs, writeRealPictures } from '../../test/blobs.ts';
import { readJson, temporaryFolder } from '../../test/folders.ts';
import { encodePng } from '../pictures/pixels.ts';
import { augment } from './augment.ts';
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
