import { statSync } from 'node:fs';
import {
  appendFile,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexId, mapDataset, simulate } from '@simgan/core';
import { expect, onTestFinished, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs, blobsPath, writeRealPictures } from '../../test/blobs.ts';
import { filesBelow, jsonLines, readJson, temporaryFolder } from '../../test/folders.ts';
import { writeDataset } from '../datasets/write-dataset.ts';
import { lockFolder } from '../files/folder-lock.ts';
import type { JobEvent } from '../runs/events.ts';
import { trainRun } from '../runs/train-run.ts';
import { augment } from './augment.ts';
import type { AugmentOptions, AugmentShardOptions } from './augment-options.ts';
import { mergeShards } from './merge-shards.ts';
import { type SimulateDatasetOptions, simulateDataset } from './simulate-dataset.ts';

const plugin = blobs();
const COUNT = 10;

/** Simulates all samples at once in `single`, and in shards in `out`; gives the files that one run writes. */
async function simulated({
  shards = 3,
  ...more
}: Partial<SimulateDatasetOptions> & { shards?: number } = {}) {
  const cwd = await temporaryFolder();
  const options = { plugin, cwd, count: COUNT, ...more };
  const single = await simulateDataset({ ...options, out: 'single' });
  // In an order of their own: none needs another.
  for (let index = shards - 1; index >= 0; index--) {
    await simulateDataset({ ...options, out: 'out', shard: { index, count: shards } });
  }
  const out = join(cwd, 'out');
  return {
    cwd,
    out,
    whole: await filesBelow(single.dir),
    shardAt: (name: string) => join(out, 'shards', name),
  };
}

/** Trains a refiner. */
async function trained(cwd: string, recipe: string): Promise<string> {
  await writeRealPictures(join(cwd, 'real'), 6);
  await writeFile(join(cwd, 'real', 'broken.png'), 'x');
  const run = await trainRun({ plugin, engine: wasmEngine, cwd, real: 'real', recipe, out: 'run' });
  return run.dir;
}

/** Refines everything at once in `single`, and in shards in `out`. */
async function refined(cwd: string, options: AugmentOptions & { refiner: string }, shards: number) {
  const job = { plugin, engine: wasmEngine, cwd, ...options };
  const single = await augment({ ...job, out: 'single' });
  for (let index = 0; index < shards; index++) {
    await augment({ ...job, out: 'out', shard: { index, count: shards } });
  }
  return { whole: await filesBelow(single.dataset), out: join(cwd, 'out'), single };
}

test.each([1, 2, 3, 7, 10, 13])(
  '%i shards of simulated samples become what one run writes',
  async (shards) => {
    const { cwd, out, whole } = await simulated({ shards });
    const events: JobEvent[] = [];
    const merged = await mergeShards('out', { cwd, onEvent: (event) => events.push(event) });
    expect(merged).toEqual({ dir: out, count: COUNT, rejects: 0, shards, formats: [], left: [] });
    expect(await filesBelow(out)).toEqual(whole);
    expect((await readdir(out)).sort()).toEqual([
      'README.md',
      'croissant.json',
      'dataset.json',
      'images',
      'metadata.jsonl',
      'rejects.jsonl',
    ]);
    expect(events).toEqual(
      (['check', 'merge'] as const).flatMap((phase) =>
        Array.from({ length: COUNT }, (_, i) => ({ type: 'progress', phase, done: i + 1, total: COUNT })),
      ),
    );
    // What a repetition of the last step of a job finds.
    expect(await mergeShards(out)).toEqual({ ...merged, shards: 0 });
  },
);

test('shards that were merged and kept are known again, those without samples as well', async () => {
  const { out, whole } = await simulated({ shards: 13 });
  const merged = await mergeShards(out, { keep: true });
  expect(merged).toMatchObject({ count: COUNT, shards: 13 });
  expect(await mergeShards(out)).toEqual(merged);
  expect(await filesBelow(out)).toEqual(whole);
});

test('a second merge at the same time is refused', async () => {
  const { out } = await simulated();
  const lock = await lockFolder(out);
  const before = await filesBelow(out);
  await expect(mergeShards(out)).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
  expect(await filesBelow(out)).toEqual(before);
  await lock.release();
  expect(await mergeShards(out)).toMatchObject({ count: COUNT });
});

