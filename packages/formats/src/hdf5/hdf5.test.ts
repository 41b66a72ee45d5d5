import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimganError } from '@simgan/core';
import type { Folder } from '@simgan/core/reading';
import { openFolder } from '@simgan/node';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { pixels, writeFloat16, writeHdf5 } from '../../test/write-hdf5.ts';
import { hdf5 } from './hdf5.ts';
import type { Hdf5File } from './hdf5-file.ts';

let whole: Buffer;
beforeAll(async () => {
  whole = await writeHdf5();
});

async function onDisk(files: Record<string, Uint8Array | string>): Promise<Folder> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'simgan-hdf5-')));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [file, content] of Object.entries(files)) await writeFile(join(dir, file), content);
  return openFolder(dir);
}

/** A folder that is not on this machine. */
function elsewhere(files: Record<string, Uint8Array>): Folder {
  return {
    name: 'elsewhere',
    files: Object.keys(files),
    rejects: [],
    read: async (file) => files[file]!,
    picture: () => Promise.reject(new SimganError('INVALID_IMAGE', 'There are no pictures.')),
    pictureSize: () => Promise.reject(new SimganError('INVALID_IMAGE', 'There are no pictures.')),
    locate: () => undefined,
  };
}

const lastPixel = (file: Hdf5File) => file.numbers('p00/image').data[23];

test.each(['here', 'elsewhere'])('reads whole arrays, parts of them and texts, %s', async (place) => {
  const folder = place === 'here' ? await onDisk({ 'a.h5': whole }) : elsewhere({ 'a.h5': whole });
  await hdf5(folder, 'a.h5', (file) => {
    expect(file.names('')).toEqual(['fixed', 'p00', 'packed', 'path', 'scalar']);
    expect(file.names('p00')).toEqual(['count', 'gaze', 'image', 'offset']);
    expect(file.names('none')).toEqual([]);
    expect(file.names('p00/image')).toEqual([]);
    expect(file.shape('p00/image')).toEqual([2, 3, 4]);
    expect(file.shape('scalar')).toEqual([]);
    expect(file.shape('p00')).toBeUndefined();
    expect(file.shape('path')).toBeUndefined();
    expect(file.shape('none/none')).toBeUndefined();
    const dtypes = [
      'p00/image',
      'p00/gaze',
      'p00/count',
      'p00/offset',
      'packed',
      'scalar',
      'path',
      'p00',
      'none',
    ];
    expect(dtypes.map((path) => file.dtype(path))).toEqual([
      'uint8',
      'float64',
      'int64',
      'int8',
      'float32',
      'int32',
      ...[undefined, undefined, undefined],
    ]);
    expect(Array.from(file.numbers('p00/image').data)).toEqual(pixels);
    expect(Array.from(file.numbers('/p00//image/').data)).toEqual(pixels);
    const second = file.numbers('p00/image', { axis: 0, start: 1, end: 2 });
    expect(second).toEqual({ shape: [1, 3, 4], data: Uint8Array.from(pixels.slice(12)) });
    const column = file.numbers('p00/image', { axis: 2, start: 3, end: 4 });
    expect(column).toEqual({ shape: [2, 3, 1], data: Uint8Array.of(3, 7, 11, 15, 19, 23) });
    const none = file.numbers('p00/image', { axis: 1, start: 2, end: 2 });
    expect(none).toEqual({ shape: [2, 0, 4], data: new Uint8Array() });
    expect(Array.from(file.numbers('p00/gaze').data)).toEqual([0.1, Number.NaN]);
    expect(Array.from(file.numbers('p00/count').data)).toEqual([7]);
    expect(Array.from(file.numbers('p00/offset').data)).toEqual([-1, 127]);
    expect(Array.from(file.numbers('scalar').data)).toEqual([5]);
    expect(Array.from(file.numbers('packed').data)).toEqual(Array.from({ length: 100 }, (_, i) => i / 2));
    expect(file.texts('path')).toEqual(['imgs/1.jpg', 'ä.jpg', '']);
    expect(file.texts('fixed')).toEqual(['ab', 'cde']);
    expect(file.texts('p00/image')).toBeUndefined();
    expect(file.texts('none')).toBeUndefined();
    expect(() => file.numbers('p00/none')).toThrow('a.h5 has no array of numbers p00/none.');
    expect(() => file.numbers('p00/image', { axis: 0, start: 1, end: 3 })).toThrow(
      'There are no indices 1 to 3 along axis 0 of p00/image of a.h5, whose shape is 2 x 3 x 4.',
    );
    expect(() => file.numbers('p00/image', { axis: 3, start: 0, end: 1 })).toThrow('along axis 3');
  });
});

