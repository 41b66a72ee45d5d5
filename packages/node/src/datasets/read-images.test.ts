import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Image, imageOf, type SizedForm } from '@simgan/core';
import { expect, onTestFinished, test } from 'vitest';
import { encodePng } from '../pictures/encode-picture.ts';
import { readImages } from './read-images.ts';
import { writeDataset } from './write-dataset.ts';

const spec: SizedForm = { width: 6, height: 4, channels: 1, bits: 8 };
const picture = (value: number): Image => imageOf(new Uint8Array(24).fill(value), spec);

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-read-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function put(dir: string, files: Record<string, Uint8Array | string | number>): Promise<void> {
  for (const [file, content] of Object.entries(files)) {
    await mkdir(join(dir, file, '..'), { recursive: true });
    await writeFile(
      join(dir, file),
      typeof content === 'number' ? await encodePng(picture(content)) : content,
    );
  }
}

/** The checksum of PNG chunks (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A PNG's signature and header that claim a size, with no pixels behind them. */
async function headerOf(width: number, height: number): Promise<Buffer> {
  const png = Buffer.from(await encodePng(picture(0)));
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}

test('a folder is its pictures in the order of their paths, whatever their names say', async () => {
  const dir = await temporaryFolder();
  await put(dir, { 'b/2.png': 2, 'b/10.png': 10, 'a.jpeg': 1, 'Z.png': 26, noname: 3, 'ä.png': 4 });
  const { images, rejects, ignored, resized } = await readImages(dir, spec);
  const found: Record<string, number> = {};
  for await (const { id, image } of images) found[id] = image.data[0]!;
  expect(Object.entries(found)).toEqual([
    ['Z.png', 26],
    ['a.jpeg', 1],
    ['b/10.png', 10],
    ['b/2.png', 2],
    ['noname', 3],
    ['ä.png', 4],
  ]);
  expect({ rejects, ignored, resized }).toEqual({ rejects: [], ignored: 0, resized: 0 });
});

test('what cannot be used is listed with its reason, and the rest is read', async () => {
  const dir = await temporaryFolder();
  const whole = await encodePng(picture(9));
  await put(dir, {
    'good.png': 7,
    'truncated.png': whole.subarray(0, whole.length - 20),
    'text.jpg': 'These are my holidays.',
    'empty.png': '',
    'dot.png': await encodePng({ ...spec, width: 1, height: 1, data: Uint8Array.of(1) }),
    'huge.png': await headerOf(20_000, 20_000),
    'old.gif': 'GIF89a....',
    'old.bmp': Buffer.from('424d460000000000000036000000', 'hex'),
    'large.png': Buffer.alloc(5000),
  });
  await symlink('loop.png', join(dir, 'loop.png'));
  await symlink('.', join(dir, 'again'));
  await symlink('nowhere.png', join(dir, 'broken.png'));
  const { images, rejects } = await readImages(dir, spec, { maxBytes: 4096 });
  expect(images.length).toBe(1);
  expect((await images.at(0)).image).toEqual(picture(7));
  expect(rejects.map(({ file, reason }) => `${file}: ${reason}`).sort()).toMatchInlineSnapshot(`
    [
      "again: It is a link to a folder, and links to folders are not followed; pass that folder itself.",
      "broken.png: It does not exist, or is a link to something that does not.",
      "dot.png: The picture is 1 x 1, too small for 6 x 4: scaled up it would be blur.",
      "empty.png: The file is empty.",
      "huge.png: The picture is 20000 x 20000; pictures of more than 50 megapixels are not read.",
      "large.png: The file has 5000 bytes; picture files of more than 4096 bytes are not read.",
      "loop.png: It is a link that leads back to itself.",
      "old.bmp: The file is a BMP, which is not read; convert it to PNG, JPEG, WebP or TIFF.",
      "old.gif: The file is a GIF, which is not read; convert it to PNG, JPEG, WebP or TIFF.",
      "text.jpg: The file is not a picture: its content is none of PNG, JPEG, WebP and TIFF.",
      "truncated.png: The picture is damaged or cut off; it cannot be decoded.",
    ]
  `);
});

