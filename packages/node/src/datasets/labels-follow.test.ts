import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { annotationSchema, type DatasetReader, type Image, imageOf, type Sample } from '@simgan/core';
import { readEach, stemOf } from '@simgan/core/reading';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { encodePng } from '../pictures/encode-picture.ts';
import { type ReadDatasetOptions, readDataset } from './read-dataset.ts';
import { readImages } from './read-images.ts';
import { writeDataset } from './write-dataset.ts';

const image = { width: 22, height: 14, channels: 1, bits: 8 } as const;
const schema = annotationSchema(z.object({ dot: z.tuple([z.number(), z.number()]), name: z.string() }), {
  dot: 'point',
  name: 'invariant',
});
const plugin = { name: 'dots', image, annotation: schema };

/** A black picture of 64 x 48 with a white dot of 5 pixels at its middle. */
async function dotAt(x: number, y: number, size = { width: 64, height: 48 }): Promise<Buffer> {
  const data = new Uint8Array(size.width * size.height);
  for (let dy = -2; dy <= 2; dy++)
    data.fill(255, (y + dy) * size.width + x - 2, (y + dy) * size.width + x + 3);
  return encodePng(imageOf(data, { ...size, channels: 1, bits: 8 }));
}

/** Where the white of a picture is, pixels from its outer corner. */
function centerOf({ data, width }: Image): [number, number] {
  let [sum, x, y] = [0, 0, 0];
  for (const [i, value] of data.entries()) {
    sum += value;
    x += value * ((i % width) + 0.5);
    y += value * (Math.floor(i / width) + 0.5);
  }
  return [x / sum, y / sum];
}

async function folderOf(files: Record<string, string | Uint8Array>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-labels-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), content);
  }
  return dir;
}

const places = [
  [20, 18],
  [40, 30],
] as const;

/** Dots with a line of metadata each, made of their places. */
async function labeled(line: (x: number, y: number) => string): Promise<string> {
  const files: Record<string, string | Uint8Array> = {};
  for (const [index, [x, y]] of places.entries()) files[`${index}.png`] = await dotAt(x, y);
  const lines = places.map(([x, y], index) => `{"file_name":"${index}.png",${line(x + 0.5, y + 0.5)}}\n`);
  return folderOf({ ...files, 'metadata.jsonl': lines.join('') });
}

