import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from '@simgan/onnxruntime';
import { expect, onTestFinished, test } from 'vitest';
import '../../../core/test/cpu-backend.ts';
import type { Engine } from '@simgan/core';
import { eagerEngine, residualRefiner } from '@simgan/core';
import { warpingRefiner } from '@simgan/core/networks';
import * as tf from '@tensorflow/tfjs-core';
import { exportRefiner } from './export-refiner.ts';

const image = { width: 12, height: 10, channels: 3, bits: 8 } as const;
const engine = eagerEngine('cpu', 'test', 'cpu');

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test.each([0, 1])(
  'a refiner with %i noise channels becomes a file that takes any batch and says what it is',
  async (noiseChannels) => {
    const dir = await temporaryFolder();
    const refiner = residualRefiner({ width: 6, blocks: 1, padding: 'reflect', noiseChannels })(image, 1);
    const file = join(dir, 'refiner.onnx');
    const { bytes, maxDifference } = await exportRefiner(file, refiner, {
      image,
      engine,
      about: { plugin: 'test' },
    });
    expect(maxDifference).toBeLessThan(1e-5);
    const written = await readFile(file);
    expect(written.length).toBe(bytes);
    expect(written.includes('{"width":12,"height":10,"channels":3,"bits":8}')).toBe(true);

    const session = await InferenceSession.create(written);
    const pixels = new Float32Array(5 * 10 * 12 * 3).fill(0.25);
    const noise = new Float32Array(5 * 10 * 12).fill(0.5);
    const { refined } = await session.run({
      synthetic: new Tensor('float32', pixels, [5, 10, 12, 3]),
      ...(noiseChannels > 0 && { noise: new Tensor('float32', noise, [5, 10, 12, 1]) }),
    });
    expect(refined!.dims).toEqual([5, 10, 12, 3]);
    await session.release();
    refiner.dispose();
  },
);

test('a refiner that moves things has its displacement as the second output', async () => {
  const dir = await temporaryFolder();
  const refiner = warpingRefiner(residualRefiner({ width: 4, blocks: 1, noiseChannels: 1 }), {
    encoder: [4],
    stroke: true,
  })(image, 1);
  const bias = refiner.variables.at(-1)!;
  tf.tidy(() => bias.assign(tf.fill(bias.shape, 0.7)));
  const file = join(dir, 'refiner.onnx');
  const { maxDifference } = await exportRefiner(file, refiner, { image, engine });
  expect(maxDifference).toBeLessThan(1e-4);
  const session = await InferenceSession.create(file);
  expect(session.outputNames).toEqual(['refined', 'displacement']);
  const outputs = await session.run({
    synthetic: new Tensor('float32', new Float32Array(4 * 10 * 12 * 3), [4, 10, 12, 3]),
    noise: new Tensor('float32', new Float32Array(4 * 10 * 12 * 2), [4, 10, 12, 2]),
  });
  expect(outputs.displacement!.dims).toEqual([4, 10, 12, 2]);
  expect(Math.max(...(outputs.displacement!.data as Float32Array))).toBeGreaterThan(0.5);
  await session.release();
  refiner.dispose();
});

test('a file that does not agree with the engine is not written', async () => {
  const dir = await temporaryFolder();
  const refiner = residualRefiner({ width: 4, blocks: 1 })(image, 1);
  const wrong: Engine = {
    ...engine,
    compile: (step) => {
      const compiled = engine.compile(step);
      return {
        ...compiled,
        async run(inputs) {
          const outputs = await compiled.run(inputs);
          for (const output of Object.values<{ data: Float32Array }>(outputs)) output.data[0]! += 0.01;
          return outputs;
        },
      };
    },
  };
  await expect(exportRefiner(join(dir, 'refiner.onnx'), refiner, { image, engine: wrong })).rejects.toThrow(
    'more than 0.0001',
  );
  expect(await readdir(dir)).toEqual([]);
  refiner.dispose();
});
