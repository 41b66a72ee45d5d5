import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  boxOf,
  decodeMask,
  fillPolygons,
  type LabeledObject,
  type ObjectsAnnotation,
  traceMask,
} from '@simgan/formats';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/folders.ts';
import { labels, writeCocoPictures } from '../../test/labeled-pictures.ts';
import { convertDataset } from '../jobs/convert-dataset.ts';
import { openFormat } from './open-format.ts';

/** What a format keeps of an object. */
type Kept = (object: LabeledObject) => LabeledObject;

const all: Kept = (object) => object;
const boxAnd =
  (fields: LabeledObject['fields']): Kept =>
  (object) => ({ class: object.class, box: boxOf(object)!, ...(fields && { fields }) });

const kitti = {
  truncated: 0,
  occluded: 0,
  alpha: -10,
  dimensions: [-1, -1, -1],
  location: [-1000, -1000, -1000],
  rotationY: -10,
};
const voc = { pose: 'Unspecified', truncated: false, occluded: false, difficult: false };

const formats: readonly [string, Kept, fields?: ObjectsAnnotation['fields']][] = [
  ['coco', all],
  ['imagefolder', all],
  ['webdataset', all],
  ['parquet', all, { split: 'train' }],
  ['voc', boxAnd(voc), { split: 'train' }],
  ['kitti', (object) => ({ ...boxAnd(kitti)(object), class: object.class.replace(/ /g, '_') })],
];

/** Masks by their pixels, and numbers as they are within what a double can tell apart. */
function comparable({ objects, ...others }: ObjectsAnnotation) {
  return {
    ...others,
    objects: objects.map(({ mask, ...object }) => ({
      ...object,
      ...(mask && { pixels: [...decodeMask(mask)], size: mask.size }),
    })),
  };
}

test.each(formats)('COCO becomes %s and comes back with all that it holds', async (to, keep, fields) => {
  const dir = await temporaryFolder();
  await writeCocoPictures(join(dir, 'in'));
  const { from, formats: written } = await convertDataset({ cwd: dir, input: 'in', to: [to], out: 'out' });
  expect(from).toBe('coco');
  expect(written).toEqual([{ format: to, dir: join(dir, 'out'), count: 3, rejects: 0 }]);
  const { entries, format, rejects, folder } = await openFormat(join(dir, 'out'));
  expect([format, entries.length, rejects]).toEqual([to, 3, []]);
  for (const [index, name] of ['b.png', 'a.jpg', 'sub.gray.png'].entries()) {
    const { annotation, picture } = await entries.at(index);
    const expected = {
      ...labels[index]!,
      ...(fields && { fields }),
      objects: labels[index]!.objects.map((object) => keep(object)),
    };
    const read = to === 'voc' ? withoutMasks(annotation) : annotation;
    expect(comparable(read)).toEqual(comparable(expected));
    const bytes =
      'file' in picture ? await folder.read(picture.file) : 'bytes' in picture ? picture.bytes : undefined;
    expect(Buffer.compare(Buffer.from(bytes!), await readFile(join(dir, 'in/images', name)))).toBe(0);
  }
  const sources = (await readFile(join(dir, 'out/sources.jsonl'), 'utf8')).trim().split('\n');
  expect(JSON.parse(sources[1]!)).toEqual({ index: 1, id: 'images/a', source: 'images/a.jpg' });
});

function withoutMasks(annotation: ObjectsAnnotation): ObjectsAnnotation {
  return { ...annotation, objects: annotation.objects.map(({ mask: _, ...object }) => object) };
}

test("VOC's segmentation holds the pixels of each object, the later ones before the earlier ones", async () => {
  const dir = await temporaryFolder();
  await writeCocoPictures(join(dir, 'in'));
  await convertDataset({ cwd: dir, input: 'in', to: ['voc'], out: 'out' });
  const { entries, folder } = await openFormat(join(dir, 'out'));
  const [cup, tea, crowd] = (await entries.at(1)).annotation.objects;
  const before = labels[1]!.objects;
  const drawn = decodeMask(before[1]!.mask!);
  expect(decodeMask(tea!.mask!)).toEqual(drawn);
  const outlined = fillPolygons(before[0]!.polygons!, 30, 20);
  expect(decodeMask(cup!.mask!)).toEqual(outlined.map((value, i) => (drawn[i] ? 0 : value)));
  expect(crowd!.mask).toBeUndefined();
  // As any program shows it: the second object and the second class are dark green.
  const classes = await sharp(await folder.read('SegmentationClass/0000001.png'))
    .raw()
    .toBuffer();
  const at = drawn.indexOf(1);
  expect([...classes.subarray(3 * at, 3 * at + 3)]).toEqual([0, 128, 0]);
  expect(await readFile(join(dir, 'out/classes.txt'), 'utf8')).toBe('cup\ntea & <milk>\n');
  expect(await readFile(join(dir, 'out/ImageSets/Segmentation/train.txt'), 'utf8')).toBe('0000001\n');
});

