import { appendFile, readFile, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { blobs } from '../../test/blobs.ts';
import { filesBelow, readJson, temporaryFolder } from '../../test/folders.ts';
import { lockFolder } from '../files/folder-lock.ts';
import { endOf, placeShard, shardFolder } from './shard.ts';
import { type WriteShardOptions, writeShard } from './write-shard.ts';

const plugin = blobs();
const TOTAL = 10;
/** Samples 3 to 5. */
const shard = placeShard({ index: 1, count: 3 }, TOTAL);
const samples = simulate(plugin.simulator, { seed: 1, length: TOTAL });

/** Writes the shard, and says which samples were made for it. */
async function write(out: string, options: Partial<WriteShardOptions> = {}, place = shard) {
  const made: string[] = [];
  const written = await writeShard(
    out,
    place,
    async function* (isWritten) {
      for (let index = place.start; index < endOf(place); index++) {
        const id = samples.id(index);
        if (isWritten(id)) continue;
        made.push(id);
        yield await samples.at(index);
      }
    },
    { plugin, provenance: { made: 'simulated', seed: 1 }, pluginOptions: {}, ...options },
  );
  return { made, ...written };
}

const ids = ['0000003', '0000004', '0000005'];

test('a shard is a complete dataset of its samples that says which one it is', async () => {
  const out = await temporaryFolder();
  const pluginOptions = { brightness: 120, unset: undefined };
  expect(await write(out, { pluginOptions, rejects: [{ file: 'x', reason: 'No.' }] })).toEqual({
    made: ids,
    count: 3,
    resumed: 0,
  });
  const dir = join(out, 'shards', '0001-of-0003');
  expect(Object.keys(await filesBelow(out))).toEqual(
    ['dataset.json', ...ids.map((id) => `images/${id}.png`), 'metadata.jsonl', 'rejects.jsonl'].map(
      (file) => `shards/0001-of-0003/${file}`,
    ),
  );
  expect(await readJson(join(dir, 'dataset.json'))).toMatchObject({
    plugin: 'blobs',
    shard: { index: 1, count: 3, start: 3, total: 10 },
    pluginOptions: { brightness: 120 },
    count: 3,
    rejects: 1,
  });
  // A line is that of the whole dataset: it does not know of shards.
  const [line] = (await readFile(join(dir, 'metadata.jsonl'), 'utf8')).split('\n');
  expect(JSON.parse(line!)).toEqual({
    file_name: 'images/0000003.png',
    x: expect.any(Number),
    y: expect.any(Number),
    simgan: { made: 'simulated', seed: 1, id: '0000003', sha256: expect.any(String) },
  });
});

test('a shard of more shards than samples may be empty', async () => {
  const out = await temporaryFolder();
  const empty = placeShard({ index: 0, count: 20 }, TOTAL);
  for (const resumed of [false, true]) {
    expect(await write(out, {}, empty), String(resumed)).toEqual({ made: [], count: 0, resumed: 0 });
  }
  expect(await readJson(join(shardFolder(out, empty), 'dataset.json'))).toMatchObject({ count: 0 });
});

test('a complete shard stays as it is, to the time of its files', async () => {
  const out = await temporaryFolder();
  await write(out);
  const manifest = join(shardFolder(out, shard), 'dataset.json');
  await utimes(manifest, 1, 1);
  expect(await write(out)).toEqual({ made: [], count: 3, resumed: 3 });
  expect((await stat(manifest)).mtimeMs).toBe(1000);
  expect(await write(out, { existing: 'replace' })).toEqual({ made: ids, count: 3, resumed: 0 });
});

test('a shard that was interrupted goes on to the same bytes', async () => {
  const out = await temporaryFolder();
  await write(out);
  const whole = await filesBelow(out);
  await rm(join(out, 'shards'), { recursive: true });
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error('Ctrl-C'));
  await expect(write(out, { onProgress, signal: controller.signal })).rejects.toThrow('Ctrl-C');
  expect(Object.keys(await filesBelow(out))).toContain('shards/0001-of-0003/dataset.json.partial');
  const { resumed, made } = await write(out);
  expect(resumed).toBeGreaterThan(0);
  expect(made).toEqual(ids.slice(resumed));
  expect(await filesBelow(out)).toEqual(whole);
});

