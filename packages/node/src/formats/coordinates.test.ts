// Where each format has its pixels is stated in docs/formats.md. Here a file written by hand in each format says what is
// meant, in this library's coordinates: the outer corner of the first pixel is (0, 0), its center (0.5, 0.5).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createImage } from '@simgan/core';
import { expect, test } from 'vitest';
import { temporaryFolder, writeFiles } from '../../test/folders.ts';
import { convertDataset } from '../jobs/convert-dataset.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { openFormat } from './open-format.ts';

const png = await encodePng(createImage({ width: 40, height: 20, channels: 3, bits: 8 }));

/** The labels of the one picture in a folder of these files. */
async function labelsOf(files: Readonly<Record<string, string>>, format: string, picture: string) {
  const dir = await temporaryFolder();
  await writeFiles(dir, { ...files, [picture]: png });
  const { entries, rejects, format: detected } = await openFormat(dir);
  expect(detected).toBe(format);
  expect(rejects).toEqual([]);
  return (await entries.at(0)).annotation;
}

test('COCO: boxes and outlines from corner to corner, keypoints at the centers of pixels', async () => {
  const whole = [0, 0, 40, 20];
  const content = {
    images: [{ id: 1, file_name: 'a.png', width: 40, height: 20 }],
    categories: [{ id: 1, name: 'all', keypoints: ['first', 'last'] }],
    annotations: [
      {
        id: 1,
        image_id: 1,
        category_id: 1,
        bbox: whole,
        segmentation: [[0, 0, 40, 0, 40, 20, 0, 20]],
        keypoints: [0, 0, 2, 39, 19, 1],
        iscrowd: 0,
      },
    ],
  };
  const labels = await labelsOf(
    { 'annotations/instances.json': JSON.stringify(content) },
    'coco',
    'images/a.png',
  );
  expect(labels.objects).toEqual([
    {
      class: 'all',
      box: whole,
      polygons: [
        [
          [0, 0],
          [40, 0],
          [40, 20],
          [0, 20],
        ],
      ],
      keypoints: [
        { name: 'first', point: [0.5, 0.5], visibility: 2 },
        { name: 'last', point: [39.5, 19.5], visibility: 1 },
      ],
    },
  ]);
});

test('YOLO: relative to width and height', async () => {
  const files = {
    'data.yaml': 'names: [a, b]\nkpt_shape: [1, 3]\ntrain: images/train\n',
    'labels/train/x.txt': '1 0.5 0.5 1 1 0.25 0.75 2\n0 0.5 0.25 0.25 0.5 0 0 0\n0 0 0 1 0 1 1 0 1\n'.replace(
      '0 0 0 1 0 1 1 0 1\n',
      '0 0 0 1 0 1 1 0.5 1 0 1\n',
    ),
  };
  const labels = await labelsOf(files, 'yolo', 'images/train/x.png');
  expect(labels).toEqual({
    fields: { split: 'train' },
    objects: [
      {
        class: 'b',
        box: [0, 0, 40, 20],
        keypoints: [{ name: 'keypoint_0', point: [10, 15], visibility: 2 }],
      },
      { class: 'a', box: [15, 0, 10, 10], keypoints: [{ name: 'keypoint_0', point: null, visibility: 0 }] },
      {
        class: 'a',
        polygons: [
          [
            [0, 0],
            [40, 0],
            [40, 20],
            [20, 20],
            [0, 20],
          ],
        ],
      },
    ],
  });
});

test('VOC: pixels counted from 1, the last included', async () => {
  const box = (xmin: number, ymin: number, xmax: number, ymax: number) =>
    `<object><name>a &amp; b</name><difficult>1</difficult><bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object>`;
  const xml = `<annotation><filename>x.png</filename><size><width>40</width><height>20</height><depth>3</depth></size>${box(1, 1, 40, 20)}${box(5, 6, 5, 6)}</annotation>`;
  const labels = await labelsOf({ 'Annotations/x.xml': xml }, 'voc', 'JPEGImages/x.png');
  expect(labels.objects.map(({ class: name, box: read }) => [name, read])).toEqual([
    ['a & b', [0, 0, 40, 20]],
    ['a & b', [4, 5, 1, 1]],
  ]);
  expect(labels.objects[0]!.fields).toEqual({ difficult: true });
});

test('KITTI: the centers of pixels counted from 0', async () => {
  const line = 'Car 0.25 1 1.5 0 0 39 19 1.5 1.6 3.9 -2 1.7 20 1.57';
  const labels = await labelsOf({ 'label_2/000000.txt': `${line}\n` }, 'kitti', 'image_2/000000.png');
  expect(labels.objects).toEqual([
    {
      class: 'Car',
      box: [0.5, 0.5, 39, 19],
      fields: {
        truncated: 0.25,
        occluded: 1,
        alpha: 1.5,
        dimensions: [1.5, 1.6, 3.9],
        location: [-2, 1.7, 20],
        rotationY: 1.57,
      },
    },
  ]);
});

test('each writer writes what its format means', async () => {
  const dir = await temporaryFolder();
  const object = {
    class: 'a',
    box: [0, 0, 40, 20],
    keypoints: [{ name: 'corner', point: [0.5, 0.5], visibility: 2 }],
  };
  await writeFiles(join(dir, 'in'), {
    'x.png': png,
    'metadata.jsonl': `${JSON.stringify({ file_name: 'x.png', objects: [object] })}\n`,
  });
  const to = ['coco', 'yolo', 'voc', 'kitti'];
  await convertDataset({ cwd: dir, input: 'in', to, out: 'out' });
  const read = (file: string) => readFile(join(dir, 'out', file), 'utf8');
  const coco = JSON.parse(await read('coco/annotations/instances.json')) as { annotations: object[] };
  expect(coco.annotations).toMatchObject([
    { bbox: [0, 0, 40, 20], area: 800, keypoints: [0, 0, 2], num_keypoints: 1 },
  ]);
  expect(await read('yolo/labels/train/0000000.txt')).toBe('0 0.5 0.5 1 1 0.0125 0.025 2\n');
  expect(await read('voc/Annotations/0000000.xml')).toContain(
    '<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>40</xmax><ymax>20</ymax></bndbox>',
  );
  expect(await read('kitti/label_2/000000.txt')).toBe(
    'a 0 0 -10 -0.5 -0.5 39.5 19.5 -1 -1 -1 -1000 -1000 -1000 -10\n',
  );
});
