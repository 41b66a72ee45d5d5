import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imageOf } from '@simgan/core';
import { expect, test } from 'vitest';
import { jsonLines, temporaryFolder, writeFiles } from '../../test/folders.ts';
import { convertDataset } from '../jobs/convert-dataset.ts';
import { mergeShards } from '../jobs/merge-shards.ts';
import { verifyDataset } from '../jobs/verify-dataset.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { readFormatSamples } from './format-samples.ts';
import { openFormat } from './open-format.ts';

const gray = (value: number, width = 8, height = 6) =>
  encodePng(
    imageOf(
      new Uint8Array(width * height).map((_, i) => (i % width < width / 2 ? value : 0)),
      { width, height, channels: 1, bits: 8 },
    ),
  );

/** An imagefolder with a mask and an array beside each of its three pictures. */
async function masked(): Promise<string> {
  const dir = await temporaryFolder();
  const files: Record<string, string | Uint8Array> = {};
  const lines: string[] = [];
  for (const n of [0, 1, 2]) {
    files[`in/${n}.png`] = await gray(100 + n);
    files[`in/m/${n}.png`] = await gray(7);
    files[`in/d/${n}.npy`] = `values ${n}`;
    lines.push(
      JSON.stringify({
        file_name: `${n}.png`,
        mask_file_name: `m/${n}.png`,
        depth_file_name: `d/${n}.npy`,
        n,
      }),
    );
  }
  await writeFiles(dir, { ...files, 'in/metadata.jsonl': `${lines.join('\n')}\n` });
  return dir;
}

test('a conversion takes what belongs to pictures along, or lists each file that it leaves out', async () => {
  const cwd = await masked();
  const to = ['imagefolder', 'webdataset', 'coco'];
  const { formats } = await convertDataset({ cwd, input: 'in', to, out: 'out' });
  expect(formats.map(({ rejects }) => rejects)).toEqual([0, 0, 6]);
  const [first] = await jsonLines(join(cwd, 'out/imagefolder/metadata.jsonl'));
  expect(first).toEqual({
    file_name: 'images/0000000.png',
    n: 0,
    mask_file_name: 'companions/mask/0000000.png',
    depth_file_name: 'companions/depth/0000000.npy',
  });
  const mask = await readFile(join(cwd, 'in/m/1.png'));
  expect(await readFile(join(cwd, 'out/imagefolder/companions/mask/0000001.png'))).toEqual(mask);
  const { entries, rejects } = await openFormat(join(cwd, 'out/webdataset'));
  expect(rejects).toEqual([]);
  const { companions, annotation } = await entries.at(1);
  expect(annotation.fields).toEqual({ n: 1 });
  const found = Object.fromEntries(
    await Promise.all(
      companions!.map(async ({ name, bytes }) => [name, Buffer.from(await bytes!())] as const),
    ),
  );
  expect(found.mask!.equals(mask)).toBe(true);
  expect(found.depth!.toString()).toBe('values 1');
  expect((await jsonLines(join(cwd, 'out/coco/rejects.jsonl')))[0]).toEqual({
    file: '0.png',
    reason: 'Its mask is left out: the format coco has no place for files beside pictures.',
  });
  for (const { dir } of formats) expect((await verifyDataset(dir)).problems).toEqual([]);
});

test('shards of a conversion hold what belongs to pictures, and merge to the bytes of one run', async () => {
  const cwd = await masked();
  const job = { cwd, input: 'in', to: ['webdataset'] };
  await convertDataset({ ...job, out: 'whole' });
  for (const shard of ['0/2', '1/2']) await convertDataset({ ...job, out: 'parts', shard });
  await mergeShards('parts', { cwd });
  const tar = (dir: string) => readFile(join(cwd, dir, 'shard-000000.tar'));
  expect(await tar('parts')).toEqual(await tar('whole'));
});

test('masks follow pictures of a format that are scaled, and fields in pixels that nobody declared end the reading', async () => {
  const cwd = await masked();
  const form = { width: 4, height: 3, channels: 1, bits: 8 } as const;
  const { samples } = await readFormatSamples(join(cwd, 'in'), { format: 'imagefolder', image: form });
  const { companions } = await samples.at(0);
  const [mask, depth] = companions!;
  expect([...(await mask!.pixels!()).data]).toEqual([7, 7, 0, 0, 7, 7, 0, 0, 7, 7, 0, 0]);
  expect(depth!.problem).toContain('no picture that can follow');

  const labeled = await temporaryFolder();
  await writeFiles(labeled, {
    '0.png': await gray(100, 40, 30),
    'metadata.jsonl':
      '{"file_name":"0.png","pupil":[20,30],"objects":[{"class":"eye","box":[4,4,8,8],"fields":{"head":[4,4,16,16]}}]}\n',
  });
  const read = (options: object) =>
    readFormatSamples(labeled, {
      format: 'imagefolder',
      image: { ...form, width: 20, height: 15 },
      ...options,
    });
  await expect(read({})).rejects.toThrow(
    'Pictures in ' +
      labeled +
      ' of 40 x 30 become 20 x 15, and fields of their labels look like pixels of the stored ones: fields.pupil, objects.fields.head. Declare what each is, so that it follows its picture: `labelGeometry` fields.pupil=point,objects.fields.head=box',
  );
  const labelGeometry = { 'fields.pupil': 'point', 'objects.fields.head': 'box' };
  const carried = await (await read({ labelGeometry })).samples.at(0);
  expect(carried.annotation).toEqual({
    objects: [{ class: 'eye', box: [2, 2, 4, 4], fields: { head: [2, 2, 8, 8] } }],
    fields: { pupil: [10, 15] },
  });
  const kept = await (await read({ labels: 'invariant' })).samples.at(0);
  expect(kept.annotation.fields).toEqual({ pupil: [20, 30] });
});