test('shards that other threads render are the same', async () => {
  const { cwd, out, whole } = await simulated();
  const shard = join(out, 'shards', '0001-of-0003');
  const before = await filesBelow(shard);
  await rm(shard, { recursive: true });
  const options = { plugin: blobsPath, cwd, count: COUNT, threads: 2, out: 'out', shard: '1/3' };
  const written = await simulateDataset(options);
  expect(written).toMatchObject({ dir: shard, count: 3, shard: { index: 1, count: 3, start: 3, total: 10 } });
  expect(await filesBelow(shard)).toEqual(before);
  await mergeShards(out);
  expect(await filesBelow(out)).toEqual(whole);
});

test.each(['matched', 'noisy'])('refined shards become what one run writes: recipe %s', async (recipe) => {
  const cwd = await temporaryFolder();
  const refiner = await trained(cwd, recipe);
  const { whole, out } = await refined(cwd, { refiner, count: COUNT }, 3);
  const shard = join(out, 'shards', '0001-of-0003');
  expect(await readdir(out)).toEqual(['shards']);
  expect(await readJson(join(shard, 'dataset.json'))).toMatchObject({
    shard: { index: 1, count: 3, start: 3, total: 10 },
    count: 3,
    provenance: { made: 'refined', real: join(cwd, 'real') },
  });
  // Rejects are listed once, as one run lists them.
  for (const [index, rejects] of [1, 0, 0].entries()) {
    const file = join(out, 'shards', `000${index}-of-0003`, 'rejects.jsonl');
    expect(await jsonLines(file)).toHaveLength(rejects);
  }
  expect(await mergeShards(out)).toEqual({
    dir: join(out, 'dataset'),
    count: COUNT,
    rejects: 1,
    shards: 3,
    formats: [],
    left: [],
  });
  expect(await filesBelow(join(out, 'dataset'))).toEqual(whole);
  expect((await readdir(out)).sort()).toEqual(['README.md', 'croissant.json', 'dataset']);
  // It is a dataset like any other, and grows like one.
  const job = { plugin, engine: wasmEngine, cwd, refiner };
  const grown = await augment({ ...job, out: 'out', count: 12, existing: 'resume' });
  expect(grown).toMatchObject({ count: 12, resumed: 10 });
});

test("a folder of one's own pictures is refined in shards of its usable ones, ids and labels as they are", async () => {
  const cwd = await temporaryFolder();
  const refiner = await trained(cwd, 'quick');
  const samples = mapDataset(simulate(plugin.simulator, { seed: 4, length: 7 }), (sample, index) => ({
    ...sample,
    id: `scene ${index % 2}/frame-${index}`,
  }));
  await writeDataset(join(cwd, 'renders'), samples, { plugin });
  await writeFile(join(cwd, 'renders', 'images', 'stray.png'), 'x');
  const options = { refiner, synthetic: 'renders', real: ['real/0000000.png', 'real/broken.png'] };
  const { whole, out, single } = await refined(cwd, options, 3);
  expect(single).toMatchObject({ count: 7, rejects: 2, real: '2 files and URLs' });
  expect(await mergeShards(out)).toMatchObject({ count: 7, rejects: 2 });
  expect(await filesBelow(join(out, 'dataset'))).toEqual(whole);
  expect(Object.keys(whole)).toContain('images/0000005.png');
  expect(await readFile(join(out, 'dataset/metadata.jsonl'), 'utf8')).toContain('"id":"scene 1/frame-5"');
});

test('only the first shard opens the real pictures, and none compares with them', async () => {
  const cwd = await temporaryFolder();
  const refiner = await trained(cwd, 'quick');
  const phases = async (index: number) => {
    const types: string[] = [];
    const onEvent = ({ type }: JobEvent) => types.push(type);
    await augment({
      plugin,
      engine: wasmEngine,
      cwd,
      refiner,
      count: 4,
      shard: { index, count: 2 },
      onEvent,
    });
    return [...new Set(types)];
  };
  expect(await phases(0)).toEqual(['engine', 'refiner', 'synthetic', 'progress', 'real']);
  expect(await phases(1)).toEqual(['engine', 'refiner', 'synthetic', 'progress']);
});

