import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import {
  createDataset,
  createImage,
  type DatasetReader,
  datasetOf,
  imageOf,
  type SizedForm,
} from '@simgan/core';
import { idKey, idProblem, readEach } from '@simgan/core/reading';
import { expect, onTestFinished, test } from 'vitest';
import { encodePng } from '../pictures/encode-picture.ts';
import { openFolder, readFormat } from './folder.ts';

const form: SizedForm = { width: 6, height: 4, channels: 1, bits: 8 };

async function folderOf(files: Record<string, Uint8Array | string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-folder-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), content);
  }
  return dir;
}

test('lists files in a fixed order and decodes pictures at their own size', async () => {
  const data = Uint8Array.from({ length: 24 }, (_, i) => i * 10);
  const image = imageOf(data, form);
  const dir = await folderOf({ 'b.png': await encodePng(image), 'a/1.json': '{}', 'a/10.json': '[]' });
  const folder = await openFolder(dir);
  expect(folder.files).toEqual(['a/1.json', 'a/10.json', 'b.png']);
  expect(new TextDecoder().decode(await folder.read('a/10.json'))).toBe('[]');
  const gray = await folder.picture('b.png', { channels: 1, bits: 8 });
  expect({ ...gray, data: Uint8Array.from(gray.data) }).toEqual(image);
  const color = await folder.picture('b.png', { channels: 3, bits: 8 });
  expect(color).toMatchObject({ width: 6, height: 4, channels: 3, bits: 8 });
  expect(Array.from(color.data.slice(3, 6))).toEqual([10, 10, 10]);
  await expect(folder.picture('a/1.json', { channels: 1, bits: 8 })).rejects.toThrow('not a picture');
});

test('decodes pictures at their own size also where the form has another', async () => {
  const folder = await openFolder(await folderOf({ 'b.png': await encodePng(createImage(form)) }));
  const small: SizedForm = { ...form, width: 3, height: 2 };
  expect(await folder.picture('b.png', small)).toMatchObject({ width: 6, height: 4 });
});

test('gives the path of each file on this machine', async () => {
  const dir = await folderOf({ 'a/1.txt': 'one' });
  const folder = await openFolder(relative(process.cwd(), dir));
  expect(folder.name).toBe(relative(process.cwd(), dir));
  expect(folder.locate('a/1.txt')).toBe(join(dir, 'a', '1.txt'));
});

test('reads nothing that it did not list', async () => {
  const folder = await openFolder(await folderOf({ 'a.txt': 'a' }));
  await expect(folder.read('../a.txt')).rejects.toThrow('There is no file ../a.txt');
  expect(() => folder.locate('/etc/passwd')).toThrow('There is no file /etc/passwd');
  await expect(folder.picture('b.png', form)).rejects.toThrow('There is no file b.png');
  await expect(openFolder(join(folder.name, 'none'))).rejects.toThrow('cannot be read');
});

test('says why a file cannot be read', async () => {
  const folder = await openFolder(await folderOf({ 'a.txt': 'a' }));
  await rm(join(folder.name, 'a.txt'));
  await expect(folder.read('a.txt')).rejects.toThrow(/^a\.txt cannot be read\. It does not exist/);
});

/** Each text file is a sample whose pixels are its number; `bad` is refused by its content and a damaged picture by its decoder. */
const reader: DatasetReader<{ value: number }> = (folder, options) =>
  readEach(
    folder.files,
    (file) => file,
    async (file) => {
      const text = new TextDecoder().decode(await folder.read(file));
      if (text === 'bad') return { file: `${file}:value`, reason: 'It is bad.' };
      if (text === 'picture') await folder.picture(file, options.image);
      const value = Number(text);
      return { id: file, image: imageOf(new Uint8Array(24).fill(value), form), annotation: { value } };
    },
    options,
  );

test("ids of a reader that cannot name files or come twice are made valid and unique; the reader's own stay in sources", async () => {
  const ids = ['aux', 'Eye', 'eye', '../up', `${'x'.repeat(300)}`, 'fine'];
  const unruly: DatasetReader<object> = async () => ({
    samples: datasetOf(ids.map((id) => ({ id, image: imageOf(new Uint8Array(24), form), annotation: {} }))),
    rejects: [],
  });
  const { samples } = await readFormat(await folderOf({ 'a.txt': '' }), unruly, { image: form });
  const settled = ids.map((_, index) => samples.id(index));
  expect(settled.map(idProblem)).toEqual(ids.map(() => undefined));
  expect(new Set(settled.map(idKey)).size).toBe(ids.length);
  expect(settled[5]).toBe('fine');
  expect(await samples.at(0)).toMatchObject({ id: '_aux', source: { id: 'aux' } });
  const listed = [];
  for await (const { id } of samples) listed.push(id);
  expect(listed).toEqual(settled);
});