async function written(dir: string, options: ReadDatasetOptions = {}) {
  const { samples, ...read } = await readDataset(dir, plugin, options);
  const out = join(await folderOf({}), 'out');
  const { annotations, labelGeometry } = read;
  await writeDataset(out, samples as AsyncIterable<Sample<unknown>>, { plugin, annotations, labelGeometry });
  const text = await readFile(join(out, 'metadata.jsonl'), 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const images: Image[] = [];
  for await (const sample of samples as AsyncIterable<Sample<unknown>>) images.push(sample.image);
  return { ...read, out, text, lines, images };
}

test('declared labels follow scaled and cropped pictures, the other fields keep their bytes, and lines say what was done', async () => {
  const dir = await labeled(
    (x, y) =>
      `"dot": [${x}, ${y}], "n": 1.0, "objects": {"box": [[${x - 2.5}, ${y - 2.5}, 5, 5], null], "id": [7, 8]}, "x": ${x}, "at":[{"p":[${x},${y}]}]`,
  );
  const labelGeometry = {
    dot: 'point',
    'objects.box': 'box[]',
    x: 'x',
    'at.p': 'point',
    'objects.id': 'invariant',
  };
  const { lines, images, text, out, resized } = await written(dir, { labelGeometry });
  expect(resized).toBe(2);
  for (const [index, { dot, objects, x, at, simgan }] of lines.entries()) {
    const seen = centerOf(images[index]!);
    for (const axis of [0, 1]) expect(Math.abs(dot[axis] - seen[axis]!)).toBeLessThan(0.05);
    const [left, top, width, height] = objects.box[0];
    expect([left + width / 2, top + height / 2]).toEqual(
      dot.map((value: number) => expect.closeTo(value, 9)),
    );
    expect(width).toBeCloseTo((5 * 22) / 64, 1);
    expect(objects.box[1]).toBeNull();
    expect(objects.id).toEqual([7, 8]);
    expect([x, at[0].p]).toEqual([dot[0], dot]);
    const [px, py] = places[index]!;
    const { scale, shift, ...source } = simgan.source;
    expect(source).toEqual({ file: `${index}.png`, width: 64, height: 48 });
    expect(scale[0] * (px + 0.5) + shift[0]).toBeCloseTo(dot[0], 9);
    expect(scale[1] * (py + 0.5) + shift[1]).toBeCloseTo(dot[1], 9);
  }
  expect(text).toContain('"n": 1.0');
  // The declaration is kept, so that the dataset can be read at yet another size.
  const smaller = { ...plugin, image: { ...image, width: 11, height: 7 } };
  const again = await readDataset(out, smaller);
  expect(again).toMatchObject({ annotations: 'foreign', labelGeometry });
  const { annotation } = await again.samples.at(0);
  expect((annotation as { dot: number[] }).dot[0]).toBeCloseTo(lines[0].dot[0] / 2, 9);
});

test('fields that look like pixels and are not declared end the reading, with a guess of what they are', async () => {
  const dir = await labeled(
    (x, y) =>
      `"dot": [${x}, ${y}], "objects": {"bbox": [[${x}, ${y}, 5, 5]]}, "landmarks": [[${x}, ${y}], [${y}, ${x}]], "text": "(${x}, ${y})", "cx": ${x}, "yaw": -0.3, "pitch_deg": [-20.5, 30], "share": [0.5, 0.25], "class": ${Math.floor(x)}, "category_id": ${Math.floor(x)}, "lanes": [{"label": ${Math.floor(x)}}], "boxes": {"category": [${Math.floor(x)}, 12]}, "name": "0012", "far": 5000`,
  );
  const error: Error = await readDataset(dir, plugin).then(
    () => expect.unreachable(),
    (reason) => reason,
  );
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(error.message).toContain('of 64 x 48 become 22 x 14');
  expect(error.message).toContain('dot, objects.bbox, landmarks, text, cx.');
  expect(error.message).toContain(
    'dot=point,objects.bbox=box[],landmarks=points,text=invariant,cx=x (a guess',
  );
  // Whoever knows better says so, for one field or for all.
  const { lines } = await written(dir, { labels: 'invariant' });
  expect(lines[0]).toMatchObject({ dot: [20.5, 18.5], cx: 20.5 });
  const labelGeometry = {
    dot: 'point',
    'objects.bbox': 'box[]',
    landmarks: 'points',
    text: 'invariant',
    cx: 'x',
  };
  const declared = await written(dir, { labelGeometry });
  expect(declared.lines[0].text).toBe('(20.5, 18.5)');
  expect(declared.lines[0].cx).toBe(declared.lines[0].dot[0]);
});

test('labels of pictures that already have the size are not looked at', async () => {
  const dir = await folderOf({
    'a.png': await dotAt(5, 5, image),
    'metadata.jsonl': '{"file_name":"a.png","dot":[5.5, 5.50]}\n',
  });
  const { text, lines } = await written(dir);
  expect(text).toContain('"dot":[5.5, 5.50]');
  expect(lines[0].simgan.source).toEqual({
    file: 'a.png',
    width: 22,
    height: 14,
    scale: [1, 1],
    shift: [0, 0],
  });
});

test("annotations of the plugin's kind follow by the geometry that it declares", async () => {
  const dir = await labeled((x, y) => `"dot": [${x}, ${y}], "name": "a"`);
  const { lines, images, annotations } = await written(dir, { annotations: 'plugin' });
  expect(annotations).toBe('plugin');
  for (const [index, { dot, name }] of lines.entries()) {
    const seen = centerOf(images[index]!);
    for (const axis of [0, 1]) expect(Math.abs(dot[axis] - seen[axis]!)).toBeLessThan(0.05);
    expect(name).toBe('a');
  }
});

test('what is not of the kind that was declared is a reject, and unknown kinds are refused with the nearest one', async () => {
  const dir = await folderOf({
    '0.png': await dotAt(20, 18),
    '1.png': await dotAt(20, 18),
    '2.png': await dotAt(20, 18),
    'metadata.jsonl':
      '{"file_name":"0.png","dot":[1,2]}\n{"file_name":"1.png","dot":[1,2,3]}\n{"file_name":"2.png","dot":[[1,2],[3,4]]}\n',
  });
  const { samples, rejects } = await readDataset(dir, plugin, { labelGeometry: { dot: 'point' } });
  expect(samples.length).toBe(1);
  expect(rejects.slice(0, 2)).toEqual([
    { file: 'metadata.jsonl:2', reason: 'Its field dot is [1,2,3], not point.' },
    {
      file: 'metadata.jsonl:3',
      reason: 'Its field dot is [[1,2],[3,4]], not point, but a list of them: point[].',
    },
  ]);
  await expect(
    readDataset(dir, plugin, { labelGeometry: { dot: 'pont', b: 'bocks' } }),
  ).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    problems: [expect.stringContaining('Did you mean point?'), expect.stringContaining('b=bocks')],
  });
});

