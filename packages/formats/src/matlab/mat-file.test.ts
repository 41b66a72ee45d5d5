import { deflateSync } from 'node:zlib';
import { createRng, SimganError } from '@simgan/core';
import { expect, test } from 'vitest';
import { type MatlabOptions, type MatlabValue, writeMatFile } from '../../../../test/write-mat-file.ts';
import { mutate } from '../../test/mutate.ts';
import { isMat73, readMatFile } from './mat-file.ts';

const variables: Record<string, MatlabValue> = {
  pixels: { shape: [2, 3], numbers: [1, 2, 3, 4, 5, 255], as: 'uint8' },
  data: {
    struct: {
      left: { struct: { gaze: { shape: [2, 3], numbers: [0.1, 0.2, -0.3, 1e-9, 5, -6], as: 'double' } } },
      note: 'p00',
    },
  },
  filenames: { cells: ['0001.jpg', '', 'ä.jpg'] },
  few: { shape: [1, 2], numbers: [-7, 300], as: 'int16' },
  whole: { shape: [3, 1], numbers: [1, 2, 3], as: 'doubleAsUint8' },
  half: { shape: [1, 1], numbers: [0.5], as: 'single' },
  many: { shape: [1, 3], numbers: [-1, 0, 70000], as: 'int32' },
};

test.each<MatlabOptions>([
  {},
  { compressed: true },
  { bigEndian: true },
  { compressed: true, bigEndian: true },
])('reads what was written with %o', async (options) => {
  const read = await readMatFile(writeMatFile(variables, options), 'a.mat');
  expect([...read.keys()]).toEqual(Object.keys(variables));
  const numbers = (name: string) => {
    const value = read.get(name);
    return value?.kind === 'array' ? { shape: value.shape, numbers: Array.from(value.data) } : value;
  };
  for (const name of ['pixels', 'few', 'whole', 'half', 'many']) {
    const { shape, numbers: expected } = variables[name] as unknown as { shape: number[]; numbers: number[] };
    expect(numbers(name), name).toEqual({ shape, numbers: expected });
  }
  expect(read.get('filenames')).toEqual({
    kind: 'cells',
    shape: [3, 1],
    cells: ['0001.jpg', '', 'ä.jpg'].map((text) => ({ kind: 'text', text })),
  });
  const data = read.get('data');
  const left = data?.kind === 'struct' ? data.fields.get('left')?.[0] : undefined;
  const gaze = left?.kind === 'struct' ? left.fields.get('gaze')?.[0] : undefined;
  expect(gaze).toEqual({ kind: 'array', shape: [2, 3], data: Float64Array.of(0.1, 0.2, -0.3, 1e-9, 5, -6) });
  expect(data?.kind === 'struct' && data.fields.get('note')?.[0]).toEqual({ kind: 'text', text: 'p00' });
});

test('says what is wrong with a file and never reads past its end', async () => {
  const file = writeMatFile(variables, { compressed: true });
  await expect(readMatFile(file.subarray(0, 100), 'a.mat')).rejects.toThrow(
    'a.mat cannot be read as a MAT-file of level 5: it has 100 bytes, fewer than its header.',
  );
  await expect(readMatFile(Buffer.alloc(200), 'a.mat')).rejects.toThrow('no byte order');
  await expect(readMatFile(file.subarray(0, 300), 'a.mat')).rejects.toThrow(
    /claims \d+ bytes and \d+ are left/,
  );
  const damaged = Buffer.from(file);
  damaged.fill(0xff, 140, 150);
  await expect(readMatFile(damaged, 'a.mat')).rejects.toThrow('a compressed variable is damaged');

  const plain = writeMatFile({ pixels: variables.pixels! });
  for (let at = 128; at < plain.length; at++) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const broken = Buffer.from(plain);
      broken[at] = value;
      const outcome = await readMatFile(broken, 'a.mat').catch((error: Error) => error);
      if (outcome instanceof Error) expect(outcome.message).toMatch(/^a\.mat cannot be read/);
    }
  }
});

test('tells files of v7.3 apart', async () => {
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 7.3 MAT-file, Platform: GLNXA64');
  header.write('IM', 126);
  expect(isMat73(header)).toBe(true);
  expect(isMat73(writeMatFile({}))).toBe(false);
  await expect(readMatFile(header, 'a.mat')).rejects.toThrow('version 7.3');
});

test.each<MatlabOptions>([{}, { compressed: true }, { bigEndian: true }])(
  '1000 damaged files written with %o can be read or give sentences',
  async (options) => {
    const file = writeMatFile(variables, options);
    const rng = createRng(1);
    let failed = 0;
    for (let i = 0; i < 1000; i++) {
      const outcome = await readMatFile(mutate(file, rng.fork(i)), 'a.mat').catch((error: unknown) => error);
      if (outcome instanceof Map) continue;
      failed++;
      expect(outcome).toBeInstanceOf(SimganError);
      expect((outcome as SimganError).code).toBe('INVALID_FILE');
      expect((outcome as SimganError).message).toMatch(
        /^a\.mat cannot be read as a MAT-file of level 5: .+\.$/,
      );
    }
    expect(failed).toBeGreaterThan(100);
  },
);

