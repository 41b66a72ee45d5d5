import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { annotationSchema, type Image, imageOf, type Sample } from '@simgan/core';
import { randomize } from '@simgan/core/treating';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { filesBelow } from '../../test/folders.ts';
import { decodePicture } from '../pictures/decode-picture.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { findShards } from '../shards/find-shards.ts';
import { joinShards } from '../shards/join-shards.ts';
import { placeShard, shardFolder } from '../shards/shard.ts';
import { writeShard } from '../shards/write-shard.ts';
import { readDataset } from './read-dataset.ts';
import { writeDataset } from './write-dataset.ts';

const schema = annotationSchema(z.object({ name: z.string().optional() }), { name: 'invariant' });
const large = { width: 64, height: 48 };
const own = { name: 'any', image: { channels: 1, bits: 8 }, annotation: schema } as const;
const small = { ...own, image: { width: 32, height: 20, channels: 1, bits: 8 } } as const;

/** A disc on black, its radius a seventh of the picture's width. */
function disc(x: number, y: number, { width, height } = large, value = 200): Image {
  const data = new Uint8Array(width * height);
  for (const i of data.keys()) {
    if (Math.hypot((i % width) + 0.5 - x, Math.floor(i / width) + 0.5 - y) < (9 * width) / 64)
      data[i] = value;
  }
  return imageOf(data, { width, height, channels: 1, bits: 8 });
}

async function folderOf(files: Record<string, string | Uint8Array>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-companions-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), content);
  }
  return dir;
}

/** Discs with their masks (0 and 7), depth of half the resolution, an array, and one mask that is missing. */
async function discs(): Promise<string> {
  const places = [
    [20, 24],
    [40, 20],
  ] as const;
  const files: Record<string, string | Uint8Array> = {};
  for (const [i, [x, y]] of places.entries()) {
    files[`${i}.png`] = await encodePng(disc(x, y));
    files[`masks/${i}.png`] = await encodePng(disc(x, y, large, 7));
    files[`half/${i}.png`] = await encodePng(disc(x / 2, y / 2, { width: 32, height: 24 }));
  }
  return folderOf({
    ...files,
    'flow/0.npy': 'values',
    'metadata.jsonl':
      '{"file_name":"0.png", "mask_file_name": "masks/0.png", "n": 1.0, "depth":{"file_name":"./half/0.png","unit":"mm"}, "flow_file_name":"flow/0.npy", "views_file_names":["half/1.png","masks/1.png"]}\n' +
      '{"file_name":"1.png","mask_file_name":"masks/none.png","n": 2.50,"other_file_name":"../out.png"}\n',
  });
}

type Plugin = Parameters<typeof readDataset<object>>[1];

async function written(dir: string, plugin: Plugin) {
  const { samples, rejects, annotations } = await readDataset(dir, plugin);
  const out = join(await folderOf({}), 'out');
  await writeDataset(out, samples as AsyncIterable<Sample<unknown>>, { plugin, annotations, rejects });
  const read = (file: string) => readFile(join(out, file));
  const lines = (text: Buffer) =>
    text
      .toString()
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return {
    out,
    text: (await read('metadata.jsonl')).toString(),
    lines: lines(await read('metadata.jsonl')),
    rejects: lines(await read('rejects.jsonl')),
    image: async (file: string) => (await decodePicture(await read(file), { channels: 1, bits: 8 })).image,
    read,
  };
}

test('companions of pictures that keep their place are written byte for byte, and fields name them', async () => {
  const dir = await discs();
  const { lines, text, rejects, read } = await written(dir, own);
  expect(lines.map(({ simgan: _, ...line }) => line)).toEqual([
    {
      file_name: 'images/0000000.png',
      mask_file_name: 'companions/mask/0000000.png',
      n: 1,
      depth: { file_name: 'companions/depth/0000000.png', unit: 'mm' },
      flow_file_name: 'companions/flow/0000000.npy',
      views_file_names: ['companions/views/0000000.png', 'companions/views_2/0000000.png'],
    },
    { file_name: 'images/0000001.png', n: 2.5 },
  ]);
  // What is not touched keeps its bytes.
  expect(text).toContain('"n": 1.0');
  expect(text).toContain('"n": 2.50');
  const stored = { mask: 'masks/0.png', depth: 'half/0.png', views: 'half/1.png', views_2: 'masks/1.png' };
  for (const [name, source] of Object.entries(stored)) {
    expect(await read(`companions/${name}/0000000.png`)).toEqual(await readFile(join(dir, source)));
  }
  expect((await read('companions/flow/0000000.npy')).toString()).toBe('values');
  expect(lines[0].simgan.companions[0]).toMatchObject({ name: 'mask', source: 'masks/0.png' });
  expect(rejects).toEqual([
    { file: 'masks/none.png', reason: 'The mask of 1 is left out. It does not exist.', of: 'companions' },
    { file: '../out.png', reason: 'The other of 1 is left out. It is outside the folder.', of: 'companions' },
  ]);
});