test('a shard without a trained refiner is refused: each would train one of its own', async () => {
  const cwd = await temporaryFolder();
  const options = { plugin, engine: wasmEngine, cwd, shard: '0/2' } as unknown as AugmentShardOptions;
  await expect(augment(options)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/`shard` needs `refiner`: without it every shard would train/),
  });
  await expect(augment({ ...options, refiner: 'run', shard: '2/2' })).rejects.toThrow('but is "2/2"');
  await expect(simulateDataset({ plugin, cwd, shard: 'auto' })).rejects.toThrow('no task of an array job');
  expect(await readdir(cwd)).toEqual([]);
});

test('everything that is missing, damaged or of another dataset is named in one error, and nothing is done', async () => {
  const { cwd, out, shardAt } = await simulated({ shards: 10, count: 40 });
  const options = { plugin, cwd, count: 40, out: 'out' };
  for (const index of [1, 5, 6]) await rm(shardAt(`000${index}-of-0010`), { recursive: true });
  // Interrupted.
  const [begun] = [shardAt('0000-of-0010')];
  await rename(join(begun, 'dataset.json'), join(begun, 'dataset.json.partial'));
  // Damaged: a label, a picture, and the pictures of several lines.
  await appendFile(join(shardAt('0002-of-0010'), 'metadata.jsonl'), '\n');
  for (const id of [12, 13, 14, 15]) await unlink(join(shardAt('0003-of-0010'), `images/${indexId(id)}.png`));
  await appendFile(join(shardAt('0004-of-0010'), 'images', '0000017.png'), 'x');
  // Made otherwise.
  await rm(shardAt('0007-of-0010'), { recursive: true });
  await simulateDataset({ ...options, seed: 2, shard: '7/10' });
  await rm(shardAt('0008-of-0010'), { recursive: true });
  await simulateDataset({ ...options, pluginOptions: { brightness: 99 }, count: 41, shard: '8/10' });
  // Of another dataset, in the wrong place, and no shard at all.
  await simulateDataset({ ...options, shard: '0/2' });
  await rm(shardAt('0009-of-0010'), { recursive: true });
  await cp(shardAt('0004-of-0010'), shardAt('0009-of-0010'), { recursive: true });
  const before = await filesBelow(out);
  const error = await mergeShards(out).catch((error) => error);
  expect(error).toMatchObject({ name: 'SimganError', code: 'INVALID_FILE' });
  const again = (shard: string) => `Run it again with \`shard\` ${shard}; what is usable of it stays.`;
  expect(error.problems).toEqual([
    `The shards in ${join(out, 'shards')} cannot be merged.`,
    '0000-of-0002 is a shard of another dataset: most shards here are of 10. Move it away or delete it.',
    `0000-of-0010 is not complete: its writing was interrupted, or still goes on. ${again('0/10')}`,
    '0009-of-0010 holds another shard, 4/10. Move it to where it belongs.',
    '0007-of-0010 was made with other settings than 0002-of-0010: provenance.seed is 2, and 1 there. Run it again with the same settings, and allow it to be replaced.',
    '0008-of-0010 was made with other settings than 0002-of-0010: pluginOptions.brightness is 99, and not set there; samples is 41, and 40 there. Run it again with the same settings, and allow it to be replaced.',
    'Missing shards, of 10 counted from 0: 1, 5-6. Run them, the first with `shard` 1/10.',
    `0002-of-0010 is damaged: its metadata.jsonl was changed after it was written. ${again('2/10')}`,
    `0003-of-0010 is damaged: 4 of its pictures are missing or damaged (images/0000012.png, images/0000013.png, images/0000014.png and 1 more). ${again('3/10')}`,
    `0004-of-0010 is damaged: 1 of its pictures is missing or damaged (images/0000017.png). ${again('4/10')}`,
  ]);
  for (const problem of error.problems) expect(error.message).toContain(problem);
  expect(await filesBelow(out)).toEqual(before);

  // And does what it says.
  for (const name of ['0000-of-0002', '0009-of-0010']) await rm(shardAt(name), { recursive: true });
  for (let index = 0; index < 10; index++) {
    const existing = [7, 8].includes(index) ? 'replace' : undefined;
    await simulateDataset({ ...options, existing, shard: { index, count: 10 } });
  }
  expect(await mergeShards(out)).toMatchObject({ count: 40, shards: 10 });
  expect(await filesBelow(out)).toEqual(await filesBelow(join(cwd, 'single')));
});

