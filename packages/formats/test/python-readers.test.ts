// What is written is read back by programs in Python, which share no code with the writers.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Image, imageOf } from '@simgan/core';
import { convertDataset } from '@simgan/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ringPixels as cocoRing, labels, writeCocoPictures } from '../../node/test/labeled-pictures.ts';
import { encodeTiff } from '../src/tiff/encode-tiff.ts';
import { findPython } from './python.ts';
import {
  cam_K,
  carBox,
  carPixels,
  columns,
  cupOutlines,
  cupPixels,
  depth,
  heat,
  images,
  part,
  place,
  pose,
  ringPixels,
  writeScene,
} from './scene.ts';

const { run, withoutPython } = findPython('PIL.Image', 'numpy');

/** A picture as `pictures.py` reads it. */
interface Picture {
  readonly mode: string;
  readonly size: readonly [width: number, height: number];
  readonly values: readonly number[];
}

const pictureOf = ({ width, height, channels, data }: Image): Picture => ({
  mode: channels === 1 ? 'L' : 'RGB',
  size: [width, height],
  values: [...data],
});
const pictures = images.map(pictureOf);
/** Gray of 16 bits has the mode `I` or `I;16`, by the version of Pillow. */
const deep = { ...pictureOf(depth), mode: expect.stringMatching(/^I/) };
/** The tight box of points. */
const boundsOf = (points: readonly (readonly [x: number, y: number])[]) => {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
};
const cupBox = boundsOf(cupOutlines.flat());
const ringBox = [3, 1, 12, 12];

