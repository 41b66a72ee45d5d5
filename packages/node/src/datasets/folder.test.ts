import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DatasetReader, SizedForm } from '@simgan/core';
import { readEach } from '@simgan/core/reading';
import h5wasm from 'h5wasm/node';
import { expect, onTestFinished, test } from 'vitest';
import { encodePng } from '../pictures/pixels.ts';
import { openFolder, readFormat } from './folder.ts';

const spec: SizedForm = { width: 6, height: 4, channels: 1, bits: 8 };

async function folderOf(files: Record<string, Uint8Array | string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-folder-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), content);
  }
  return dir;
}

async function opened(dir: string) {
  const folder = await openFolder(dir);
  onTestFinished(() => folder.close());
  return folder;
}

async function writeHdf5(file: string): Promise<void> {
  await h5wasm.ready;
  const out = new h5wasm.File(file, 'w');
  const group = out.create_group('p00');
  group.create_dataset({
    name: 'image',
    data: Uint8Array.from({ length: 24 }, (_, i) => i),
    shape: [2, 3, 4],
  });
  group.create_dataset({ name: 'gaze', data: Float64Array.of(0.1, Number.NaN), shape: [1, 2] });
  group.create_dataset({ name: 'count', data: BigInt64Array.of(7n), shape: [1] });
  out.create_dataset({ name: 'path', data: ['imgs/1.jpg', 'imgs/2.jpg'] });
  out.close();
}

test('lists files in a fixed order and decodes pictures at their own size', async () => {
  const image = Uint8Array.from({ length: 24 }, (_, i) => i * 10);
  const dir = await folderOf({ 'b.png': await encodePng(image, spec), 'a/1.json': '{}', 'a/10.json': '[]' });
  const folder = await opened(dir);
  expect(folder.files).toEqual(['a/1.json', 'a/10.json', 'b.png']);
  expect(new TextDecoder().decode(await folder.read('a/10.json'))).toBe('[]');
  expect(await folder.picture('b.png', { channels: 1, bits: 8 })).toEqual({ image, spec });
  const colour = await folder.picture('b.png', { channels: 3, bits: 8 });
  expect(colour.spec).toEqual({ ...spec, channels: 3 });
  expect(Array.from(colour.image.slice(3, 6))).toEqual([10, 10, 10]);
  await expect(folder.picture('a/1.json', { channels: 1, bits: 8 })).rejects.toThrow('not a picture');
});

test('reads nothing that it did not list', async () => {
  const folder = await opened(await folderOf({ 'a.txt': 'a' }));
  await expect(folder.read('../a.txt')).rejects.toThrow('There is no file ../a.txt');
  await expect(folder.hdf5('/etc/passwd', () => 0)).rejects.toThrow('There is no file /etc/passwd');
  await expect(openFolder(join(folder.name, 'none'))).rejects.toThrow('cannot be read');
});

test('reads HDF5 files, whole arrays and parts of them', async () => {
  const dir = await folderOf({ 'note.txt': '' });
  await writeHdf5(join(dir, 'a.h5'));
  const folder = await opened(dir);
  await folder.hdf5('a.h5', (file) => {
    expect(file.names('')).toEqual(['p00', 'path']);
    expect(file.names('p00')).toEqual(['count', 'gaze', 'image']);
    expect(file.names('none')).toEqual([]);
    expect(file.shape('p00/image')).toEqual([2, 3, 4]);
    expect(file.shape('p00')).toBeUndefined();
    expect(file.shape('path')).toBeUndefined();
    expect(Array.from(file.numbers('p00/image').data)).toEqual(Array.from({ length: 24 }, (_, i) => i));
    const second = file.numbers('p00/image', { axis: 0, start: 1, end: 2 });
    expect(second.shape).toEqual([1, 3, 4]);
    expect(Array.from(second.data)).toEqual(Array.from({ length: 12 }, (_, i) => 12 + i));
    expect(Array.from(file.numbers('p00/gaze').data)).toEqual([0.1, Number.NaN]);
    expect(Array.from(file.numbers('p00/count').data)).toEqual([7]);
    expect(file.texts('path')).toEqual(['imgs/1.jpg', 'imgs/2.jpg']);
    expect(file.texts('p00/image')).toBeUndefined();
    expect(() => file.numbers('p00/none')).toThrow('a.h5 has no array of numbers p00/none.');
  });
});

