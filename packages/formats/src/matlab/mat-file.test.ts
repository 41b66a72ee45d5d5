import { expect, test } from 'vitest';
import { type MatlabOptions, type MatlabValue, writeMatFile } from '../../../../test/write-mat-file.ts';
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
