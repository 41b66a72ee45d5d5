import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simulate } from '@simgan/core';
import { InferenceSession, Tensor } from '@simgan/onnxruntime';
import { expect, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs } from '../../test/blobs.ts';
import { temporaryFolder } from '../../test/folders.ts';
import { openRefiner } from '../runs/open-refiner.ts';
import { trainRun } from '../runs/train-run.ts';
import { exportOnnx } from './export-onnx.ts';

test.each([
  ['a size', blobs(), { width: 12, height: 10 }],
  ['any size', blobs({ anySize: true }), { width: 12, height: 10 }],
] as const)(
  'a trained refiner of images of %s refines in ONNX Runtime as it does here',
  async (_, plugin, size) => {
    const cwd = await temporaryFolder();
    const lent = { plugin, engine: wasmEngine, cwd };
    await trainRun({ ...lent, recipe: 'wide', out: 'run' });
    const exported = await exportOnnx({ ...lent, refiner: 'run' });
    expect(exported).toMatchObject({ file: join(cwd, 'refiner.onnx'), engine: 'wasm' });
    expect(exported.maxDifference).toBeLessThan(1e-5);
    const model = await readFile(exported.file);
    expect(model.length).toBe(exported.bytes);
    for (const text of [`"width":${size.width},"height":${size.height}`, 'blobs', 'wide']) {
      expect(model.includes(text), text).toBe(true);
    }

    const { image } = await simulate(blobs().simulator, { seed: 1, length: 1 }).at(0);
    const session = await InferenceSession.create(model);
    const values = Float32Array.from(image.data, (value) => (value / 255) * 2 - 1);
    const { refined } = await session.run({
      synthetic: new Tensor('float32', values, [1, image.height, image.width, 1]),
    });
    await session.release();
    const refiner = await openRefiner('run', lent);
    const expected = await refiner.refine(image);
    await refiner.dispose();
    const stored = Array.from(refined!.data as Float32Array, (value) =>
      Math.round(((Math.min(1, Math.max(-1, value)) + 1) / 2) * 255),
    );
    for (const [i, value] of stored.entries())
      expect(Math.abs(value - expected.data[i]!)).toBeLessThanOrEqual(1);
  },
);

test('an existing file is replaced only with force', async () => {
  const cwd = await temporaryFolder();
  const lent = { plugin: blobs(), engine: wasmEngine, cwd };
  await trainRun({ ...lent, out: 'run', steps: 0 });
  await writeFile(join(cwd, 'mine.onnx'), 'precious');
  const job = { ...lent, refiner: 'run', out: 'mine.onnx' };
  await expect(exportOnnx(job)).rejects.toMatchObject({
    code: 'OUTPUT_EXISTS',
    message: `${join(cwd, 'mine.onnx')} is there already.`,
  });
  expect(await readFile(join(cwd, 'mine.onnx'), 'utf8')).toBe('precious');
  await exportOnnx({ ...job, force: true });
  expect((await readFile(join(cwd, 'mine.onnx'))).length).toBeGreaterThan(1000);
  await expect(exportOnnx({ ...job, refiner: 'nowhere', force: true })).rejects.toThrow(
    'There is no refiner',
  );
});
