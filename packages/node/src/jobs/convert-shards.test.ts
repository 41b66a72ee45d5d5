import { appendFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, jsonLines, readJson, temporaryFolder } from '../../test/folders.ts';
import { writeCocoPictures } from '../../test/labeled-pictures.ts';
import { type ConvertOptions, convertDataset } from './convert-dataset.ts';
import { mergeShards } from './merge-shards.ts';

const to = ['coco', 'yolo', 'voc', 'kitti', 'imagefolder', 'webdataset', 'parquet', 'tfrecord', 'bop'];
/** A name that stands in descriptions: both runs write to folders of this name. */
const OUT = 'out';

/** A COCO dataset of three pictures and one that is cut off, and a conversion of it in one run. */
async function converted(options: Partial<ConvertOptions> = {}) {
  const cwd = await temporaryFolder();
  const input = join(cwd, 'in');
  await writeCocoPictures(input);
  const annotations = join(input, 'annotations/instances_val.json');
  const content = await readJson(annotations);
  const cut = { id: 'cut', file_name: 'cut.png', width: 30, height: 20 };
  await writeFile(
    annotations,
    JSON.stringify({ ...content, images: [...(content.images as object[]), cut] }),
  );
  const png = await readFile(join(input, 'images/b.png'));
  await writeFile(join(input, 'images/cut.png'), png.subarray(0, png.length - 40));
  const job = { input, to, ...options };
  const single = await convertDataset({ ...job, cwd, out: `single/${OUT}` });
  return {
    cwd,
    single,
    whole: await filesBelow(join(cwd, 'single', OUT)),
    out: join(cwd, OUT),
    shard: (shard: string, more: Partial<ConvertOptions> = {}) =>
      convertDataset({ ...job, cwd, out: OUT, shard, ...more }),
  };
}

test.each([1, 2, 3, 7])(
  '%i shards of a conversion become what one run writes, in any format',
  async (count) => {
    const { cwd, single, whole, out, shard } = await converted();
    for (let index = count - 1; index >= 0; index--) await shard(`${index}/${count}`);
    expect(await readdir(out)).toEqual(['shards']);
    const merged = await mergeShards(OUT, { cwd });
    const formats = single.formats.map((one) => ({ ...one, dir: join(out, one.format) }));
    expect(merged).toEqual({ dir: out, count: 3, rejects: 1, shards: count, formats, left: [] });
    expect(await filesBelow(out)).toEqual(whole);
    expect(Object.keys(whole).length).toBeGreaterThan(60);
    // What a repetition of the last step of a job finds.
    const again = await mergeShards(OUT, { cwd });
    const known = [...formats].sort((a, b) => (a.format < b.format ? -1 : 1));
    expect(again).toEqual({ ...merged, shards: 0, formats: known });
  },
);

test('one format has the folder to itself, and shards that are kept may be merged again', async () => {
  const { cwd, whole, out, shard } = await converted({ to: ['yolo'] });
  for (const part of ['1/2', '0/2']) await shard(part);
  const merged = await mergeShards(OUT, { cwd, keep: true });
  expect(await mergeShards(OUT, { cwd, keep: true })).toEqual(merged);
  await mergeShards(OUT, { cwd });
  expect(await filesBelow(out)).toEqual(whole);
});

test('a shard that is run again stays; one that is damaged or incomplete gets the same bytes', async () => {
  const { cwd, out, shard } = await converted({ to: ['coco'] });
  await shard('1/2');
  const { shard: first } = await shard('0/2');
  expect(first).toMatchObject({ shard: { index: 0, count: 2, start: 0, total: 4 }, length: 2 });
  const before = await filesBelow(out);
  const dir = join(out, 'shards/0000-of-0002');
  const [picture] = await readdir(join(dir, 'pictures'));
  for (const damage of [
    () => Promise.resolve(),
    () => appendFile(join(dir, 'samples.jsonl'), '\n'),
    () => rm(join(dir, 'pictures', picture!)),
    () => rm(join(dir, 'conversion-shard.json')),
  ]) {
    await damage();
    expect((await shard('0/2')).shard).toEqual(first);
    expect(await filesBelow(out)).toEqual(before);
  }
  await appendFile(join(dir, 'pictures', picture!), 'x');
  await expect(mergeShards(OUT, { cwd })).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining(
      `0000-of-0002 is damaged: pictures/${picture} is missing or was changed`,
    ),
  });
  await shard('0/2', { existing: 'replace' });
  expect(await filesBelow(out)).toEqual(before);
});

test('shards that are missing, or of another conversion, are named and nothing is written', async () => {
  const { cwd, out, shard } = await converted({ to: ['coco'] });
  await shard('0/3');
  await expect(mergeShards(OUT, { cwd })).rejects.toThrow('Missing shards, of 3 counted from 0: 1-2.');
  await expect(shard('0/3', { to: ['yolo'] })).rejects.toMatchObject({
    code: 'OUTPUT_EXISTS',
    message: expect.stringContaining('holds a shard of another conversion: its to differs'),
  });
  await shard('1/3');
  // The input changes, and not its length.
  const annotations = join(cwd, 'in/annotations/instances_val.json');
  const text = await readFile(annotations, 'utf8');
  await writeFile(annotations, text.replace('sub.gray.png', 'other.png'));
  await rename(join(cwd, 'in/images/sub.gray.png'), join(cwd, 'in/images/other.png'));
  await shard('2/3');
  await expect(mergeShards(OUT, { cwd })).rejects.toThrow(
    '0002-of-0003 was made with other settings than 0000-of-0003: inputSha256 is',
  );
  await writeFile(annotations, text);
  await rename(join(cwd, 'in/images/other.png'), join(cwd, 'in/images/sub.gray.png'));
  await shard('2/3', { existing: 'replace' });
  await expect(mergeShards(OUT, { cwd, to: ['yolo'] })).rejects.toThrow('say which formats they become');
  expect(await readdir(out)).toEqual(['shards']);
  // What others put there is not replaced.
  await writeFile(join(out, 'mine.txt'), 'mine');
  await expect(mergeShards(OUT, { cwd })).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
  await rm(join(out, 'mine.txt'));
  const { formats } = await mergeShards(OUT, { cwd });
  expect(formats).toEqual([{ format: 'coco', dir: out, count: 3, rejects: 1 }]);
  expect(await jsonLines(join(out, 'rejects.jsonl'))).toHaveLength(1);
});
