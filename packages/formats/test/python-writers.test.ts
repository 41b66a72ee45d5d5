// What NumPy, h5py and SciPy write is read here, and floats reach a program in Python again bit by bit.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convertDataset, openFormat } from '@simgan/node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readMatFile } from '../src/matlab/mat-file.ts';
import { decodeMask } from '../src/objects/run-length.ts';
import { findPython } from './python.ts';

const { run, withoutPython } = findPython('numpy', 'h5py', 'scipy.io', 'PIL.Image');

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-python-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

describe.skipIf(withoutPython)(`written by Python${withoutPython}`, () => {
  test('NumPy: archives, compressed or not, of whole numbers, floats and halves', async () => {
    const dir = await temporaryFolder();
    await run('write_npz', dir);
    const { entries, format, rejects } = await openFormat(dir);
    expect(format).toBe('npz');
    const all = await Promise.all(Array.from({ length: entries.length }, (_, index) => entries.at(index)));
    const images = all.map(({ picture }) => ('image' in picture ? picture.image : undefined));
    const numbers = (from: number, length: number) => Array.from({ length }, (_, i) => from + i);
    const [half, whole] = [numbers(0, 120), numbers(120, 120)];
    expect(all.map(({ annotation: { class: own, fields } }) => [own, fields])).toEqual([
      ['7', { gaze: [0.25, -1] }],
      ['3', { gaze: [1e-9, 2] }],
      ['1', { split: 'train' }],
      ['0', { split: 'train' }],
      [undefined, { split: 'test' }],
      [undefined, undefined],
      [undefined, undefined],
    ]);
    const gray = { width: 12, height: 10, channels: 1 };
    const wide = Float32Array.from({ length: 360 }, (_, i) => -2 + (4 * i) / 359);
    expect(images).toEqual([
      { ...gray, bits: 8, data: Uint8Array.from(half) },
      { ...gray, bits: 8, data: Uint8Array.from(whole) },
      { ...gray, bits: 16, data: Uint16Array.from(half, (value) => value * 100) },
      { ...gray, bits: 16, data: Uint16Array.from(whole, (value) => value * 100) },
      { ...gray, channels: 3, bits: 32, data: expect.toSatisfy((data) => isNear(data, wide)) },
      { ...gray, bits: 32, data: Float32Array.from(half, (value) => value / 8 - 3) },
      { ...gray, bits: 32, data: Float32Array.from(whole, (value) => value / 8 - 3) },
    ]);
    expect(rejects.map(({ file, reason }) => [file, reason])).toEqual([
      ['d-fortran.npz', expect.stringContaining("Fortran's order")],
      ['e-big-endian.npz', expect.stringContaining('big-endian')],
    ]);
  });

  test("h5py: a frame in BlenderProc's layout, whose floats become TIFF files that Pillow reads bit by bit", async () => {
    const dir = await temporaryFolder();
    const floats = await run<{ depth: string; distance: string }>('write_blender_proc', dir);
    const { entries, format, rejects } = await openFormat(dir);
    expect([format, entries.length, rejects]).toEqual(['blenderproc', 1, []]);
    const { annotation, picture } = await entries.at(0);
    const colors = Uint8Array.from({ length: 360 }, (_, i) => {
      const [row, column] = [Math.floor(i / 36), Math.floor(i / 3) % 12];
      return [row, column, row * column][i % 3]!;
    });
    expect(picture).toEqual({ image: { width: 12, height: 10, channels: 3, bits: 8, data: colors } });
    const [{ mask, ...object }, ...others] = annotation.objects as [(typeof annotation.objects)[number]];
    expect(others).toEqual([]);
    expect(object).toEqual({
      class: 'Süzanne',
      box: [3, 2, 4, 3],
      fields: { category_id: 3, name: 'Süzanne' },
    });
    expect(decodeMask(mask!)).toEqual(
      Uint8Array.from({ length: 120 }, (_, i) => (i % 12 >= 3 && i % 12 < 7 && i >= 24 && i < 60 ? 1 : 0)),
    );
    await convertDataset({ input: dir, to: ['imagefolder'], out: join(dir, 'out') });
    const file = (name: string) => join(dir, `out/companions/${name}/0000000.tif`);
    expect(await run('tiff', file('depth'), file('distance'))).toEqual([
      ['F', [12, 10], floats.depth],
      ['F', [12, 10], floats.distance],
    ]);
  });

  test.each(['plain', 'compressed'])(
    'SciPy: numbers, texts, cells and structs of MATLAB, %s',
    async (kind) => {
      const file = join(await temporaryFolder(), 'a.mat');
      await run('write_mat', file, kind);
      const read = await readMatFile(await readFile(file), 'a.mat');
      const numbers = (name: string) => {
        const value = read.get(name);
        return value?.kind === 'array' ? [value.shape, Array.from(value.data)] : value;
      };
      expect([...read.keys()]).toEqual(['pixels', 'gaze', 'many', 'single', 'files', 'data']);
      // Column by column, as MATLAB stores them.
      expect(numbers('pixels')).toEqual([
        [2, 3],
        [1, 2, 3, 4, 5, 255],
      ]);
      expect(numbers('gaze')).toEqual([
        [2, 2],
        [0.1, 1e-9, -0.3, -6],
      ]);
      expect(numbers('many')).toEqual([
        [1, 3],
        [-1, 0, 70000],
      ]);
      expect(numbers('single')).toEqual([[1, 1], [0.5]]);
      expect(read.get('files')).toEqual({
        kind: 'cells',
        shape: [2, 1],
        cells: ['0001.jpg', 'ä.jpg'].map((text) => ({ kind: 'text', text })),
      });
      const data = read.get('data');
      const left = data?.kind === 'struct' ? data.fields.get('left')?.[0] : undefined;
      expect(left?.kind === 'struct' && left.fields.get('pose')?.[0]).toEqual({
        kind: 'array',
        shape: [2, 2],
        data: Float64Array.of(1, 0, 0, 1),
      });
      expect(data?.kind === 'struct' && data.fields.get('note')?.[0]).toEqual({ kind: 'text', text: 'p00' });
    },
  );
});

function isNear(data: Float32Array, expected: Float32Array): boolean {
  return data.length === expected.length && data.every((value, i) => Math.abs(value - expected[i]!) < 1e-6);
}