test.each<[string, string, (shard: string) => Promise<void>]>([
  ['no manifest', 'is not complete: it has no dataset.json', (dir) => unlink(join(dir, 'dataset.json'))],
  ['a manifest cut off', 'cannot be used: ', (dir) => writeFile(join(dir, 'dataset.json'), '{"format":')],
  ['no metadata', 'its metadata.jsonl is missing', (dir) => unlink(join(dir, 'metadata.jsonl'))],
  ['no rejects', 'its rejects.jsonl is missing', (dir) => unlink(join(dir, 'rejects.jsonl'))],
  [
    'other rejects',
    'its rejects.jsonl has 1 lines, not 0',
    (dir) => appendFile(join(dir, 'rejects.jsonl'), '{}\n'),
  ],
  [
    'another number of samples',
    'is no shard: its dataset.json does not say so',
    (dir) => edit(join(dir, 'dataset.json'), '"count": 3,\n  "rejects"', '"count": 2,\n  "rejects"'),
  ],
  [
    'another range of samples',
    'is no shard: its dataset.json does not say so',
    (dir) => edit(join(dir, 'dataset.json'), '"start": 3', '"start": 4'),
  ],
  [
    'no mark of a shard',
    'is no shard: its dataset.json does not say so',
    (dir) => edit(join(dir, 'dataset.json'), '"shard"', '"part"'),
  ],
])('a shard with %s is not merged', async (_, problem, damage) => {
  const { out, shardAt } = await simulated();
  await damage(shardAt('0001-of-0003'));
  const error = await mergeShards(out).catch((error) => error);
  expect(error).toMatchObject({ code: 'INVALID_FILE' });
  expect(error.problems.slice(1)).toEqual([expect.stringContaining(`0001-of-0003`)]);
  expect(error.message).toContain(problem);
});

test('pictures that lead out of a shard are damage, not files to move or delete', async () => {
  const { out, shardAt } = await simulated();
  const [dir, precious] = [shardAt('0001-of-0003'), join(out, 'shards', 'precious.png')];
  await copyFile(join(dir, 'images', '0000003.png'), precious);
  const file = join(dir, 'metadata.jsonl');
  const line = (await readFile(file, 'utf8')).split('\n')[0]!;
  const forged = line.replace('images/0000003.png', '../precious.png');
  await edit(file, line, forged);
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  await edit(join(dir, 'dataset.json'), /"metadataSha256": "\w+"/, `"metadataSha256": "${hash}"`);
  await expect(mergeShards(out)).rejects.toThrow('1 of its pictures is missing or damaged (a damaged line)');
  await stat(precious);
});

test('a merge that is interrupted anywhere is repeated to the same bytes', async () => {
  const { cwd, out, whole } = await simulated();
  await cp(out, join(cwd, 'copy'), { recursive: true });
  for (const phase of ['check', 'merge'] as const) {
    for (let stop = 1; stop < COUNT; stop += 3) {
      await rm(out, { recursive: true });
      await cp(join(cwd, 'copy'), out, { recursive: true });
      const controller = new AbortController();
      const onEvent = (event: JobEvent) => {
        if (event.type === 'progress' && event.phase === phase && event.done === stop) {
          controller.abort(new Error('Ctrl-C'));
        }
      };
      await expect(mergeShards(out, { onEvent, signal: controller.signal })).rejects.toThrow('Ctrl-C');
      const left = await filesBelow(out);
      expect(left['dataset.json']).toBeUndefined();
      expect(left['dataset.json.partial'] !== undefined).toBe(phase === 'merge');
      expect(await mergeShards(out)).toMatchObject({ count: COUNT, shards: 3 });
      expect(await filesBelow(out)).toEqual(whole);
    }
  }
  await expect(mergeShards(out, { signal: AbortSignal.abort(new Error('Ctrl-C')) })).rejects.toThrow(
    'Ctrl-C',
  );
});