test('reads 16-bit floats', async () => {
  const file = await writeFloat16(Uint16Array.from({ length: 34 }, (_, i) => 0x3c00 + i));
  await hdf5(elsewhere({ 'a.h5': file }), 'a.h5', (open) => {
    expect(open.dtype('half')).toBe('float16');
    const data = Float32Array.from({ length: 34 }, (_, i) => 1 + i / 1024);
    expect(open.numbers('half')).toEqual({ shape: [34], data });
  });
});

test('reads a file of this machine where it is, not as a whole', async () => {
  const folder = await onDisk({ 'a.h5': whole });
  const read = () => Promise.reject(new Error('The file was read as a whole.'));
  expect(await hdf5({ ...folder, read }, 'a.h5', lastPixel)).toBe(23);
});

test('reads HDF5 after a header of 512 bytes, as MATLAB writes it', async () => {
  const file = Buffer.concat([Buffer.alloc(512), whole]);
  expect(await hdf5(elsewhere({ 'day.mat': file }), 'day.mat', lastPixel)).toBe(23);
});

test('reads many files in any order, and keeps few of them open', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `day${i}.h5`);
  const folder = await onDisk(Object.fromEntries(names.map((name) => [name, whole])));
  const open = () =>
    process.platform === 'linux'
      ? readdirSync('/proc/self/fd').flatMap((handle) => {
          try {
            const path = readlinkSync(`/proc/self/fd/${handle}`);
            return path.startsWith(folder.name) ? [path.slice(folder.name.length + 1)] : [];
          } catch {
            return [];
          }
        })
      : names.slice(4);
  const read = await Promise.all([...names, ...names].map((name) => hdf5(folder, name, lastPixel)));
  expect(read).toEqual(Array.from({ length: 24 }, () => 23));
  expect(open().sort()).toEqual(names.slice(4).sort());
});

test('files of one name in different folders are different files', async () => {
  const half = await writeFloat16(new Uint16Array(34));
  const folders = [
    elsewhere({ 'a.h5': whole }),
    elsewhere({ 'a.h5': half }),
    await onDisk({ 'a.h5': whole }),
  ];
  const names = await Promise.all(
    folders.map((folder) => hdf5(folder, 'a.h5', (file) => file.names('').length)),
  );
  expect(names).toEqual([5, 1, 5]);
});

test('closes files when nothing was read for a second', async () => {
  const folder = await onDisk({ 'a.h5': whole, 'b.h5': await writeFloat16(new Uint16Array(34)) });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const names = () => hdf5(folder, 'a.h5', (file) => file.names(''));
  const before = await names();
  await rename(join(folder.name, 'b.h5'), join(folder.name, 'a.h5'));
  vi.advanceTimersByTime(900);
  expect(await names()).toEqual(before);
  vi.advanceTimersByTime(900);
  expect(await names()).toEqual(before);
  vi.advanceTimersByTime(1000);
  expect(await names()).toEqual(['half']);
});

test('an error of the function that gets the file is passed on, and the file can be read again', async () => {
  const folder = elsewhere({ 'a.h5': whole });
  const failing = hdf5(folder, 'a.h5', () => {
    throw new RangeError('mine');
  });
  await expect(failing).rejects.toThrow(new RangeError('mine'));
  expect(await hdf5(folder, 'a.h5', lastPixel)).toBe(23);
});

test('refuses a file that is read after its function returned', async () => {
  const kept = await hdf5(elsewhere({ 'a.h5': whole }), 'a.h5', (file) => file);
  expect(() => kept.names('')).toThrow(
    'The HDF5 file a.h5 was read after the function that got it had returned. Read all that is needed within it.',
  );
});

test('says what is wrong with a file, in a sentence and not on the console', async () => {
  const folder = await onDisk({
    'text.h5': 'no HDF5 at all',
    'empty.h5': '',
    'cut.h5': whole.subarray(0, whole.length / 2),
  });
  const names = (file: string) => hdf5(folder, file, (open) => open.names(''));
  await expect(names('text.h5')).rejects.toThrow('text.h5 is not an HDF5 file: it has no HDF5 signature.');
  await expect(names('empty.h5')).rejects.toThrow('no HDF5 signature');
  await expect(names('cut.h5')).rejects.toThrow(
    /^cut\.h5 cannot be opened as HDF5: truncated file: .*\. If the file is damaged, copy or download it again\.$/,
  );
  await expect(names('../none.h5')).rejects.toThrow('There is no file ../none.h5');
  await rm(join(folder.name, 'cut.h5'));
  await expect(names('cut.h5')).rejects.toThrow(/^cut\.h5 cannot be opened: ENOENT/);
  const problem = await names('text.h5').catch((error) => error);
  expect(problem).toBeInstanceOf(SimganError);
  expect(problem.code).toBe('INVALID_FILE');
});
