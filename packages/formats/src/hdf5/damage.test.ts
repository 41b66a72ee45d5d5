/** @file What HDF5 files that are damaged do: errors that are sentences, and nothing else. */
import { createRng, SimganError } from '@simgan/core';
import type { Folder } from '@simgan/core/reading';
import { expect, test } from 'vitest';
import { mutate } from '../../test/mutate.ts';
import { pixels, writeHdf5 } from '../../test/write-hdf5.ts';
import { bytesSource } from '../bytes/byte-source.ts';
import { hdf5 } from './hdf5.ts';
import { type Hdf5File, openHdf5File } from './hdf5-file.ts';
import { type Hdf5Library, hdf5Library } from './hdf5-library.ts';

function folderOf(bytes: Uint8Array): Folder {
  return {
    name: 'memory',
    files: ['a.h5'],
    rejects: [],
    read: async () => bytes,
    picture: () => Promise.reject(new SimganError('INVALID_IMAGE', 'There are no pictures.')),
    pictureSize: () => Promise.reject(new SimganError('INVALID_IMAGE', 'There are no pictures.')),
    locate: () => undefined,
  };
}

/** Reads all that a file has; gives the errors. */
function readAll(file: Hdf5File): unknown[] {
  const errors: unknown[] = [];
  const attempt = <Value>(job: () => Value): Value | undefined => {
    try {
      return job();
    } catch (error) {
      errors.push(error);
      return undefined;
    }
  };
  const visit = (path: string, depth: number) => {
    for (const name of attempt(() => file.names(path)) ?? []) {
      const inner = path === '' ? name : `${path}/${name}`;
      attempt(() => file.dtype(inner));
      const shape = attempt(() => file.shape(inner));
      attempt(() => file.texts(inner));
      if (shape) attempt(() => file.numbers(inner));
      if (shape?.[0]) attempt(() => file.numbers(inner, { axis: 0, start: 0, end: 1 }));
      if (depth < 4) visit(inner, depth + 1);
    }
  };
  visit('', 0);
  return errors;
}

function expectSentence(error: unknown): void {
  expect(error).toBeInstanceOf(SimganError);
  expect((error as SimganError).code).toBe('INVALID_FILE');
  expect((error as SimganError).message).toMatch(
    /^a\.h5 (cannot be (opened|read)|is not an HDF5 file|holds|keeps).*\.$/,
  );
}

test.each([
  ['old', 300],
  ['new', 100],
] as const)(
  'damaged files of the %s format can be read or give sentences, and sound ones can be read after them',
  async (version, count) => {
    const whole = await writeHdf5(version);
    const rng = createRng(1);
    let failed = 0;
    for (let i = 0; i < count; i++) {
      const damaged = folderOf(mutate(whole, rng.fork(i)));
      const errors = await hdf5(damaged, 'a.h5', readAll).catch((error: unknown) => [error]);
      errors.forEach(expectSentence);
      if (errors.length > 0) failed++;
    }
    expect(failed).toBeGreaterThan(count / 3);
    const sound = await hdf5(folderOf(whole), 'a.h5', (file) => [
      readAll(file),
      file.numbers('p00/image').data,
    ]);
    expect(sound).toEqual([[], Uint8Array.from(pixels)]);
  },
);

test('a heap of texts that would be read for ever is refused', async () => {
  const file = await writeHdf5();
  const heap = file.indexOf('GCOL');
  // The first object becomes free space of no length.
  file.fill(0, heap + 16, heap + 32);
  await hdf5(folderOf(file), 'a.h5', (open) => {
    expect(() => open.texts('path')).toThrow(
      'a.h5 cannot be read at /path: an object of its global heap takes no space. If the file is damaged',
    );
    expect(open.numbers('p00/image').data[23]).toBe(23);
  });
});

test('thousands of errors leave the library as it was', async () => {
  const file = await writeHdf5();
  const library = await hdf5Library();
  // The compressed data follow zlib's header.
  const data = file.indexOf('785e', 'hex') + 2;
  file.fill(0xff, data, data + 4);
  const errors = await hdf5(folderOf(file), 'a.h5', (open) => {
    let count = 0;
    for (let i = 0; i < 5000; i++) {
      try {
        open.numbers('packed');
      } catch {
        count++;
      }
    }
    return count;
  });
  expect(errors).toBe(5000);
  expect(await hdf5Library()).toBe(library);
});

test('after the library broke, files are read with a new one', async () => {
  const whole = await writeHdf5();
  const folder = folderOf(whole);
  const read = () => hdf5(folder, 'a.h5', (file) => file.numbers('p00/image').data[23]);
  expect(await read()).toBe(23);
  const library = await hdf5Library();
  const open = openHdf5File(library, bytesSource(whole), 'b.h5');
  breakLibrary(library, whole);
  expect(library.isBroken).toBe(true);
  expect(open.isUsable).toBe(false);
  expect(() => open.names('')).toThrow('b.h5 cannot be read at /: the HDF5 library had stopped before');
  open.close();
  expect(await read()).toBe(23);
  expect(await hdf5Library()).not.toBe(library);
});

/** Has it write beyond the end of its memory. */
function breakLibrary(library: Hdf5Library, bytes: Uint8Array): void {
  const path = library.mount(bytesSource(bytes));
  const id = library.call((module) => module.open(path, module.H5F_ACC_RDONLY, false, -1, -1));
  const beyond = BigInt(library.module.HEAPU8.length);
  expect(() =>
    library.call((module) => module.get_dataset_data(id, '/p00/image', null, null, null, beyond)),
  ).toThrow('the HDF5 library stopped with RuntimeError');
}