test('where EXIF turns a picture, nobody knows which way its labels count: it is a reject beside labels in pixels', async () => {
  const turned = await sharp(await dotAt(20, 18))
    .jpeg()
    .withMetadata({ orientation: 6 })
    .toBuffer();
  const dir = await folderOf({
    'a.jpg': turned,
    'b.jpg': turned,
    'c.png': await dotAt(20, 18),
    'metadata.jsonl':
      '{"file_name":"a.jpg","dot":[20.5,18.5]}\n{"file_name":"b.jpg","name":"left"}\n{"file_name":"c.png","name":"x"}\n',
  });
  const { samples, rejects } = await readDataset(dir, plugin);
  expect([0, 1].map((index) => samples.id(index))).toEqual(['b', 'c']);
  expect((await samples.at(1)).annotation).toEqual({ name: 'x' });
  expect(rejects).toEqual([{ file: 'a.jpg', reason: expect.stringContaining('EXIF turns it') }]);
});

const sidecars: DatasetReader<object> = (folder, options) =>
  readEach(
    folder.files.filter((file) => file.endsWith('.png') && folder.files.includes(`${stemOf(file)}.json`)),
    (file) => file,
    async (file) => {
      const annotation = JSON.parse(new TextDecoder().decode(await folder.read(`${stemOf(file)}.json`)));
      return { id: stemOf(file), image: await folder.picture(file, options.image), annotation };
    },
    options,
  );
const blind: DatasetReader<object> = (folder, options) =>
  readEach(
    folder.files.filter((file) => file.endsWith('.png')),
    (file) => file,
    async (file) => ({ id: file, image: await folder.picture(file, options.image), annotation: {} }),
    options,
  );