test('a form without a size reads images of any size unscaled', async () => {
  const dir = await temporaryFolder();
  const sizes = [
    [1, 1],
    [9, 2],
    [6, 4],
  ] as const;
  const stored = sizes.map(([width, height], index) =>
    imageOf(new Uint8Array(width * height).fill(index + 1), { ...spec, width, height }),
  );
  for (const [index, image] of stored.entries()) await put(dir, { [`${index}.png`]: await encodePng(image) });
  await put(dir, { 'text.png': 'x' });
  for (const memoryBudget of [0, 1000]) {
    const form = { channels: 1, bits: 8 } as const;
    const { images, rejects, resized } = await readImages(dir, form, { memoryBudget });
    expect([images.length, resized]).toEqual([3, 0]);
    for (const [index, image] of stored.entries()) expect((await images.at(index)).image).toEqual(image);
    expect(rejects.map(({ file }) => file)).toEqual(['text.png']);
  }
  // With a size they are scaled to it and counted, or too small for it.
  const { images, resized, rejects } = await readImages(dir, spec);
  expect([images.length, resized]).toEqual([2, 1]);
  expect(rejects.map(({ file }) => file).sort()).toEqual(['0.png', 'text.png']);
  for await (const { image } of images) expect(image).toMatchObject({ width: 6, height: 4 });
});

test('ids are known without reading images', async () => {
  const dir = await temporaryFolder();
  await put(dir, { 'b.png': 2, 'a/c.png': 1 });
  const { images } = await readImages(dir, spec, { memoryBudget: 0 });
  await rm(dir, { recursive: true });
  expect([images.id(0), images.id(1)]).toEqual(['a/c.png', 'b.png']);
});

test('a loop of links between folders ends', async () => {
  const dir = await temporaryFolder();
  await put(dir, { 'a/1.png': 1, 'b/2.png': 2 });
  await symlink('../b', join(dir, 'a', 'to-b'));
  await symlink('../a', join(dir, 'b', 'to-a'));
  const { images, rejects } = await readImages(dir, spec);
  expect(images.length).toBe(2);
  expect(rejects.map(({ file }) => file)).toEqual(['a/to-b', 'b/to-a']);
});

test('a link to a file is that file; the folder itself may be a link', async () => {
  const elsewhere = await temporaryFolder();
  const dir = await temporaryFolder();
  await put(elsewhere, { 'x.png': 5 });
  await symlink(join(elsewhere, 'x.png'), join(dir, 'linked.png'));
  await symlink(dir, join(elsewhere, 'folder'));
  const { images } = await readImages(join(elsewhere, 'folder'), spec);
  expect(await images.at(0)).toEqual({ id: 'linked.png', image: picture(5) });
});

test('what is no picture and does not claim to be is ignored', async () => {
  const dir = await temporaryFolder();
  await put(dir, {
    '1.png': 1,
    'metadata.jsonl': '{}',
    'README.md': '#',
    LICENSE: 'MIT',
    '.hidden.png': 'x',
    '.git/x.png': 'x',
    'labels.mat': 'MATLAB',
  });
  const { rejects, ignored, images } = await readImages(dir, spec);
  expect({ rejects, ignored, length: images.length }).toEqual({ rejects: [], ignored: 4, length: 1 });
});

test('a file that may not be read is a reject', async ({ skip }) => {
  const dir = await temporaryFolder();
  await put(dir, { '1.png': 1, '2.png': 2, 'closed/3.png': 3 });
  await chmod(dir, 0o755);
  await chmod(join(dir, '2.png'), 0);
  await chmod(join(dir, 'closed'), 0);
  // Root may read every file, so root becomes someone else for a moment.
  const isRoot = process.geteuid?.() === 0;
  skip(process.platform === 'win32', 'Windows has no such permissions');
  if (isRoot) process.seteuid!(65534);
  const { images, rejects } = await readImages(dir, spec).finally(() => {
    if (isRoot) process.seteuid!(0);
  });
  expect(images.length).toBe(1);
  expect(rejects).toEqual([
    { file: 'closed', reason: 'It cannot be read: permission denied.' },
    { file: '2.png', reason: 'It cannot be read: permission denied.' },
  ]);
});

test('a pipe in the folder does not stop the reader', async ({ skip }) => {
  const dir = await temporaryFolder();
  await put(dir, { '1.png': 1 });
  skip(spawnSync('mkfifo', [join(dir, 'pipe.png')]).status !== 0, 'mkfifo is missing');
  const { rejects } = await readImages(dir, spec);
  expect(rejects).toEqual([{ file: 'pipe.png', reason: 'It is neither a file nor a folder.' }]);
  await expect(readImages([join(dir, 'pipe.png')], spec)).rejects.toThrow('It is not a file.');
});

test('a folder with nothing usable says what was looked for and why each file was left out', async () => {
  const dir = await temporaryFolder();
  await expect(readImages(dir, spec)).rejects.toMatchObject({
    code: 'NOT_ENOUGH_DATA',
    message: `There is no usable picture in ${dir} (PNG, JPEG, WebP or TIFF, looked for in all its folders; 0 rejected).`,
  });
  await put(dir, { 'a.png': 'x', 'b.png': 'x', 'c.png': 'x', 'd.png': 'x', 'e.txt': 'x' });
  await expect(readImages(dir, spec)).rejects.toThrow(
    /4 rejected, 1 other file ignored\)\.\n {2}a\.png: .*\n.*\n.*\n {2}and 1 more$/,
  );
  await expect(readImages(join(dir, 'nowhere'), spec)).rejects.toMatchObject({ code: 'NOT_ENOUGH_DATA' });
  await expect(readImages(join(dir, 'a.png'), spec)).rejects.toThrow('is a file. Pass the folder');
});