test('killed while it removes the shards, it is repeated to its end', async () => {
  const { cwd, out, whole, shardAt } = await simulated();
  await mergeShards(out, { keep: true });
  await cp(out, join(cwd, 'merged'), { recursive: true });
  const stages: ((dir: string) => Promise<void>)[] = [
    (dir) => unlink(join(dir, 'images', '0000003.png')),
    (dir) => rm(join(dir, 'images'), { recursive: true }),
    (dir) => unlink(join(dir, 'rejects.jsonl')),
    (dir) => unlink(join(dir, 'metadata.jsonl')),
  ];
  for (let done = 1; done <= stages.length; done++) {
    await rm(out, { recursive: true });
    await cp(join(cwd, 'merged'), out, { recursive: true });
    await rm(shardAt('0000-of-0003'), { recursive: true });
    for (const stage of stages.slice(0, done)) await stage(shardAt('0001-of-0003'));
    expect(await mergeShards(out)).toMatchObject({ count: COUNT, shards: 2, left: [] });
    expect(await filesBelow(out)).toEqual(whole);
    expect(await readdir(out)).not.toContain('shards');
  }
});

test('a shard whose removal failed is removed by the next merge', async () => {
  const { out, whole, shardAt } = await simulated();
  await mergeShards(out, { keep: true });
  const shard = shardAt('0001-of-0003');
  // A folder in place of a file fails at its turn, when the pictures are gone.
  await unlink(join(shard, 'rejects.jsonl'));
  await mkdir(join(shard, 'rejects.jsonl'));
  await expect(mergeShards(out)).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
  expect((await readdir(shard)).sort()).toEqual(['dataset.json', 'metadata.jsonl', 'rejects.jsonl']);
  await rm(join(shard, 'rejects.jsonl'), { recursive: true });
  expect(await mergeShards(out)).toMatchObject({ count: COUNT, shards: 2, left: [] });
  expect(await filesBelow(out)).toEqual(whole);
  expect(await readdir(out)).not.toContain('shards');
});

test('pictures are linked; shards that are kept are merged once more without doing anything', async () => {
  const { out, whole, shardAt } = await simulated();
  const merged = await mergeShards(out, { keep: true });
  for (const [index, name] of ['0000-of-0003', '0001-of-0003', '0002-of-0003'].entries()) {
    const picture = join('images', `${indexId(3 * index)}.png`);
    expect((await stat(join(shardAt(name), picture))).ino).toBe((await stat(join(out, picture))).ino);
  }
  const files = await filesBelow(out);
  expect(files).toMatchObject(whole);
  await utimes(join(out, 'dataset.json'), 1, 1);
  expect(await mergeShards(out, { keep: true })).toEqual(merged);
  expect((await stat(join(out, 'dataset.json'))).mtimeMs).toBe(1000);
  expect(await filesBelow(out)).toEqual(files);
  // Pictures that are lost or damaged afterwards come back from the shards.
  for (const id of [4, 5]) await unlink(join(out, 'images', `${indexId(id)}.png`));
  await writeFile(join(out, 'images', '0000005.png'), 'cut off');
  expect(await mergeShards(out)).toEqual(merged);
  expect(await filesBelow(out)).toEqual(whole);
});

const memory = '/dev/shm';
const isElsewhere = (() => {
  try {
    return statSync(memory).dev !== statSync(tmpdir()).dev;
  } catch {
    return false;
  }
})();

test.runIf(isElsewhere)('pictures on another file system are copied', async () => {
  const { out, whole } = await simulated();
  const elsewhere = await mkdtemp(join(memory, 'simgan-shards-'));
  onTestFinished(() => rm(elsewhere, { recursive: true, force: true }));
  await cp(join(out, 'shards'), join(elsewhere, 'shards'), { recursive: true });
  await rm(join(out, 'shards'), { recursive: true });
  await symlink(join(elsewhere, 'shards'), join(out, 'shards'));
  await mergeShards(out, { keep: true });
  expect(await filesBelow(out)).toMatchObject(whole);
  // Repeated, it restores what is missing or cut off.
  await unlink(join(out, 'images', '0000004.png'));
  await writeFile(join(out, 'images', '0000005.png'), 'cut off');
  expect(await mergeShards(out)).toMatchObject({ count: COUNT, shards: 3, left: [] });
  expect(await readdir(join(elsewhere, 'shards'))).toEqual([]);
  await unlink(join(out, 'shards'));
  expect(await filesBelow(out)).toEqual(whole);
});

