// What is written is read back by Apache's implementation in Rust (parquet-wasm), whose columns Apache Arrow shows.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng, imageOf } from '@simgan/core';
import { convertDataset, encodePng } from '@simgan/node';
import { DataType, type Field, StructRow, tableFromIPC, Vector } from 'apache-arrow';
import { ParquetFile } from 'parquet-wasm';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { labels, ring, writeCocoPictures } from '../../node/test/labeled-pictures.ts';
import { decodeMask } from '../src/objects/run-length.ts';

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-formats-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** The only file of a dataset. Its rows hold plain values; empty members of structs are left out. */
async function readTable(dir: string) {
  const names = await readdir(join(dir, 'data'));
  expect(names).toEqual(['train-00000-of-00001.parquet']);
  const parquet = await ParquetFile.fromFile(new Blob([await readFile(join(dir, 'data', names[0]!))]));
  const table = tableFromIPC((await parquet.read()).intoIPCStream());
  const about = parquet.metadata();
  return {
    groups: about.rowGroups().map((group) => group.numRows()),
    createdBy: about.fileMetadata().createdBy(),
    features: JSON.parse(about.fileMetadata().keyValueMetadata().get('huggingface')).info.features,
    fields: table.schema.fields,
    rows: table.toArray().map(plain) as Record<string, unknown>[],
  };
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Vector) return Array.from(value, plain);
  if (!(value instanceof StructRow)) return value;
  return withoutEmpty(
    Object.fromEntries(Array.from(value, ([key, member]) => [String(key), plain(member)] as const)),
  );
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutEmpty(member)]));
}

/** What Hugging Face's `datasets` calls the type of a column (its `Features`). */
function featureOf({ name, type }: Field): unknown {
  if (name === 'image') {
    expect(String(type)).toBe('Struct<{bytes:Binary, path:Utf8}>');
    return { _type: 'Image' };
  }
  if (DataType.isList(type)) return [featureOf(type.valueField)];
  if (DataType.isStruct(type))
    return Object.fromEntries(type.children.map((child) => [child.name, featureOf(child)]));
  const dtype = { Bool: 'bool', Int64: 'int64', Float64: 'float64', Utf8: 'string' }[String(type)];
  expect(dtype, `${name} is ${type}`).toBeDefined();
  return { dtype, _type: 'Value' };
}

const size = { width: 8, height: 8, channels: 3, bits: 8 } as const;
/** One more than a group holds. */
const COUNT = 501;

/** A row with a value of every type that columns have. */
function rowOf(index: number) {
  return {
    whole: index * 2 ** 33 - 5,
    share: index / 4,
    // A column whose first group is empty.
    ...(index === COUNT - 1 && { last: 'here' }),
    ...(index % 3 > 0 && { flag: index % 3 === 1 }),
    text: `ä "${index}"\n`,
    ...(index % 7 > 0 && { numbers: index % 7 === 1 ? [] : [index, null, -index] }),
    outlines: [
      [
        [index, 0.5],
        [1, -1e-9],
      ],
      [],
    ],
    flags: [true, false, null],
    words: ['', 'ß', null],
    camera: { focal: 1.5, lens: { name: 'wide', ...(index % 2 > 0 && { shift: [index] }) } },
    ...(index % 5 > 0 && {
      objects: Array.from({ length: index % 5 }, (_, n) => ({
        class: `class ${n}`,
        ...(n % 2 === 0 && { box: [n, 2.5, 3, 4] }),
        keypoints: Array.from({ length: n }, (_, k) => ({
          name: `k${k}`,
          point: k % 2 > 0 ? null : [k, 0.25],
          visibility: k % 3,
        })),
        ...(n === 3 && { fields: { score: 0.5, parts: [{ name: 'wheel', at: [{ x: 1 }] }] } }),
      })),
    }),
  };
}

