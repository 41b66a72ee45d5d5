// Formats that simulators write, by files as they write them.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createImage, imageOf } from '@simgan/core';
import { convertDataset, encodePng, openFormat, readPicture } from '@simgan/node';
import { zipSync } from 'fflate';
import { expect, onTestFinished, test } from 'vitest';
import { readFormatSamples } from '../../node/src/formats/format-samples.ts';
import { writeHdf5 } from '../../plugin-eyes/test/write-hdf5.ts';
import { decodeMask } from '../src/objects/run-length.ts';

async function folderOf(files: Readonly<Record<string, string | Uint8Array | object>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-formats-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    const isData = typeof content === 'string' || content instanceof Uint8Array;
    await writeFile(join(dir, name), isData ? content : JSON.stringify(content));
  }
  return dir;
}

const size = { width: 12, height: 10 };
const rgb = await encodePng(createImage({ ...size, channels: 3, bits: 8 }));
const patch = Uint8Array.from({ length: 120 }, (_, i) =>
  i % 12 >= 3 && i % 12 < 7 && i >= 24 && i < 60 ? 1 : 0,
);
const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];

test('BOP: poses, boxes from the first to the last pixel, masks of what can be seen; and back', async () => {
  const mask = await encodePng(
    imageOf(
      patch.map((value) => value * 255),
      { ...size, channels: 1, bits: 8 },
    ),
  );
  const millimeters = Uint16Array.from({ length: 120 }, (_, i) => 5000 + 7 * i);
  const depth = await encodePng(imageOf(millimeters, { ...size, channels: 1, bits: 16 }));
  const pose = { cam_R_m2c: identity, cam_t_m2c: [1, 2, 500.5], obj_id: 5 };
  const hidden = { ...pose, obj_id: 12 };
  const scene = 'train_pbr/000003';
  const dir = await folderOf({
    [`${scene}/rgb/000007.png`]: rgb,
    [`${scene}/depth/000007.png`]: depth,
    [`${scene}/mask_visib/000007_000000.png`]: mask,
    [`${scene}/scene_gt.json`]: { 7: [pose, hidden], 8: [pose] },
    [`${scene}/scene_gt_info.json`]: {
      7: [
        { bbox_visib: [3, 2, 3, 2], bbox_obj: [1, 2, 5, 3], px_count_visib: 12, visib_fract: 0.5 },
        { bbox_visib: [-1, -1, -1, -1], visib_fract: 0 },
      ],
      8: [{}],
    },
    [`${scene}/scene_camera.json`]: { 7: { cam_K: identity, depth_scale: 0.1 } },
  });
  const check = async (folder: string, split: string) => {
    const { entries, format, rejects } = await openFormat(folder);
    expect([format, entries.length]).toEqual(['bop', 1]);
    const { annotation, companions } = await entries.at(0);
    // Depth is written with its scale, byte for byte.
    expect(companions!.map(({ name }) => name)).toEqual(['depth']);
    expect(Buffer.from(await readFile(join(folder, companions![0]!.file))).equals(depth)).toBe(true);
    const { mask: read, fields, ...first } = annotation.objects[0]!;
    expect(first).toEqual({ class: 'obj_000005', box: [3, 2, 4, 3] });
    expect(fields).toMatchObject({
      cam_R_m2c: identity,
      cam_t_m2c: [1, 2, 500.5],
      visib_fract: 0.5,
      bbox_obj: [1, 2, 6, 4],
    });
    expect(decodeMask(read!)).toEqual(patch);
    expect(annotation.objects[1]).toMatchObject({ class: 'obj_000012', fields: { visib_fract: 0 } });
    expect(annotation.objects[1]!.box).toBeUndefined();
    expect(annotation.fields).toEqual({ cam_K: identity, depth_scale: 0.1, split });
    return rejects;
  };
  expect((await check(dir, 'train')).map(({ reason }) => reason)).toEqual([
    'There is no picture 000008 in rgb or gray.',
  ]);
  await convertDataset({ input: dir, to: ['bop'], out: `${dir}/out` });
  expect(await check(`${dir}/out`, 'train')).toEqual([]);
  const info = JSON.parse(await readFile(`${dir}/out/train/000000/scene_gt_info.json`, 'utf8'));
  expect(info[0][0]).toMatchObject({ bbox_obj: [1, 2, 5, 3], bbox_visib: [3, 2, 3, 2], px_count_visib: 12 });

  // Where pictures are scaled and cropped, a point in front of the camera is seen at the same place of the picture.
  const form = { width: 20, height: 20, channels: 3, bits: 8 } as const;
  const { samples } = await readFormatSamples(dir, { format: 'bop', image: form });
  const { annotation, companions } = await samples.at(0);
  const [fx, , cx, , fy, cy] = annotation.fields!.cam_K as number[];
  const [x, y, z] = [0.3, 0.1, 1.25];
  const before = [identity[0]! * (x / z) + identity[2]! + 0.5, identity[4]! * (y / z) + identity[5]! + 0.5];
  const after = [fx! * (x / z) + cx! + 0.5, fy! * (y / z) + cy! + 0.5];
  // 12 x 10 become 24 x 20, of which the middle is kept.
  expect(after[0]).toBeCloseTo(2 * before[0]! - 2, 9);
  expect(after[1]).toBeCloseTo(2 * before[1]!, 9);
  expect(annotation.fields!.depth_scale).toBe(0.1);
  expect((await companions![0]!.pixels!()).data).toContain(5000 + 7 * 65);
});