test('what lies beside the files of a shard stays, and is told', async () => {
  const { out, whole, shardAt } = await simulated();
  await writeFile(join(shardAt('0001-of-0003'), 'thesis.tex'), 'precious');
  await writeFile(join(shardAt('0002-of-0003'), '.simgan.lock'), '{"pid":999999999,"host":"elsewhere"}');
  await mkdir(join(out, 'shards', 'logs'));
  const left = [shardAt('0001-of-0003'), shardAt('0002-of-0003')];
  expect(await mergeShards(out)).toMatchObject({ count: COUNT, left });
  expect(await filesBelow(out)).toMatchObject(whole);
  expect(await readdir(join(out, 'shards', '0001-of-0003'))).toEqual(['thesis.tex']);
});

test('a dataset or files that are in the way stay', async () => {
  const { cwd, out, shardAt } = await simulated();
  await cp(out, join(cwd, 'copy'), { recursive: true });
  const refuse = async (what: string) => {
    const before = await filesBelow(out);
    await expect(mergeShards(out)).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
      message: expect.stringContaining(what),
    });
    expect(await filesBelow(out)).toEqual(before);
  };
  await writeFile(join(out, 'thesis.tex'), 'precious');
  await refuse('holds files of others (thesis.tex)');
  await unlink(join(out, 'thesis.tex'));
  await simulateDataset({ plugin, cwd, count: 5, seed: 2, out: 'other' });
  await cp(join(cwd, 'other'), out, { recursive: true });
  await refuse('holds a dataset that was made with other settings');
  // Of the same settings, but of other samples: fewer, or others under the same names.
  await rm(out, { recursive: true });
  await cp(join(cwd, 'copy'), out, { recursive: true });
  await mergeShards(out, { keep: true });
  await edit(join(out, 'dataset.json'), `"count": ${COUNT}`, '"count": 9');
  await refuse('a dataset that is not made of these shards');
  await edit(join(out, 'dataset.json'), '"count": 9', `"count": ${COUNT}`);
  const dir = shardAt('0001-of-0003');
  const { metadataSha256 } = await readJson(join(dir, 'dataset.json'));
  await edit(join(dir, 'dataset.json'), String(metadataSha256), '0'.repeat(64));
  await refuse('a dataset that is not made of these shards');
});

test('two shards with a picture of the same name are not merged', async () => {
  const { cwd, out, shardAt } = await simulated();
  // As if the folder of pictures had changed between the shards.
  await rm(shardAt('0001-of-0003'), { recursive: true });
  const double = mapDataset(simulate(plugin.simulator, { seed: 1, length: 3 }), (sample) => sample);
  const { shard, pluginOptions } = await readJson(join(shardAt('0002-of-0003'), 'dataset.json'));
  await writeDataset(shardAt('0001-of-0003'), double, {
    plugin,
    provenance: { made: 'simulated', seed: 1 },
    headerFields: { shard: { ...(shard as object), index: 1, start: 3 }, pluginOptions },
  });
  await expect(mergeShards(out)).rejects.toMatchObject({
    code: 'OUTPUT_FAILED',
    message: expect.stringContaining('holds 7 pictures and the shards have 10: two shards have a picture'),
  });
  expect(await readdir(out)).not.toContain('dataset.json');
  await simulateDataset({ plugin, cwd, count: COUNT, out: 'out', shard: '1/3', existing: 'replace' });
  await mergeShards(out);
  expect(await filesBelow(out)).toEqual(await filesBelow(join(cwd, 'single')));
});

test('a folder without shards', async () => {
  const cwd = await temporaryFolder();
  for (const dir of ['.', 'nowhere']) {
    await expect(mergeShards(dir, { cwd })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`There are no shards in ${join(cwd, dir, 'shards')}.`),
    });
  }
  expect(await readdir(cwd)).toEqual([]);
});

/** Replaces a part of a text file that must be there. */
async function edit(file: string, from: string | RegExp, to: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  expect(text.search(from)).not.toBe(-1);
  await writeFile(file, text.replace(from, to));
}