test.each<[string, Record<string, string>, shown: string, format?: string]>([
  ['a text of the same name', { 'a.json': '{}', 'b.json': '{}' }, '2 .json files (a.json, b.json)'],
  ['a table', { 'metadata.csv': 'file_name,x' }, 'metadata.csv', 'imagefolder'],
  [
    "YOLO's texts",
    { 'a.txt': '0 .5 .5 .1 .1', 'classes.txt': 'eye' },
    '2 .txt files (a.txt, classes.txt)',
    'yolo',
  ],
  ['texts in a folder of their own', { 'labels/a.txt': '0 .5 .5 .1 .1' }, 'labels/a.txt'],
  ['metadata of splits', { 'train/metadata.jsonl': '{}' }, 'train/metadata.jsonl', 'imagefolder'],
  ['arrays', { 'joints.mat': 'x' }, 'joints.mat'],
])('labels that are not read end the reading: %s', async (_, labels, shown, format) => {
  const picture = await dotAt(5, 5, image);
  const dir = await folderOf({
    'a.png': picture,
    'b.png': picture,
    'README.md': 'x',
    'notes.txt': 'x',
    ...labels,
  });
  await expect(readDataset(dir, plugin, { readers: { blind } })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(
      format
        ? /2 pictures without labels/
        : /2 pictures without labels.*None of the formats blind reads them/s,
    ),
  });
  const advice = format ? `They are read with \`format\` ${format}.` : 'Write them';
  await expect(readDataset(dir, plugin)).rejects.toThrow(`not read: ${shown}. ${advice}`);
  const { samples } = await readDataset(dir, plugin, { labels: 'none' });
  expect(samples.length).toBe(2);
});

test('the format that reads the labels is found by trying the readers on a few pictures', async () => {
  const picture = await dotAt(5, 5, image);
  const names = Array.from({ length: 12 }, (_, i) => String(i));
  const dir = await folderOf(
    Object.fromEntries(
      names.flatMap((name) => [
        [`${name}.png`, picture],
        [`${name}.json`, '{}'],
      ]),
    ),
  );
  let read = 0;
  const counted: DatasetReader<object> = async (folder, options) => {
    const found = await sidecars(folder, options);
    read += found.samples.length;
    return found;
  };
  const failing: DatasetReader<object> = async () => {
    throw new Error('no');
  };
  await expect(readDataset(dir, plugin, { readers: { failing, blind, sidecars: counted } })).rejects.toThrow(
    '12 pictures without labels, and beside them lie labels that are not read: 12 .json files (0.json, 1.json and 10 more). They are read with `format` sidecars.',
  );
  expect(read).toBe(4);
});

test('in a real set, companions of pictures are no photographs', async () => {
  const picture = await dotAt(5, 5, image);
  const dir = await folderOf({
    '0.png': picture,
    '1.png': picture,
    'masks/0.png': picture,
    'x.png': picture,
    'metadata.jsonl':
      '{"file_name":"0.png","mask_file_name":"masks/0.png","depth":{"file_name":"./x.png"}}\n' +
      '{"file_name":"1.png","n":2}\n',
  });
  const { images, rejects } = await readImages(dir, image);
  expect([0, 1].map((index) => images.id(index))).toEqual(['0.png', '1.png']);
  expect(images.length).toBe(2);
  expect(rejects.map(({ file }) => file).sort()).toEqual(['masks/0.png', 'x.png']);
});

test('companions are known by their names where nothing names them', async () => {
  const picture = await dotAt(5, 5, image);
  const names = [
    'a.png',
    'a_mask.png',
    'images/b.jpg',
    'masks/b.png',
    'depth/c.png',
    'd-1.png',
    'day/Normals/e.png',
    'day/e.png',
  ];
  const dir = await folderOf(Object.fromEntries(names.map((name) => [name, picture])));
  const expected = ['a_mask.png', 'day/Normals/e.png', 'masks/b.png'];
  const { samples, rejects } = await readDataset(dir, plugin);
  expect(rejects).toEqual([]);
  expect(samples.length).toBe(5);
  const found = new Map<string, string>();
  for await (const { id, companions = [] } of samples as AsyncIterable<Sample<unknown>>) {
    for (const { name, file } of companions) found.set(file, `${name} of ${id}`);
  }
  expect(Object.fromEntries(found)).toEqual({
    'a_mask.png': 'mask of a',
    'day/Normals/e.png': 'normal of day/e',
    'masks/b.png': 'mask of b',
  });
  const real = await readImages(dir, image);
  expect(real.rejects.map(({ file }) => file).sort()).toEqual(expected);
  expect(real.images.length).toBe(5);
});