test('SOLO: boxes, keypoints and masks of the same instance are one object', async () => {
  const colored = createImage({ ...size, channels: 3, bits: 8 });
  for (const [i, value] of patch.entries()) if (value) colored.data.set([255, 10, 1], 3 * i);
  const type = (name: string) => ({ '@type': `type.unity.com/unity.solo.${name}`, id: name });
  const frame = {
    frame: 0,
    sequence: 0,
    step: 0,
    captures: [
      {
        '@type': 'type.unity.com/unity.solo.RGBCamera',
        id: 'camera',
        filename: 'step0.camera.png',
        dimension: [12, 10],
        annotations: [
          {
            ...type('BoundingBox2DAnnotation'),
            values: [{ instanceId: 4, labelId: 1, labelName: 'Crate', origin: [3, 2], dimension: [4, 3] }],
          },
          {
            ...type('InstanceSegmentationAnnotation'),
            filename: 'step0.camera.instance segmentation.png',
            instances: [{ instanceId: 4, labelId: 1, labelName: 'Crate', color: [255, 10, 1, 255] }],
          },
          {
            ...type('KeypointAnnotation'),
            values: [
              {
                instanceId: 4,
                labelId: 1,
                keypoints: [
                  { index: 0, location: [3.5, 2.5], state: 2 },
                  { index: 1, location: [0, 0], state: 0 },
                ],
              },
            ],
          },
          { ...type('DepthAnnotation'), filename: 'step0.camera.depth.exr' },
          { ...type('NormalAnnotation'), filename: 'missing.exr' },
        ],
      },
    ],
  };
  const dir = await folderOf({
    'sequence.0/step0.frame_data.json': frame,
    'sequence.0/step0.camera.png': rgb,
    'sequence.0/step0.camera.depth.exr': rgb,
    'sequence.0/step0.camera.instance segmentation.png': await encodePng(colored),
    'annotation_definitions.json': {
      annotationDefinitions: [
        {
          id: 'k',
          template: {
            keypoints: [
              { label: 'corner', index: 0 },
              { label: 'top', index: 1 },
            ],
          },
        },
      ],
    },
  });
  const { entries, format, rejects } = await openFormat(dir);
  expect(format).toBe('solo');
  const entry = await entries.at(0);
  expect(entry.companions).toEqual([{ name: 'depth', file: 'sequence.0/step0.camera.depth.exr' }]);
  const { mask, ...object } = entry.annotation.objects[0]!;
  expect(object).toEqual({
    class: 'Crate',
    box: [3, 2, 4, 3],
    keypoints: [
      { name: 'corner', point: [3.5, 2.5], visibility: 2 },
      { name: 'top', point: null, visibility: 0 },
    ],
  });
  expect(decodeMask(mask!)).toEqual(patch);
  expect(rejects).toEqual([{ file: 'NormalAnnotation', reason: '1 annotations of this kind are left out.' }]);
});

