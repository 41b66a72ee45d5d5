import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createImage, simulate } from '@simgan/core';
import { boxOf } from '@simgan/formats';
import { expect, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs, blobsPath } from '../../test/blobs.ts';
import { filesBelow, jsonLines, temporaryFolder, writeFiles } from '../../test/folders.ts';
import { openFormat } from '../formats/open-format.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import type { JobEvent } from '../runs/events.ts';
import { augment } from './augment.ts';
import { mergeShards } from './merge-shards.ts';
import { simulateDataset } from './simulate-dataset.ts';

const plugin = blobs();
const to = ['coco', 'yolo', 'webdataset', 'parquet', 'imagefolder'];

test("a simulated dataset is written in other formats, with the plugin's points as keypoints and its labels as columns", async () => {
  const cwd = await temporaryFolder();
  const { formats, dir } = await simulateDataset({ plugin, cwd, count: 5, out: 'out', to });
  expect(formats).toEqual(
    to.map((format) => ({ format, dir: join(cwd, `out-${format}`), count: 5, rejects: 0 })),
  );
  const source = simulate(plugin.simulator, { seed: 1, length: 5 });
  for (const { format, dir: folder } of formats) {
    const opened = await openFormat(folder);
    expect([opened.format, opened.rejects]).toEqual([format, []]);
    for (let index = 0; index < 5; index++) {
      const { annotation, picture } = await opened.entries.at(index);
      const { x, y } = (await source.at(index)).annotation;
      if (format === 'coco' || format === 'yolo') {
        const [object] = annotation.objects;
        expect(object).toMatchObject({ class: 'blobs', keypoints: [{ name: 'blobs', visibility: 2 }] });
        const [left, top] = object!.keypoints![0]!.point!;
        expect(Math.hypot(left - x, top - y)).toBeLessThan(1e-6);
      } else expect(annotation.fields).toMatchObject({ x, y });
      const bytes =
        'file' in picture ? await opened.folder.read(picture.file) : (picture as { bytes: Uint8Array }).bytes;
      const own = await readFile(join(dir, 'images', `000000${index}.png`));
      expect(Buffer.from(bytes).equals(own)).toBe(true);
    }
  }
});

test('stopped and resumed, or merged of shards, the formats have the bytes of one run', async () => {
  const cwd = await temporaryFolder();
  const job = { plugin: blobsPath, cwd, count: 30 };
  await simulateDataset({ ...job, out: 'whole', to });
  const controller = new AbortController();
  const onEvent = (event: JobEvent) => {
    if (event.type === 'progress' && event.done === 7) controller.abort(new Error('Ctrl-C'));
  };
  const stopped = { ...job, out: 'stopped', to };
  await expect(simulateDataset({ ...stopped, onEvent, signal: controller.signal })).rejects.toThrow('Ctrl-C');
  await simulateDataset({ ...stopped, existing: 'resume' });
  await simulateDataset({ ...stopped, existing: 'resume' });

  await expect(simulateDataset({ ...job, out: 'merged', to, shard: '0/3' })).rejects.toThrow(
    '`to` has no place beside `shard`',
  );
  for (const index of [2, 0, 1]) await simulateDataset({ ...job, out: 'merged', shard: { index, count: 3 } });
  const { formats } = await mergeShards('merged', { cwd, to, plugin: blobsPath });
  expect(formats.map(({ count }) => count)).toEqual(to.map(() => 30));
  for (const format of to) {
    // Only these name the folder.
    const names = ['conversion.json', 'README.md', 'croissant.json', 'instances.json'];
    const whole = await filesBelow(join(cwd, `whole-${format}`), names);
    expect(Object.keys(whole).length).toBeGreaterThan(2);
    for (const other of ['stopped', 'merged']) {
      expect(await filesBelow(join(cwd, `${other}-${format}`), names)).toEqual(whole);
    }
  }
});

test('a folder of another format is refused before anything is made', async () => {
  const cwd = await temporaryFolder();
  await writeFiles(cwd, { 'out-coco/mine.txt': 'mine' });
  await expect(simulateDataset({ plugin, cwd, count: 5, out: 'out', to: ['coco'] })).rejects.toMatchObject({
    code: 'OUTPUT_EXISTS',
    message: expect.stringContaining('holds files of others (mine.txt)'),
  });
  await expect(simulateDataset({ plugin, cwd, count: 5, out: 'out', to: ['coko'] })).rejects.toThrow(
    'Did you mean coco?',
  );
  expect(Object.keys(await filesBelow(cwd))).toEqual(['out-coco/mine.txt']);
});

test('pictures and labels of COCO are refined at the size of the plugin, and their labels follow', async () => {
  const cwd = await temporaryFolder();
  const png = await encodePng(createImage({ width: 36, height: 20, channels: 1, bits: 8 }));
  const names = Array.from({ length: 6 }, (_, index) => `${index}.png`);
  const content = {
    images: names.map((file_name, id) => ({ id, file_name, width: 36, height: 20 })),
    categories: [{ id: 1, name: 'cup' }],
    annotations: names.map((_, id) => ({
      id,
      image_id: id,
      category_id: 1,
      bbox: [6, 0, 24, 20],
      iscrowd: 0,
    })),
  };
  await writeFiles(join(cwd, 'renders'), {
    ...Object.fromEntries(names.map((name) => [`images/${name}`, png])),
    'images/broken.png': png.subarray(0, 60),
    'annotations/instances.json': JSON.stringify({
      ...content,
      images: [...content.images, { id: 99, file_name: 'broken.png', width: 36, height: 20 }],
    }),
  });
  const { dataset, rejects, formats } = await augment({
    plugin,
    engine: wasmEngine,
    cwd,
    steps: 1,
    synthetic: 'renders',
    format: 'coco',
    out: 'out',
    to: ['coco'],
  });
  expect(rejects).toBe(1);
  const lines = await jsonLines(join(dataset, 'metadata.jsonl'));
  // 36 x 20 becomes 12 x 10: half as large, and 3 pixels off both sides.
  expect(lines[0]).toMatchObject({
    objects: [{ class: 'cup', box: [0, 0, 12, 10] }],
    simgan: { source: { file: 'images/0.png', width: 36, height: 20, scale: [0.5, 0.5], shift: [-3, 0] } },
  });
  const { entries } = await openFormat(formats[0]!.dir);
  expect(entries.length).toBe(6);
  expect(boxOf((await entries.at(0)).annotation.objects[0]!)).toEqual([0, 0, 12, 10]);
});