test("COCO's skeletons come back, by the names of their keypoints", async () => {
  const dir = await temporaryFolder();
  await writeCocoPictures(join(dir, 'in'));
  const file = join(dir, 'in/annotations/instances_val.json');
  const content = JSON.parse(await readFile(file, 'utf8'));
  const person = content.categories.find(({ name }: { name: string }) => name === 'person');
  person.skeleton = [
    [1, 2],
    [3, 1],
  ];
  await writeFile(file, JSON.stringify(content));
  for (const [from, to] of [
    ['in', 'imagefolder'],
    ['imagefolder', 'coco'],
  ] as const) {
    await convertDataset({ cwd: dir, input: from, to: [to], out: to });
    const { entries } = await openFormat(join(dir, to));
    expect((await entries.at(0)).annotation.objects[1]!.fields).toEqual({
      skeleton: [
        ['nose', 'left hand'],
        ['right hand', 'nose'],
      ],
    });
  }
  const { categories } = JSON.parse(await readFile(join(dir, 'coco/annotations/instances.json'), 'utf8'));
  expect(categories.find(({ name }: { name: string }) => name === 'person').skeleton).toEqual(
    person.skeleton,
  );
});

test('YOLO holds one kind of label: keypoints if any object has them', async () => {
  const dir = await temporaryFolder();
  await writeCocoPictures(join(dir, 'in'));
  await convertDataset({ cwd: dir, input: 'in', to: ['yolo'], out: 'out' });
  const { entries } = await openFormat(join(dir, 'out'));
  const names = ['nose', 'left hand', 'right hand'];
  for (let index = 0; index < 3; index++) {
    const { annotation } = await entries.at(index);
    for (const [n, object] of annotation.objects.entries()) {
      const {
        class: own,
        box,
        keypoints = names.map((name) => ({ name, point: null, visibility: 0 })),
      } = labels[index]!.objects[n]!;
      expect(object.class).toBe(own);
      expect(object.box!.map((value, i) => Math.abs(value - box![i]!)).every((error) => error < 1e-5)).toBe(
        true,
      );
      expect(object.keypoints!.map(({ name, visibility }) => [name, visibility])).toEqual(
        keypoints.map(({ name, visibility }) => [name, visibility]),
      );
      for (const [k, { point }] of object.keypoints!.entries()) {
        if (point)
          expect(
            Math.hypot(point[0] - keypoints[k]!.point![0], point[1] - keypoints[k]!.point![1]),
          ).toBeLessThan(1e-5);
      }
    }
  }
});

test('outlines and masks become one outline of YOLO each, which encloses the same pixels', async () => {
  const dir = await temporaryFolder();
  await writeCocoPictures(join(dir, 'in'));
  const file = join(dir, 'in/annotations/instances_val.json');
  const content = (await readFile(file, 'utf8')).replace(/"keypoints":\[[\d.,-]+\]/g, '"other":0');
  await writeFile(file, content);
  await convertDataset({ cwd: dir, input: 'in', to: ['yolo'], out: 'out' });
  const { annotation } = await (await openFormat(join(dir, 'out'))).entries.at(1);
  const [outlined, masked, box] = annotation.objects;
  const before = labels[1]!.objects;
  expect(fillPolygons(outlined!.polygons!, 30, 20)).toEqual(fillPolygons(before[0]!.polygons!, 30, 20));
  // The hole is filled: an outline has none.
  const filled = fillPolygons(traceMask(decodeMask(before[1]!.mask!), 30, 20), 30, 20);
  expect(fillPolygons(masked!.polygons!, 30, 20)).toEqual(filled);
  expect(filled.some((value, i) => value !== decodeMask(before[1]!.mask!)[i])).toBe(true);
  expect(boxOf(box!)!.map((value) => Math.round(value * 1e4) / 1e4)).toEqual([0, 0, 40, 24]);
});