test("BlenderProc's HDF5: colors, instances with their attributes, and depth as a companion", async () => {
  const dir = await folderOf({ 'README.txt': '' });
  await writeHdf5(join(dir, '0.hdf5'), {
    colors: { shape: [10, 12, 3], data: Uint8Array.from({ length: 360 }, (_, i) => i % 251) },
    depth: { shape: [10, 12], data: Float64Array.from({ length: 120 }, (_, i) => 1 + i / 64) },
    normals: { shape: [10, 12, 3], data: new Float64Array(360) },
    instance_segmaps: { shape: [10, 12], data: patch.map((value) => value * 2) },
    instance_attribute_maps: [
      '[{"idx": 0, "category_id": 0}, {"idx": 2, "category_id": 3, "name": "Suzanne"}]',
    ],
  });
  const { entries, format, rejects } = await openFormat(dir);
  expect(format).toBe('blenderproc');
  const { annotation, picture, companions } = await entries.at(0);
  expect(picture).toMatchObject({ image: { width: 12, height: 10, channels: 3 } });
  const { mask, ...object } = annotation.objects[0]!;
  expect(object).toEqual({
    class: 'Suzanne',
    box: [3, 2, 4, 3],
    fields: { category_id: 3, name: 'Suzanne' },
  });
  expect([annotation.objects.length, decodeMask(mask!)]).toEqual([1, patch]);
  expect(rejects).toEqual([{ file: '*.hdf5:normals', reason: 'The array normals of 1 frames is left out.' }]);
  const depth = Float32Array.from({ length: 120 }, (_, i) => 1 + i / 64);
  expect(companions!.map(({ name, file }) => [name, file])).toEqual([['depth', '0.hdf5:depth']]);
  expect(await companions![0]!.image!()).toEqual({
    width: 12,
    height: 10,
    channels: 1,
    bits: 32,
    data: depth,
  });

  // Written, it is a file of the same floats.
  await convertDataset({ input: dir, to: ['imagefolder'], out: `${dir}-out` });
  onTestFinished(() => rm(`${dir}-out`, { recursive: true, force: true }));
  const written = await openFormat(`${dir}-out`);
  const file = (await written.entries.at(0)).companions![0]!.file;
  expect(file).toMatch(/depth.*\.tif$/);
  const form = { channels: 1, bits: 32, range: [0, 10] } as const;
  expect((await readPicture(join(`${dir}-out`, file), form)).image.data).toEqual(depth);
});

/** A NumPy array as `numpy.save` writes it. */
function npy(descr: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const header = `${text.padEnd(117)}\n`;
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0]);
  return Buffer.concat([start, Buffer.from(header), data]);
}