test.each<[string, string[], (dir: string) => Promise<void>]>([
  ['a picture is gone', ids.slice(1), (dir) => unlink(join(dir, 'images/0000004.png'))],
  ['a picture was changed', ids, (dir) => appendFile(join(dir, 'images/0000003.png'), 'x')],
  [
    'an annotation was changed',
    ids,
    async (dir) => {
      const file = join(dir, 'metadata.jsonl');
      await writeFile(file, (await readFile(file, 'utf8')).replace('"x":', '"x":1'));
    },
  ],
  ['the metadata is cut off', ids, (dir) => writeFile(join(dir, 'metadata.jsonl'), '{"file_name":')],
  ['the metadata is gone', ids, (dir) => unlink(join(dir, 'metadata.jsonl'))],
  ['the rejects are gone', ids, (dir) => unlink(join(dir, 'rejects.jsonl'))],
  ['there are other rejects', ids, (dir) => appendFile(join(dir, 'rejects.jsonl'), '{}\n')],
  [
    'the manifest was written for a file with a hole',
    ids,
    async (dir) => {
      const [metadata, manifest] = [join(dir, 'metadata.jsonl'), join(dir, 'dataset.json')];
      const lines = (await readFile(metadata, 'utf8')).split('\n');
      const holed = [lines[0], '\0'.repeat(lines[1]!.length), lines[2], '']
        .join('\n')
        .replace('\0\n', '\0\0');
      await writeFile(metadata, holed);
      const { createHash } = await import('node:crypto');
      const hash = createHash('sha256').update(holed).digest('hex');
      await writeFile(
        manifest,
        (await readFile(manifest, 'utf8')).replace(/"metadataSha256": "\w+"/, `"metadataSha256": "${hash}"`),
      );
    },
  ],
])('a complete shard is made whole again where %s', async (_, remade, damage) => {
  const out = await temporaryFolder();
  const options = { rejects: [{ file: 'x', reason: 'No.' }] };
  await write(out, options);
  const whole = await filesBelow(out);
  await damage(shardFolder(out, shard));
  expect((await write(out, options)).made).toEqual(remade);
  expect(await filesBelow(out)).toEqual(whole);
});

test('a shard of other settings is refused, and replaced if that is wanted', async () => {
  const out = await temporaryFolder();
  await write(out);
  const before = await filesBelow(out);
  const other = { pluginOptions: { brightness: 120 } };
  await expect(write(out, other)).rejects.toMatchObject({
    code: 'OUTPUT_EXISTS',
    message: expect.stringContaining('pluginOptions.brightness is not there there and 120 now'),
  });
  await expect(write(out, { rendererParameters: { haze: 1 } })).rejects.toThrow(
    'rendererParameters is not there',
  );
  const longer = { ...placeShard({ index: 1, count: 3 }, 11), start: 3 };
  await expect(write(out, {}, longer)).rejects.toThrow('shard.total is 10 there and 11 now');
  expect(await filesBelow(out)).toEqual(before);
  expect((await write(out, { ...other, existing: 'replace' })).made).toEqual(ids);
});

test('while another process writes the same shard it is waited for, and its work taken', async () => {
  const out = await temporaryFolder();
  await write(out);
  const lock = await lockFolder(shardFolder(out, shard));
  const reasons: string[] = [];
  const waiting = write(out, {
    onWait: (reason) => {
      reasons.push(reason);
      setTimeout(() => lock.release(), 700);
    },
  });
  expect(await waiting).toEqual({ made: [], count: 3, resumed: 3 });
  expect(reasons).toEqual([expect.stringContaining('is being written to by process')]);

  const held = await lockFolder(shardFolder(out, shard));
  const controller = new AbortController();
  const onWait = () => controller.abort(new Error('Ctrl-C'));
  await expect(write(out, { onWait, signal: controller.signal })).rejects.toThrow('Ctrl-C');
  await held.release();
});