test('reads HDF5 behind a header of 512 bytes, as MATLAB writes it, and many files in any order', async () => {
  const dir = await folderOf({ 'note.txt': '' });
  await writeHdf5(join(dir, 'plain.h5'));
  const { readFile } = await import('node:fs/promises');
  const behind = Buffer.concat([Buffer.alloc(512), await readFile(join(dir, 'plain.h5'))]);
  const names = Array.from({ length: 12 }, (_, i) => `day${i}.mat`);
  for (const name of names) await writeFile(join(dir, name), behind);
  const folder = await opened(dir);
  const last = (name: string) => folder.hdf5(name, (file) => file.numbers('p00/image').data[23]);
  expect(await Promise.all([...names, ...names].map(last))).toEqual(Array.from({ length: 24 }, () => 23));
});

test('says what is wrong with an HDF5 file, in a sentence and not on the console', async () => {
  const dir = await folderOf({ 'text.h5': 'no HDF5 at all', 'empty.h5': '' });
  await writeHdf5(join(dir, 'a.h5'));
  const { readFile } = await import('node:fs/promises');
  const whole = await readFile(join(dir, 'a.h5'));
  await writeFile(join(dir, 'cut.h5'), whole.subarray(0, whole.length / 2));
  const folder = await opened(dir);
  const names = (file: string) => folder.hdf5(file, (open) => open.names(''));
  await expect(names('text.h5')).rejects.toThrow('text.h5 is not an HDF5 file: it has no HDF5 signature.');
  await expect(names('empty.h5')).rejects.toThrow('no HDF5 signature');
  await expect(names('cut.h5')).rejects.toThrow(
    /^It cannot be opened as HDF5: truncated file: .* \(cut\.h5\)\.$/,
  );
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
      return { id: file, image: new Uint8Array(24).fill(value), annotation: { value } };
    },
    options,
  );

test('gives every sample and every reject in order, whatever fits in memory', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`${String(i).padStart(2, '0')}.txt`, String(i)]),
  );
  const dir = await folderOf({ ...files, '05.txt': 'bad', '17.txt': 'picture' });
  for (const memoryBudget of [0, 20_000, 2 ** 20]) {
    const seen: number[] = [];
    const { samples, rejects } = await readFormat(dir, reader, {
      image: spec,
      memoryBudget,
      onProgress: (done) => seen.push(done),
    });
    expect(rejects).toEqual([
      { file: '05.txt:value', reason: 'It is bad.' },
      { file: '17.txt', reason: expect.stringContaining('not a picture') },
    ]);
    const values = [];
    for await (const { image, annotation } of samples) {
      expect(image[0]).toBe(annotation.value);
      values.push(annotation.value);
    }
    expect(values).toEqual(Array.from({ length: 30 }, (_, i) => i).filter((i) => i !== 5 && i !== 17));
    expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  }
});

test('a folder without a usable sample is an error that names the first rejects', async () => {
  const dir = await folderOf({ '1.txt': 'bad' });
  await expect(readFormat(dir, reader, { image: spec })).rejects.toThrow(
    /There is no usable sample of this format in .*: 1 files were looked at, 1 rejected\.\n {2}1\.txt:value: It is bad\./,
  );
});

test('stops when it is told to', async () => {
  const dir = await folderOf({ '1.txt': '1' });
  const signal = AbortSignal.abort();
  await expect(readFormat(dir, reader, { image: spec, signal })).rejects.toThrow('aborted');
});
