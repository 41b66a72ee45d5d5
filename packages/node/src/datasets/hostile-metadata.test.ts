/** @file Metadata and manifests that are damaged or made to do harm: rejects and sentences, and the rest is read. */
import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotationSchema, imageOf, type Sample, type SizedForm } from '@simgan/core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { temporaryFolder } from '../../test/folders.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { readDataset } from './read-dataset.ts';
import { writeDataset } from './write-dataset.ts';

const image: SizedForm = { width: 6, height: 4, channels: 1, bits: 8 };
const picture = imageOf(new Uint8Array(24).fill(9), image);
const plugin = {
  name: 'points',
  image,
  annotation: annotationSchema(z.object({ x: z.number() }), { x: 'x' }),
};

/** A folder with pictures `0.png` and so on, and lines for them. */
async function folderOf(lines: readonly (string | Uint8Array)[]): Promise<string> {
  const dir = await temporaryFolder();
  const png = await encodePng(picture);
  for (const index of lines.keys()) await writeFile(join(dir, `${index}.png`), png);
  const bytes = lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')]);
  await writeFile(join(dir, 'metadata.jsonl'), Buffer.concat(bytes));
  return dir;
}

const good = (index: number) => `{"file_name":"${index}.png","x":1}`;

/** The reasons of rejected lines by their number. */
async function rejectedLines(dir: string): Promise<Record<string, string>> {
  const { rejects } = await readDataset(dir, plugin, { annotations: 'plugin' });
  return Object.fromEntries(
    rejects.flatMap(({ file, reason }) => {
      const number = /^metadata\.jsonl:(\d+)$/.exec(file)?.[1];
      return number === undefined ? [] : [[number, reason.replace(/JSON: .*/, 'JSON: …')]];
    }),
  );
}

test('a line without an end of more than half a gigabyte is a reject, and the next line is read', async () => {
  const dir = await folderOf([good(0)]);
  const metadata = join(dir, 'metadata.jsonl');
  await writeFile(metadata, '{"file_name":"0.png","y":"');
  // Sparse: zeros that take no space.
  await truncate(metadata, 600 * 2 ** 20);
  await appendFile(metadata, `\n${good(0)}\n`);
  const { samples, rejects } = await readDataset(dir, plugin);
  expect([samples.length, samples.id(0)]).toEqual([1, '0']);
  expect(rejects).toEqual([{ file: 'metadata.jsonl:1', reason: 'It is longer than 16777216 bytes.' }]);
});

test('a line of 900,000 fields is read in one go, and a million values are too many', async () => {
  const fields = (count: number) => Array.from({ length: count }, (_, i) => `"${i}":1`).join();
  const dir = await folderOf([
    `{"file_name":"0.png","x":1,${fields(900_000)}}`,
    `{"file_name":"1.png","x":1,"y":[${'1,'.repeat(1_000_000)}1]}`,
    `{"file_name":"2.png","x":1,"last":1,"last":2}`,
  ]);
  const { samples } = await readDataset(dir, plugin, { annotations: 'plugin' });
  expect(samples.length).toBe(1);
  expect(await rejectedLines(dir)).toEqual({
    2: 'It holds more than 1000000 values.',
    3: 'It has the field "last" twice.',
  });
});