describe.skipIf(withoutPython)(`read by Python${withoutPython}`, () => {
  let dir = '';
  const folder = (format: string) => join(dir, 'out', format);
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'simgan-python-'));
    await writeScene(join(dir, 'in'));
    const to = ['imagefolder', 'webdataset', 'voc', 'kitti', 'yolo', 'bop', 'cyclegan', 'tfrecord'];
    await convertDataset({ cwd: dir, input: 'in', to, out: 'out' });
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test('VOC: boxes by ElementTree, both segmentations and their palette by Pillow', async () => {
    const read = await run<{
      labels: Record<string, object>;
      objects: Record<string, Picture & { palette: number[][] }>;
      classes: Record<string, Picture & { palette: number[][] }>;
    }>('voc', folder('voc'));
    const object = { pose: 'Unspecified', flags: ['0', '0', '0'], parts: [] };
    const car = { ...object, name: 'car' };
    expect(read).toMatchObject({
      labels: {
        '0000000': {
          picture: pictures[0],
          segmented: '1',
          objects: [
            { ...car, pose: 'Left', flags: ['1', '0', '1'], box: carBox, parts: [[part.name, part.box]] },
            { ...object, name: 'tea & <cup>', box: cupBox },
          ],
        },
        '0000001': { picture: pictures[1], segmented: '1', objects: [{ ...car, box: ringBox }] },
        '0000002': { picture: pictures[2], segmented: '0', objects: [] },
      },
      names: ['car', 'tea & <cup>'],
      main: { train: ['0000000'], val: ['0000001'], test: ['0000002'] },
      segmented: { train: ['0000000'], val: ['0000001'] },
    });
    // The later object covers the earlier one; both have the number of their class, too.
    const first = Array.from(carPixels, (value, i) => (cupPixels[i] ? 2 : value));
    const paletted = { mode: 'P', size: [24, 16], values: first };
    const second = { mode: 'P', size: [20, 14], values: [...ringPixels] };
    for (const kind of ['objects', 'classes'] as const) {
      expect(read[kind]).toMatchObject({ '0000000': paletted, '0000001': second });
      for (const { palette } of Object.values(read[kind])) {
        // The devkit's VOClabelcolormap: background, the first three, potted plant, border.
        expect([0, 1, 2, 3, 16, 255].map((number) => palette[number])).toEqual([
          [0, 0, 0],
          [128, 0, 0],
          [0, 128, 0],
          [128, 128, 0],
          [0, 64, 0],
          [224, 224, 192],
        ]);
      }
    }
  });

  test('KITTI: every column at its place', async () => {
    const unknown = {
      ...{ truncated: 0, occluded: 0, alpha: -10, rotation_y: -10 },
      ...{ height: -1, width: -1, length: -1, x: -1000, y: -1000, z: -1000 },
    };
    const { dimensions, location, rotationY, ...others } = place;
    const [height, width, length] = dimensions;
    const [x, y, z] = location;
    const car = { ...others, rotation_y: rotationY, height, width, length, x, y, z };
    expect(await run('kitti', folder('kitti'))).toEqual({
      '000000': {
        picture: pictures[0],
        objects: [
          { type: 'car', box: carBox, ...car },
          { type: 'tea_&_<cup>', box: cupBox, ...unknown },
        ],
      },
      '000001': { picture: pictures[1], objects: [{ type: 'car', box: ringBox, ...unknown }] },
      '000002': { picture: pictures[2], objects: [] },
    });
  });

  test('YOLO: outlines, filled by Pillow, enclose the pixels of masks without their holes', async () => {
    const filledRing = Array.from({ length: 20 * 14 }, (_, i) =>
      Math.hypot((i % 20) - 8.5, Math.floor(i / 20) - 6.5) < 6 ? 1 : 0,
    );
    expect(await run('yolo', folder('yolo'))).toEqual({
      '0000000': {
        picture: pictures[0],
        split: 'train',
        objects: [
          { class: 0, pixels: [...carPixels] },
          { class: 1, pixels: [...cupPixels] },
        ],
      },
      '0000001': { picture: pictures[1], split: 'val', objects: [{ class: 0, pixels: filledRing }] },
      '0000002': { picture: pictures[2], split: 'test', objects: [] },
    });
  });

  test('BOP: poses, boxes from the first to the last pixel, cameras, masks and depth', async () => {
    const last = ([left, top, width, height]: readonly number[]) => [left, top, width! - 1, height! - 1];
    const info = (box: readonly number[], pixels: Uint8Array) => ({
      bbox_obj: last(box),
      bbox_visib: last(box),
      px_count_visib: pixels.filter((value) => value === 1).length,
      visib_fract: 1,
    });
    const mask = (pixels: Uint8Array, { width, height }: Image) =>
      pictureOf(
        imageOf(
          pixels.map((value) => 255 * value),
          { width, height, channels: 1, bits: 8 },
        ),
      );
    const unknown = { cam_K: [1, 0, 0, 0, 1, 0, 0, 0, 1], depth_scale: 1 };
    expect(await run('bop', join(folder('bop'), 'train/000000'))).toEqual({
      scene_gt: {
        0: [
          { ...pose, obj_id: 1 },
          { ...pose, obj_id: 2 },
        ],
        1: [{ ...pose, obj_id: 1 }],
        2: [],
      },
      scene_gt_info: {
        0: [info(carBox, carPixels), info(cupBox, cupPixels)],
        1: [info(ringBox, ringPixels)],
        2: [],
      },
      scene_camera: { 0: { cam_K, depth_scale: 0.1 }, 1: unknown, 2: unknown },
      rgb: { '000000': pictures[0], '000002': pictures[2] },
      gray: { '000001': pictures[1] },
      mask_visib: {
        '000000_000000': mask(carPixels, images[0]),
        '000000_000001': mask(cupPixels, images[0]),
        '000001_000000': mask(ringPixels, images[1]),
      },
      depth: { '000000': deep },
    });
  });

  test('imagefolder: lines of JSON, pictures and what belongs to them', async () => {
    const rows = await run<{ columns: { objects?: object[] } }[]>('image_folder', folder('imagefolder'));
    expect(rows.map(({ columns: read }) => withoutMasks(read))).toEqual(columns.map(withoutMasks));
    expect(rows).toMatchObject([
      { files: { '': pictures[0], depth_: deep, heat_: pictureOf(heat) } },
      { files: { '': pictures[1] } },
      { files: { '': pictures[2] } },
    ]);
  });

  test('WebDataset: members of a sample share a key', async () => {
    const samples = await run<Record<string, { json: { objects?: object[] } }>>(
      'webdataset',
      folder('webdataset'),
    );
    expect(samples).toMatchObject({
      '000000000': { png: pictures[0], 'depth.png': deep, 'heat.png': pictureOf(heat) },
      '000000001': { png: pictures[1] },
      '000000002': { png: pictures[2] },
    });
    expect(Object.values(samples).map(({ json }) => withoutMasks(json))).toEqual(columns.map(withoutMasks));
  });

  test('TFRecord: checksums, features and pictures', async () => {
    const examples = await run<{ picture: Picture; features: Record<string, (string | number)[]> }[]>(
      'tfrecord',
      folder('tfrecord'),
    );
    const [left, top, width, height] = carBox as [number, number, number, number];
    const [cupLeft, cupTop, cupWidth, cupHeight] = cupBox as [number, number, number, number];
    const relative = (values: readonly number[], extent: number) =>
      values.map((value) => Math.fround(value / extent));
    expect(examples[0]).toMatchObject({
      picture: pictures[0],
      features: {
        'image/format': ['png'],
        'image/width': [24],
        'image/height': [16],
        'image/source_id': ['0'],
        'image/filename': ['0.png'],
        'image/object/bbox/xmin': relative([left, cupLeft], 24),
        'image/object/bbox/xmax': relative([left + width, cupLeft + cupWidth], 24),
        'image/object/bbox/ymin': relative([top, cupTop], 16),
        'image/object/bbox/ymax': relative([top + height, cupTop + cupHeight], 16),
        'image/object/class/text': ['car', 'tea & <cup>'],
        'image/object/class/label': [1, 2],
        'image/object/is_crowd': [0, 0],
      },
    });
    expect(examples.map(({ picture }) => picture)).toEqual(pictures);
    const json = examples.map(({ features }) => JSON.parse(String(features['labels/json']![0])));
    expect(json.map(withoutMasks)).toEqual(columns.map(withoutMasks));
  });

  test('CycleGAN: pictures in the folders of their domain and split', async () => {
    expect(await run('cycle_gan', folder('cyclegan'))).toEqual({
      trainA: [pictures[0]],
      valB: [pictures[1]],
      testB: [pictures[2]],
    });
  });

  test('COCO: boxes, outlines, keypoints counted from whole pixels, and masks unpacked', async () => {
    await writeCocoPictures(join(dir, 'coco-in'));
    await convertDataset({ cwd: dir, input: 'coco-in', to: ['coco'], out: 'coco' });
    const pixelsOf = (mask: unknown) => (mask ? [...cocoRing] : null);
    expect(await run('coco', join(dir, 'coco'))).toMatchObject(
      labels.map(({ objects }) =>
        objects.map(({ class: name, box, polygons, mask, keypoints, isCrowd }) => ({
          ...{ class: name, box, crowd: isCrowd ? 1 : 0 },
          outlines: mask ? null : (polygons ?? []).map((outline) => outline.flat()),
          mask: pixelsOf(mask),
          ...(mask && { area: cocoRing.filter((value) => value === 1).length }),
          keypoints: keypoints
            ? keypoints.map(({ name: own, point, visibility }) => [
                own,
                point ? [point[0] - 0.5, point[1] - 0.5, visibility] : [0, 0, 0],
              ])
            : null,
        })),
      ),
    );
  });

  test('TIFF: floats bit by bit, 16 bits, colors and opacity', async () => {
    const floats = Float32Array.of(0, -0, 1e-45, -1.1754944e-38, Math.PI, 3.4028235e38, -Infinity, 1 / 3);
    const of = (data: Image['data'], channels: 1 | 3, bits: Image['bits']) =>
      imageOf(data, { width: 4, height: 2, channels, bits });
    const levels = Uint8Array.from({ length: 24 }, (_, i) => 10 * i + 3);
    const opacity = Uint8Array.from({ length: 8 }, (_, i) => 255 - i);
    const written: [Image, string, Uint8Array][] = [
      [of(floats, 1, 32), 'F', new Uint8Array(floats.buffer)],
      [of(Uint16Array.of(0, 1, 255, 256, 65535, 4660, 7, 8), 1, 16), 'I;16', new Uint8Array()],
      [of(levels.subarray(0, 8), 1, 8), 'L', levels.subarray(0, 8)],
      [of(levels, 3, 8), 'RGB', levels],
      [
        { ...of(levels, 3, 8), alpha: opacity },
        'RGBA',
        Uint8Array.from({ length: 32 }, (_, i) =>
          i % 4 === 3 ? opacity[(i - 3) / 4]! : levels[3 * Math.floor(i / 4) + (i % 4)]!,
        ),
      ],
    ];
    written[1]![2] = new Uint8Array(written[1]![0].data.buffer);
    const files = written.map((_, index) => join(dir, `${index}.tif`));
    for (const [index, [image]] of written.entries()) await writeFile(files[index]!, encodeTiff(image));
    expect(await run('tiff', ...files)).toEqual(
      written.map(([, mode, bytes]) => [mode, [4, 2], Buffer.from(bytes).toString('hex')]),
    );
  });
});

/** Columns without the runs of masks, which a test of their own unpacks. */
function withoutMasks(row: { readonly objects?: readonly object[] }) {
  return row.objects ? { ...row, objects: row.objects.map((one) => ({ ...one, mask: undefined })) } : row;
}