test('where pictures are scaled and cropped, companions follow by their nearest pixels or are left out by name', async () => {
  const { lines, rejects, image } = await written(await discs(), small);
  const picture = await image('images/0000000.png');
  const mask = await image('companions/mask/0000000.png');
  expect(new Set(mask.data)).toEqual(new Set([0, 7]));
  expect([mask.width, mask.height]).toEqual([32, 20]);
  let differing = 0;
  for (const [i, value] of mask.data.entries()) if (value > 0 !== picture.data[i]! > 100) differing++;
  expect(differing).toBeLessThan(12);
  expect(mask.data.filter((value) => value > 0).length).toBeGreaterThan(50);
  // One of another resolution is brought to that of its picture.
  const depth = await image('companions/depth/0000000.png');
  const apart = Array.from(depth.data).filter((value, i) => value > 0 !== mask.data[i]! > 0).length;
  expect(apart).toBeLessThan(30);
  expect(lines[0].flow_file_name).toBeUndefined();
  expect(rejects[0]).toMatchObject({
    file: 'flow/0.npy',
    reason: expect.stringContaining('no picture that can follow'),
  });
});

test('companions follow where a picture is changed at random, and lengths in the picture are left out', async () => {
  const { samples } = await readDataset(await discs(), own);
  const sample = await (samples.at(0) as Promise<Sample<unknown>>);
  const treatment = randomize({ image: own.image, annotation: schema }, { seed: 3, cutout: 0, noise: 0 });
  const { companions, image } = treatment.apply({ ...sample, annotation: {} });
  const [mask, , flow] = companions!;
  const moved = await mask!.pixels!();
  expect(moved.data).not.toEqual((await sample.companions![0]!.pixels!()).data);
  expect(new Set(moved.data)).toEqual(new Set([0, 7]));
  const isBright = Array.from(image.data, (value) => value > Math.max(...image.data) / 2);
  const differing = Array.from(moved.data).filter((value, i) => value > 0 !== isBright[i]).length;
  expect(differing).toBeLessThan(40);
  expect(mask!.stored).toBeUndefined();
  expect(flow!.problem).toContain('no picture');
});

test('a dataset that was written gives its companions back, those that no field of its own names included', async () => {
  const dir = await folderOf({
    'images/a.png': await encodePng(disc(20, 24)),
    'masks/a.png': await encodePng(disc(20, 24, large, 7)),
  });
  const first = await written(dir, own);
  expect(first.lines[0]).toMatchObject({ mask_file_name: 'companions/mask/0000000.png' });
  const second = await written(first.out, own);
  expect(second.text.replace(/"source":"[^"]*"/g, '')).toContain('companions/mask/0000000.png');
  expect(await second.read('companions/mask/0000000.png')).toEqual(await readFile(join(dir, 'masks/a.png')));
  const { samples } = await readDataset(first.out, own);
  const sample = await (samples.at(0) as Promise<Sample<unknown>>);
  expect(sample.annotation).toBeNull();
});

test('a dataset is resumed and merged with its companions, and a companion that vanished is written anew', async () => {
  const { samples, annotations } = await readDataset(await discs(), own);
  const all = samples as AsyncIterable<Sample<unknown>>;
  const options = { plugin: own, annotations } as const;
  const whole = join(await folderOf({}), 'whole');
  await writeDataset(whole, all, options);
  const files = await filesBelow(whole);
  expect(Object.keys(files)).toContain('companions/mask/0000000.png');
  await rm(join(whole, 'companions/mask/0000000.png'));
  await writeDataset(whole, all, { ...options, existing: 'resume' });
  expect(await filesBelow(whole)).toEqual(files);

  const out = await folderOf({});
  for (const index of [0, 1]) {
    const place = placeShard({ index, count: 2 }, 2);
    async function* part() {
      yield await (samples.at(index) as Promise<Sample<unknown>>);
    }
    await writeShard(out, place, part, { ...options, pluginOptions: {} });
  }
  const { shards, problems } = await findShards(out);
  expect(problems).toEqual([]);
  const merged = join(out, 'merged');
  await joinShards(merged, shards, {});
  expect(await filesBelow(merged)).toEqual(files);
  // Replacing removes them.
  await writeDataset(merged, (async function* () {})(), { ...options, existing: 'replace' });
  expect(Object.keys(await filesBelow(merged)).some((file) => file.startsWith('companions'))).toBe(false);
  expect(shardFolder(out, placeShard({ index: 0, count: 2 }, 2))).toContain('shards');
});
