import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRng,
  eagerEngine,
  residualRefiner,
  type Safetensors,
  SimganError,
  writeSafetensors,
} from '@simgan/core';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { expect, onTestFinished, test } from 'vitest';
import '../../../core/test/cpu-backend.ts';
import { temporaryFolder } from '../../test/folders.ts';
import { exportRefiner } from './export-refiner.ts';
import { finiteFloats, loadTensors, saveTensors } from './tensor-file.ts';

const rng = createRng(5);
const content: Safetensors = {
  tensors: {
    'b/kernel': { data: Float32Array.from({ length: 24 }, () => rng.normal()), shape: [2, 3, 4] },
    'a/bias': { data: Float32Array.of(0, -0, 1e-30, 3), shape: [4] },
    counts: { data: Int32Array.of(-1, 7), shape: [2] },
    scalar: { data: Float32Array.of(0.5), shape: [] },
  },
  metadata: { plugin: 'eyes', run: '{"seed":1}' },
};

test('arrays and metadata round-trip; the same content gives the same bytes', async () => {
  const dir = await temporaryFolder();
  const [one, other] = [join(dir, 'one'), join(dir, 'other')];
  await saveTensors(one, content);
  const { tensors, metadata } = await loadTensors(one);
  expect(metadata).toEqual(content.metadata);
  expect({ ...tensors }).toEqual(content.tensors);
  await saveTensors(other, { tensors, metadata });
  expect((await readFile(other)).equals(await readFile(one))).toBe(true);
});

test('the checksum does not depend on the order of arrays and metadata', async () => {
  const dir = await temporaryFolder();
  const file = join(dir, 'file');
  const backwards = <Value>(record: Readonly<Record<string, Value>>) =>
    Object.fromEntries(Object.entries(record).reverse());
  await saveTensors(file, content);
  const { metadata } = await checkedHeader(file);
  await saveTensors(file, {
    tensors: backwards(content.tensors),
    metadata: backwards(content.metadata),
  });
  expect((await checkedHeader(file)).metadata.sha256).toBe(metadata.sha256);
  expect(metadata.sha256).toMatch(/^[0-9a-f]{64}$/);
});

test('every changed byte is detected, or changes no value', async () => {
  const dir = await temporaryFolder();
  const file = join(dir, 'refiner.safetensors');
  await saveTensors(file, content);
  const saved = await readFile(file);
  const dataStart = 8 + Number(saved.readBigUInt64LE(0));
  const seeded = createRng(1);
  const refusals: Record<string, number> = {};
  const mutate = async (at: number, change: number) => {
    const mutated = Buffer.from(saved);
    mutated[at]! ^= change;
    await writeFile(file, mutated);
    const where = `byte ${at} became ${mutated[at]}`;
    try {
      const { tensors, metadata } = await loadTensors(file);
      // What the texts are called may change where no checksum is left to notice; no value does.
      expect({ ...tensors }, where).toEqual(content.tensors);
      expect(metadata, where).toMatchObject(content.metadata);
      expect(at, where).toBeLessThan(dataStart);
    } catch (error) {
      if (!(error instanceof SimganError)) throw error;
      expect(error.code, where).toBe('INVALID_FILE');
      expect(error.message, where).toContain(`Cannot load weights from ${file}. `);
      const kind = error.message.includes('its checksum does not fit') ? 'checksum' : 'format';
      refusals[kind] = (refusals[kind] ?? 0) + 1;
    }
  };
  for (let i = 0; i < 100; i++) {
    await mutate(dataStart + seeded.int(saved.length - dataStart), 1 + seeded.int(255));
  }
  expect(refusals).toEqual({ checksum: 100 });
  for (let at = 0; at < dataStart; at++) await mutate(at, 1 << seeded.int(8));
  expect(refusals.checksum).toBeGreaterThan(150);
  expect(refusals.format).toBeGreaterThan(100);
});

test('truncated files and trailing bytes are refused', async () => {
  const file = join(await temporaryFolder(), 'file');
  await saveTensors(file, content);
  const saved = await readFile(file);
  for (const bytes of [saved.subarray(0, 5), saved.subarray(0, 60), saved.subarray(0, -4)]) {
    await writeFile(file, bytes);
    await expect(loadTensors(file)).rejects.toMatchObject({ code: 'INVALID_FILE' });
  }
  await writeFile(file, Buffer.concat([saved, Buffer.from('x')]));
  await expect(loadTensors(file)).rejects.toThrow('1 bytes follow its last array');
});