test('gives every sample and every reject in order, whatever fits in memory', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`${String(i).padStart(2, '0')}.txt`, String(i)]),
  );
  const dir = await folderOf({ ...files, '05.txt': 'bad', '17.txt': 'picture' });
  for (const memoryBudget of [0, 20_000, 2 ** 20]) {
    const seen: number[] = [];
    const { samples, rejects } = await readFormat(dir, reader, {
      image: form,
      memoryBudget,
      onProgress: (done) => seen.push(done),
    });
    expect(rejects).toEqual([
      { file: '05.txt:value', reason: 'It is bad.' },
      { file: '17.txt', reason: expect.stringContaining('not a picture') },
    ]);
    const values = [];
    for await (const { image, annotation } of samples) {
      expect(image.data[0]).toBe(annotation.value);
      values.push(annotation.value);
    }
    expect(values).toEqual(Array.from({ length: 30 }, (_, i) => i).filter((i) => i !== 5 && i !== 17));
    expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  }
});

test('a folder without a usable sample is an error that names the first rejects', async () => {
  const dir = await folderOf({ '1.txt': 'bad' });
  await expect(readFormat(dir, reader, { image: form })).rejects.toThrow(
    /There is no usable sample of this format in .*: 1 file was looked at, 1 rejected\.\n {2}1\.txt:value: It is bad\./,
  );
});

test('stops when its signal is aborted', async () => {
  const dir = await folderOf({ '1.txt': '1' });
  const signal = AbortSignal.abort();
  await expect(readFormat(dir, reader, { image: form, signal })).rejects.toThrow('aborted');
});

test('a reader that fails at one file loses that file alone, and its other errors are sentences', async () => {
  const dir = await folderOf({ '1.txt': '1', '2.txt': '2', '3.txt': '3', '4.txt': '4' });
  let isLater = false;
  const fragile: DatasetReader<{ value: number }> = (folder, options) =>
    readEach(
      folder.files,
      (file) => file,
      async (file) => {
        if (file === '2.txt') throw new TypeError('x is not a function');
        if (file === '3.txt') throw 'a text';
        if (isLater) throw new RangeError('too late');
        return { id: file, image: imageOf(new Uint8Array(24), form), annotation: { value: 1 } };
      },
      options,
    );
  const { samples, rejects } = await readFormat(dir, fragile, { image: form, memoryBudget: 0 });
  expect(rejects).toEqual([
    { file: '2.txt', reason: 'Its reader failed (TypeError: x is not a function). Please report it.' },
    { file: '3.txt', reason: 'Its reader failed (a text). Please report it.' },
  ]);
  expect((await samples.at(1)).id).toBe('4.txt');
  isLater = true;
  await expect(samples.at(1)).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining('4.txt was usable at the start and no longer is: Its reader failed'),
  });

  const broken: DatasetReader<{ value: number }> = () => {
    throw new TypeError('no');
  };
  await expect(readFormat(dir, broken, { image: form })).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: `The reader of this format fails at ${dir}: no.`,
  });
  const late: DatasetReader<{ value: number }> = async () => ({
    samples: createDataset(2, () => {
      throw new TypeError('no');
    }),
    rejects: [],
  });
  const read = await readFormat(dir, late, { image: form });
  const message = `The reader of this format fails at sample 0000001 of ${dir}: no.`;
  await expect(read.samples.at(1)).rejects.toMatchObject({ code: 'INVALID_FILE', message });
  await expect(read.samples[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'INVALID_FILE' });
});

test('between inputs the event loop runs, so that a signal is heard by a reader that never waits', async () => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`${i}.txt`, '']));
  const dir = await folderOf(files);
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('stop')), 30);
  let read = 0;
  const busy: DatasetReader<object> = (folder, options) =>
    readEach(
      folder.files,
      (file) => file,
      async (file, signal) => {
        expect(signal).toBe(stop.signal);
        read++;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
        return { id: file, image: imageOf(new Uint8Array(24), form), annotation: {} };
      },
      options,
    );
  await expect(readFormat(dir, busy, { image: form, signal: stop.signal })).rejects.toThrow('stop');
  expect(read).toBeLessThan(200);
});

test('files and pictures beyond the limits are refused unread', async () => {
  const png = await encodePng(createImage(form));
  const folder = await openFolder(await folderOf({ 'a.txt': 'abcd', 'b.png': png }));
  expect((await folder.read('a.txt', 4)).length).toBe(4);
  await expect(folder.read('a.txt', 3)).rejects.toThrow(
    'a.txt has 4 bytes, and at most 3 are read of such a file.',
  );
  const small = { channels: 1, bits: 8, maxPixels: 23 } as const;
  await expect(folder.picture('b.png', small)).rejects.toThrow('The picture is 6 x 4; pictures of more than');
  expect(await folder.picture('b.png', { ...small, maxPixels: 24 }, ({ width }) => width)).toBe(6);
});