test('nesting, encodings and binary garbage are rejects', async () => {
  const nested = (depth: number) =>
    `{"file_name":"0.png","x":1,"n":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const dir = await folderOf([
    nested(5000),
    '['.repeat(5000),
    nested(1_000_000),
    Buffer.from('{"file_name":"0.png","note":"größe","x":1}', 'latin1'),
    Buffer.from('\uFEFF{"file_name":"0.png","x":1}', 'utf16le'),
    Uint8Array.from({ length: 500 }, (_, i) => 11 + ((i * 31) % 245)),
    `{"file_name":"${'n'.repeat(5000)}.png","x":1}`,
    `{"file_name":"0.png","x":"${'9'.repeat(5000)}"}`,
    `{"file_name":"8.png","x":1}\r`,
  ]);
  expect(await rejectedLines(dir)).toEqual({
    1: 'It is nested more than 200 levels deep.',
    2: 'It is not JSON: …',
    3: 'It is nested more than 200 levels deep.',
    4: 'It is not UTF-8 text.',
    5: 'It is not UTF-8 text.',
    6: 'It is not UTF-8 text.',
    7: 'Its "file_name" has 5004 characters; at most 4096 are read.',
    8: "Its annotation is not the plugin's: x: Invalid input: expected number, received string.",
  });
  const { samples } = await readDataset(dir, plugin, { annotations: 'plugin' });
  expect([samples.length, samples.id(0)]).toEqual([1, '8']);
});

test('a field of another program that has the name of our provenance is not dropped in silence', async () => {
  const reason =
    'Its field "simgan" was not written by this library, and metadata keeps that name for the provenance of ' +
    'samples. Rename the field.';
  const dir = await folderOf([
    `{"file_name":"0.png","x":1,"simgan":{"score":3}}`,
    `{"file_name":"1.png","x":1,"simgan":7}`,
    `{"file_name":"2.png","x":1,"simgan":{"made":"simulated","seed":1}}`,
  ]);
  expect(await rejectedLines(dir)).toEqual({ 1: reason, 2: reason });

  // What we wrote, with any provenance, is read with its manifest and without it.
  const own = await temporaryFolder();
  const sample: Sample<{ x: number }> = { id: 'a', image: picture, annotation: { x: 1 } };
  const samples = (async function* () {
    yield sample;
  })();
  await writeDataset(own, samples, { plugin, provenance: { note: 'mine' } });
  expect(await (await readDataset(own, plugin)).samples.at(0)).toMatchObject(sample);
  await rm(join(own, 'dataset.json'));
  const read = await readDataset(own, plugin);
  expect(read.rejects.filter(({ file }) => file.startsWith('metadata'))).toEqual([]);
  expect((await read.samples.at(0)).annotation).toEqual({ x: 1 });
});

test("a plugin's schema that throws makes rejects", async () => {
  const dir = await folderOf([good(0), good(1)]);
  const annotation = annotationSchema(
    z.object({ x: z.number() }).refine(() => {
      throw 'a text';
    }),
    { x: 'x' },
  );
  await expect(readDataset(dir, { ...plugin, annotation }, { annotations: 'plugin' })).rejects.toThrow(
    "metadata.jsonl:1: The plugin's schema of annotations fails on it: a text.",
  );
});

test('a manifest is read by a schema with limits', async () => {
  const dir = await folderOf([good(0)]);
  const manifest = { format: 'simgan-dataset', version: 1, plugin: 'points', annotations: 'plugin' };
  const whole = { ...manifest, image, provenance: {}, count: 1, rejects: 0, metadataSha256: '0'.repeat(64) };
  const file = join(dir, 'dataset.json');
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
  for (const [text, message] of [
    [JSON.stringify(manifest), 'is not the manifest of a dataset: image: Invalid input'],
    [JSON.stringify({ ...whole, count: -1 }), 'is not the manifest of a dataset: count: Too small'],
    [JSON.stringify({ ...whole, image: { ...image, width: 1e9 } }), 'image.width: Too big'],
    [JSON.stringify({ ...whole, provenance: 5 }), 'provenance: Invalid input'],
    [`{"format":"simgan-dataset","version":${deep}}`, 'it is nested more than 200 levels deep'],
    [JSON.stringify(whole), 'is not what dataset.json was written for'],
    ['{"format":"simgan', 'is not JSON'],
  ] as const) {
    await writeFile(file, text);
    await expect(readDataset(dir, plugin)).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining(message),
    });
  }
  // The annotations of some other programs lie in a dataset.json of many megabytes.
  await writeFile(file, `{"images":["${'x'.repeat(2 ** 21)}"]}`);
  expect((await readDataset(dir, plugin)).samples.length).toBe(1);
});

test('a lone carriage return ends no line, in reading as in writing', async () => {
  const dir = await folderOf(['{"file_name":"0.png","x":[1,\r2]}', '{"file_name":"1.png",\r"x":3}']);
  const { samples } = await readDataset(dir, plugin, { annotations: 'foreign' });
  const out = join(await temporaryFolder(), 'out');
  const all = async function* () {
    for (let index = 0; index < samples.length; index++) yield await samples.at(index);
  };
  expect(await writeDataset(out, all(), { plugin, annotations: 'foreign' })).toMatchObject({ count: 2 });
  expect(await readFile(join(out, 'metadata.jsonl'), 'utf8')).toContain('[1,\r2]');
});