test('files of other programs without a checksum are read', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, writeSafetensors(content));
  const { tensors, metadata } = await loadTensors(file);
  expect({ ...tensors }).toEqual(content.tensors);
  expect(metadata).toEqual(content.metadata);
});

test('files of other kinds are reported by kind and name', async () => {
  const dir = await temporaryFolder();
  const image = { width: 12, height: 10, channels: 1, bits: 8 } as const;
  const engine = eagerEngine('cpu', 'test', 'cpu');
  const refiner = residualRefiner({ width: 4, blocks: 1 })(image, 1);
  await exportRefiner(join(dir, 'exported.onnx'), refiner, { image, engine });
  refiner.dispose();
  const files: Record<string, { bytes: Uint8Array; kind: string }> = {
    'weights.h5': { bytes: Buffer.from('\x89HDF\r\n\x1a\n\0\0\0\0', 'latin1'), kind: 'an HDF5 file' },
    'weights.pt': { bytes: Buffer.from('PK\x03\x04\0\0\0\0archive/', 'latin1'), kind: 'a zip archive' },
    'weights.pkl': { bytes: Buffer.from('\x80\x02}q\0(X\x04\0\0\0stem', 'latin1'), kind: 'a Python pickle' },
    'weights.pickle': { bytes: Buffer.from('\x80\x04\x95\x0b\0\0\0\0\0', 'latin1'), kind: 'a Python pickle' },
    'torch.onnx': { bytes: Buffer.from('\x08\x07\x12\x07pytorch\x1a\x05', 'latin1'), kind: 'an ONNX model' },
    'bare.onnx': {
      bytes: Buffer.from('\x08\x08\x3a\x20graph of a program', 'latin1'),
      kind: 'an ONNX model',
    },
    'own.onnx': { bytes: await readFile(join(dir, 'exported.onnx')), kind: 'an ONNX model' },
  };
  for (const [name, { bytes, kind }] of Object.entries(files)) {
    const file = join(dir, name);
    await writeFile(file, bytes);
    await expect(loadTensors(file), name).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringMatching(
        new RegExp(`^Cannot load weights from ${file}\\. It is ${kind}.*, not a safetensors file\\.$`),
      ),
    });
  }
  await writeFile(join(dir, 'page.html'), '<!doctype html><title>Log in</title>');
  await expect(loadTensors(join(dir, 'page.html'))).rejects.toThrow(
    `Cannot load weights from ${join(dir, 'page.html')}. This is not a valid safetensors file`,
  );
});

test('errors name the URL; an abort rejects with the reason of the signal', async () => {
  const url = 'https://example.test/weights';
  const server = setupServer(
    http.get(url, () => HttpResponse.arrayBuffer(new Uint8Array([0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0]).buffer)),
  );
  server.listen({ onUnhandledRequest: 'error' });
  onTestFinished(() => server.close());
  await expect(loadTensors(url)).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: `Cannot load weights from ${url}. It is a zip archive (as PyTorch writes), not a safetensors file.`,
  });
  const signal = AbortSignal.abort(new Error('Ctrl-C'));
  await expect(loadTensors(url, { signal })).rejects.toThrow('Ctrl-C');
});

test('weights are finite floats; anything else is refused by name', () => {
  const { counts, ...floats } = content.tensors;
  expect(finiteFloats('f', floats)).toEqual(floats);
  expect(() => finiteFloats('f', { counts: counts! })).toThrow(
    'Cannot load weights from f. Its array counts does not hold 32-bit floats.',
  );
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const data = Float32Array.of(1, value);
    expect(() => finiteFloats('f', { ...floats, 'x/bias': { data, shape: [2] } })).toThrow(
      'Cannot load weights from f. Its array x/bias holds values that are not finite. Restore it from a copy.',
    );
  }
});

/** The texts of a file, its checksum included. */
async function checkedHeader(file: string): Promise<{ metadata: Record<string, string> }> {
  const bytes = await readFile(file);
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE(0))));
  return { metadata: header.__metadata__ };
}
