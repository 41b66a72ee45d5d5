import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createImage, type DatasetReader, imageOf, type SizedForm } from '@simgan/core';
import { readEach } from '@simgan/core/reading';
import { expect, onTestFinished, test } from 'vitest';
import { encodePng } from '../pictures/pixels.ts';
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