test('fewer pictures than are needed are an error', async () => {
  const dir = await temporaryFolder();
  await put(dir, { '1.png': 1, '2.png': 2 });
  await expect(readImages(dir, spec, { atLeast: 3 })).rejects.toMatchObject({
    code: 'NOT_ENOUGH_DATA',
    message: expect.stringContaining('only 2 usable pictures, and at least 3 are needed'),
  });
  expect((await readImages(dir, spec, { atLeast: 2 })).images.length).toBe(2);
});

test('pictures beyond the memory budget are decoded again, the others are kept', async () => {
  const dir = await temporaryFolder();
  await put(dir, { '1.png': 1, '2.png': 2, '3.png': 3 });
  const { images } = await readImages(dir, spec, { memoryBudget: 2 * 24 });
  expect((await images.at(2)).image).toEqual(picture(3));
  for (const name of ['1', '2', '3']) await rm(join(dir, `${name}.png`));
  const outcomes = await Promise.allSettled([0, 1, 2].map((index) => images.at(index)));
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: { code: 'INVALID_FILE', message: expect.stringContaining('no longer is') },
  });
});

test('a dataset of ours is read as its pictures, not its preview', async () => {
  const dir = join(await temporaryFolder(), 'out');
  const samples = async function* () {
    yield { id: 'x', image: picture(3), annotation: {} };
  };
  await writeDataset(dir, samples(), { plugin: { name: 'dots', image: spec } });
  await put(dir, { 'preview.png': 200 });
  const { images } = await readImages(dir, spec);
  expect(images.length).toBe(1);
  expect(await images.at(0)).toEqual({ id: '0000000.png', image: picture(3) });
});

test('progress counts every file; an abort stops the reading', async () => {
  const dir = await temporaryFolder();
  await put(dir, { '1.png': 1, '2.png': 'x', 'notes.txt': 'x' });
  const progress: number[][] = [];
  await readImages(dir, spec, { onProgress: (done, total) => progress.push([done, total]) });
  expect(progress).toEqual([
    [1, 3],
    [2, 3],
    [3, 3],
  ]);
  await expect(readImages(dir, spec, { signal: AbortSignal.abort(new Error('Ctrl-C')) })).rejects.toThrow(
    'Ctrl-C',
  );
});

test('a list may name files', async () => {
  const dir = await temporaryFolder();
  await put(dir, { '1.png': 1, '2.png': 2 });
  const files = [join(dir, '2.png'), join(dir, '1.png'), join(dir, '2.png'), join(dir, '9.png')];
  const { images, rejects } = await readImages(files, spec);
  expect([(await images.at(0)).image.data[0], (await images.at(1)).image.data[0], images.length]).toEqual([
    2, 1, 2,
  ]);
  expect(rejects).toEqual([
    { file: files[3], reason: 'It does not exist, or is a link to something that does not.' },
  ]);
});

test("the values of a sensor of 10 bits in 16 become black and white by the whole set's range, which is said", async () => {
  const dir = await temporaryFolder();
  const deep: SizedForm = { ...spec, bits: 16 };
  const of = async (values: readonly number[]) =>
    encodePng(
      imageOf(
        Uint16Array.from({ length: 24 }, (_, i) => values[i % values.length]!),
        deep,
      ),
    );
  await put(dir, { 'a.png': await of([0, 256, 512]), 'b.png': await of([100, 1020]), 'c.png': 77 });
  for (const memoryBudget of [0, 1000]) {
    const { images, range } = await readImages(dir, spec, { memoryBudget });
    expect(range).toEqual([0, 1023]);
    const first = await Promise.all([0, 1, 2].map(async (i) => (await images.at(i)).image.data.slice(0, 3)));
    expect(first).toEqual(
      [
        [0, 64, 128],
        [25, 254, 25],
        [77, 77, 77],
      ].map((row) => Uint8Array.from(row)),
    );
  }
  // What cannot be known is refused, with the option that says it.
  await put(dir, { 'b.png': await of([100, 300]), 'a.png': await of([5]) });
  await expect(readImages(dir, spec)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('hold values up to 300'),
  });
  const { images } = await readImages(dir, spec, { valueRange: [0, 400] });
  expect([...(await images.at(1)).image.data.slice(0, 2)]).toEqual([64, 191]);
  await expect(readImages(dir, spec, { valueRange: [9, 3] })).rejects.toThrow('`valueRange` [9,3]: expected');
});