test('a compressed variable may hold any damage', async () => {
  const plain = writeMatFile(variables);
  const header = plain.subarray(0, 128);
  const rng = createRng(2);
  for (let i = 0; i < 300; i++) {
    const deflated = deflateSync(mutate(plain.subarray(128), rng.fork(i)));
    const tag = Buffer.alloc(8);
    tag.writeUInt32LE(15, 0);
    tag.writeUInt32LE(deflated.length, 4);
    const outcome = await readMatFile(Buffer.concat([header, tag, deflated]), 'a.mat').catch(
      (error) => error,
    );
    if (!(outcome instanceof Map)) expect(outcome).toBeInstanceOf(SimganError);
  }
});

/** An element: its type, its bytes, and padding to a multiple of eight. */
function element(type: number, ...content: readonly Uint8Array[]): Buffer {
  const data = Buffer.concat(content);
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type, 0);
  tag.writeUInt32LE(data.length, 4);
  return Buffer.concat([tag, data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
}

function uint32(...values: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

/** A file of one variable of a class, with a shape. */
function fileOf(kind: number, shape: readonly number[], ...content: readonly Uint8Array[]): Buffer {
  const flags = element(6, uint32(kind, 0));
  const size = element(5, uint32(...shape));
  const variable = element(14, flags, size, element(1, Buffer.from('x')), ...content);
  return Buffer.concat([writeMatFile({}), variable]);
}

const CELL = 1;
const STRUCT = 2;
const CHAR = 4;

test('limits names, nesting, values, texts and axes', async () => {
  const long = writeMatFile({ ['x'.repeat(200_000)]: variables.few! });
  await expect(readMatFile(long, 'a.mat')).rejects.toThrow(
    'a.mat cannot be read as a MAT-file of level 5: the name of a variable has 200000 bytes, and at most 1024 are read.',
  );
  const fields = fileOf(STRUCT, [1, 1], element(5, uint32(200_000)), element(1, Buffer.alloc(200_000, 'x')));
  await expect(readMatFile(fields, 'a.mat')).rejects.toThrow('the names of fields have 200000 bytes');
  const nested = (depth: number): MatlabValue => (depth === 0 ? 'x' : { cells: [nested(depth - 1)] });
  expect((await readMatFile(writeMatFile({ x: nested(32) }), 'a.mat')).size).toBe(1);
  await expect(readMatFile(writeMatFile({ x: nested(33) }), 'a.mat')).rejects.toThrow('more than 32 deep');
  await expect(readMatFile(writeMatFile({ x: nested(500) }), 'a.mat')).rejects.toThrow('more than 32 deep');
  const cell = Buffer.from('0e00000000000000', 'hex');
  const many = 5_000_000;
  const cells = fileOf(CELL, [many, 1], Buffer.alloc(many * cell.length, cell));
  await expect(readMatFile(cells, 'a.mat')).rejects.toThrow('it has more than 4194304 values');
  const text = fileOf(CHAR, [1, 2 ** 27], element(2, Buffer.alloc(2 ** 27)));
  await expect(readMatFile(text, 'a.mat')).rejects.toThrow('a text has more than 16777216 characters');
  const axes = fileOf(
    CELL,
    Array.from({ length: 100_000 }, () => 1),
  );
  await expect(readMatFile(axes, 'a.mat')).rejects.toThrow('a variable has 100000 axes');
});

test('takes a long text, many rows and many names, and no time for sizes without content', async () => {
  const text = 'ä'.repeat(300_000);
  expect((await readMatFile(writeMatFile({ text }), 'a.mat')).get('text')).toEqual({ kind: 'text', text });

  const rows = 200_000;
  const letters = fileOf(CHAR, [rows, 2], element(2, Buffer.alloc(rows * 2, 'a')));
  const tall = (await readMatFile(letters, 'a.mat')).get('x');
  expect(tall?.kind === 'text' && tall.text.split('\n').length).toBe(rows);
  const claims = fileOf(CHAR, [0x7fffffff, 2], element(2, Buffer.from('abcdefgh')));
  await expect(readMatFile(claims, 'a.mat')).rejects.toThrow(
    'a text claims 2147483647 rows and has 8 characters',
  );

  const names = Array.from({ length: 10_000 }, (_, i) => `field${i}`);
  const struct = Object.fromEntries(names.map((name) => [name, 'x']));
  const wide = (await readMatFile(writeMatFile({ wide: { struct } }), 'a.mat')).get('wide');
  expect(wide?.kind === 'struct' && [...wide.fields.keys()]).toEqual(names);

  const none = fileOf(STRUCT, [0x7fffffff, 0x7fffffff], element(5, uint32(32)), element(1));
  expect((await readMatFile(none, 'a.mat')).get('x')).toMatchObject({ kind: 'struct', fields: new Map() });
  const cells = fileOf(CELL, [0x7fffffff, 0x7fffffff]);
  await expect(readMatFile(cells, 'a.mat')).rejects.toThrow(/x claims \d+ parts/);
});