test('.npz: pictures of whole numbers and of fractions, with labels of the same suffix', async () => {
  const pixels = Uint8Array.from({ length: 3 * 80 }, (_, i) => i % 256);
  const dir = await folderOf({
    'digits.npz': zipSync({
      'x_train.npy': npy('|u1', [3, 8, 10], pixels),
      'y_train.npy': npy('<i8', [3], new Uint8Array(BigInt64Array.from([7n, 0n, 2n]).buffer)),
      'x_test.npy': npy('<f4', [1, 8, 8, 3], new Uint8Array(new Float32Array(192).fill(0.5).buffer)),
      'gaze_test.npy': npy('<f8', [1, 2], new Uint8Array(Float64Array.from([0.25, -1]).buffer)),
    }),
    'floats.npz': zipSync({
      'x.npy': npy('<f4', [1, 8, 8], new Uint8Array(new Float32Array(64).fill(7).buffer)),
    }),
    'levels.npz': zipSync({
      'x.npy': npy(
        '<f4',
        [1, 8, 8],
        new Uint8Array(Float32Array.from({ length: 64 }, (_, i) => i / 255).buffer),
      ),
    }),
    'half.npz': zipSync({
      'x.npy': npy('<f2', [1, 8, 8], new Uint8Array(new Uint16Array(64).fill(0x3e00).buffer)),
    }),
    'bad.npz': zipSync({ 'x.npy': npy('<i4', [1, 8, 8], new Uint8Array(256)) }),
    'worse.npz': new Uint8Array(50),
  });
  const { entries, format, rejects } = await openFormat(dir);
  expect(format).toBe('npz');
  const all = await Promise.all(Array.from({ length: entries.length }, (_, index) => entries.at(index)));
  expect(all.map(({ annotation }) => annotation)).toEqual([
    { class: '7', objects: [], fields: { split: 'train' } },
    { class: '0', objects: [], fields: { split: 'train' } },
    { class: '2', objects: [], fields: { split: 'train' } },
    { objects: [], fields: { gaze_test: [0.25, -1], split: 'test' } },
    ...Array.from({ length: 3 }, () => ({ objects: [] })),
  ]);
  expect(all[1]!.picture).toMatchObject({ image: { width: 10, height: 8, data: pixels.slice(80, 160) } });
  // Floats stay floats; those that are levels of 8 bits, divided by 255, become these again.
  const floats = { width: 8, height: 8, channels: 3, bits: 32, data: new Float32Array(192).fill(0.5) };
  expect(all[3]!.picture).toEqual({ image: floats, range: [0, 1] });
  const others = all.slice(4).map(({ picture }) => picture);
  expect(others[0]).toMatchObject({ image: { bits: 32, data: new Float32Array(64).fill(7) } });
  expect(others[0]).not.toHaveProperty('range');
  expect(others[2]).toMatchObject({ image: { bits: 8 }, values: 'f4, 0 to 1, times 255' });
  expect(Array.from((others[2] as { image: { data: Uint8Array } }).image.data)).toEqual([
    ...Array(64).keys(),
  ]);
  expect(others[1]).toMatchObject({ image: { bits: 32, data: new Float32Array(64).fill(1.5) } });
  expect(rejects.map(({ file, reason }) => [file, reason])).toEqual([
    ['bad.npz', 'The pictures x have values of i4; u1, u2, f2, f4 and f8 are read.'],
    ['worse.npz', expect.stringContaining('worse.npz is no .npz file, or damaged')],
  ]);
});

test('trainA and trainB: two domains, and back', async () => {
  const dir = await folderOf({
    'trainA/1.png': rgb,
    'trainB/1.png': rgb,
    'testB/2.png': rgb,
    'other.png': rgb,
  });
  const labels = async (folder: string) => {
    const { entries, format, rejects } = await openFormat(folder);
    expect(format).toBe('cyclegan');
    const all = await Promise.all(Array.from({ length: entries.length }, (_, index) => entries.at(index)));
    return [
      all.map(({ annotation }) => `${annotation.fields!.split}${annotation.class}`).sort(),
      rejects.length,
    ];
  };
  expect(await labels(dir)).toEqual([['testB', 'trainA', 'trainB'], 1]);
  await convertDataset({ input: dir, to: ['cyclegan'], out: `${dir}-out` });
  onTestFinished(() => rm(`${dir}-out`, { recursive: true, force: true }));
  expect(await labels(`${dir}-out`)).toEqual([['testB', 'trainA', 'trainB'], 0]);
});