test('Parquet: every type of column, in several groups, with the types that its features say', async () => {
  const dir = await temporaryFolder();
  await mkdir(join(dir, 'in'));
  const rng = createRng(3);
  const pictures = Array.from({ length: 7 }, () =>
    Uint8Array.from({ length: 8 * 8 * 3 }, () => rng.int(256)),
  );
  const files = await Promise.all(pictures.map((data) => encodePng(imageOf(data, size))));
  const indices = Array.from({ length: COUNT }, (_, index) => index);
  for (const index of indices) await writeFile(join(dir, `in/${index}.png`), files[index % 7]!);
  const mixed = (index: number) => (index % 2 === 0 ? 'text' : { of: [index] });
  const lines = indices.map((index) =>
    JSON.stringify({ file_name: `${index}.png`, ...rowOf(index), mixed: mixed(index) }),
  );
  await writeFile(join(dir, 'in/metadata.jsonl'), lines.join('\n'));
  await convertDataset({ cwd: dir, input: 'in', to: ['parquet'], out: 'out' });

  const { groups, createdBy, features, fields, rows } = await readTable(join(dir, 'out'));
  expect([createdBy, groups]).toEqual(['simgan', [500, 1]]);
  expect(Object.fromEntries(fields.map((field) => [field.name, featureOf(field)]))).toEqual(features);
  const value = (dtype: string) => ({ dtype, _type: 'Value' });
  expect(features).toMatchObject({
    image: { _type: 'Image' },
    whole: value('int64'),
    share: value('float64'),
    flag: value('bool'),
    mixed: value('string'),
    numbers: [value('int64')],
    outlines: [[[value('float64')]]],
    camera: { lens: { shift: [value('int64')] } },
    objects: [
      {
        keypoints: [{ point: [value('float64')], visibility: value('int64') }],
        fields: { parts: [{ at: [{ x: value('int64') }] }] },
      },
    ],
  });
  for (const [index, { image, mixed: stored, ...columns }] of rows.entries()) {
    expect(columns, `row ${index}`).toEqual(withoutEmpty(rowOf(index)));
    expect(JSON.parse(stored as string)).toEqual(mixed(index));
    const { bytes, path } = image as { bytes: Uint8Array; path: string };
    expect(path).toBe(`${String(index).padStart(7, '0')}.png`);
    expect(Buffer.from(bytes).equals(files[index % 7]!), `picture ${index}`).toBe(true);
  }
  for (const index of [0, COUNT - 2, COUNT - 1]) {
    const { bytes } = rows[index]!.image as { bytes: Uint8Array };
    expect((await sharp(bytes).raw().toBuffer()).equals(pictures[index % 7]!), `picture ${index}`).toBe(true);
  }
});

test('Parquet: objects with outlines, masks, keypoints and crowds, and pictures of several kinds', async () => {
  const dir = await temporaryFolder();
  await writeCocoPictures(join(dir, 'in'));
  await convertDataset({ cwd: dir, input: 'in', to: ['parquet'], out: 'out' });
  const { features, fields, rows } = await readTable(join(dir, 'out'));
  expect(Object.fromEntries(fields.map((field) => [field.name, featureOf(field)]))).toEqual(features);
  for (const [index, name] of ['b.png', 'a.jpg', 'sub.gray.png'].entries()) {
    const { bytes, path } = rows[index]!.image as { bytes: Uint8Array; path: string };
    expect(path).toBe(`000000${index}${name.slice(-4)}`);
    expect(Buffer.from(bytes).equals(await readFile(join(dir, 'in/images', name)))).toBe(true);
  }
  type Read = { mask?: { size: [number, number]; counts: string } };
  const objects = rows.map((row) => (row.objects ?? []) as Read[]);
  expect(decodeMask(objects[1]![1]!.mask!)).toEqual(decodeMask(ring));
  const withoutMasks = (all: readonly object[]) => all.map((one) => ({ ...one, mask: undefined }));
  for (const [index, label] of labels.entries()) {
    expect(withoutMasks(objects[index]!)).toEqual(withoutMasks(withoutEmpty(label.objects) as object[]));
  }
});
