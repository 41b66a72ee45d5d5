import { patchDiscriminator, residualRefiner } from '@simgan/core';
import { createWgslRuntime, type WgslRuntime } from '@simgan/tfjs-wgsl';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withFaults } from '../../../tfjs-wgsl/test/faults.ts';
import { withoutGpu } from '../../../tfjs-wgsl/test/use-dawn.ts';
import { blobs } from '../../test/blobs.ts';
import { timeTurns } from './noise-training.ts';
import { engineOn } from './webgpu-engine.ts';

const plugin = blobs();
const measured = { plugin, recipe: plugin.recipes.quick! };
// The fewest kernels: a software driver needs about a second to compile each.
const smallest = {
  plugin: {
    ...plugin,
    refiner: residualRefiner({ width: 4, blocks: 0 }),
    discriminator: patchDiscriminator([]),
  },
  recipe: { ...measured.recipe, optimizer: { kind: 'sgd' } as const },
};

/** A runtime on the software driver that calls itself a GPU. */
async function runtimeOf(faults: Parameters<typeof withFaults>[0] = {}): Promise<WgslRuntime> {
  return createWgslRuntime({ gpu: await withFaults({ ...faults, name: 'A card' }) });
}

beforeAll(async () => {
  tf.enableProdMode();
  await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
});
afterAll(() => tf.disposeVariables());

describe.skipIf(withoutGpu)(`the choice of a GPU${withoutGpu}`, () => {
  test('one whose driver computes wrongly is refused, also by name', async () => {
    const runtime = await runtimeOf({ shader: (code) => code.replaceAll(' = fma(', ' = 1.01f * fma(') });
    for (const device of ['gpu', 'auto'] as const) {
      await expect(engineOn(runtime, { device, threads: 1, measured })).rejects.toThrow(
        /differ from the CPU's by 0\.\d+ \(A card\): the driver computes wrongly\. Update it, or use --device cpu\./,
      );
    }
    await runtime.dispose();
  });

  test('auto tries the training that is to run on both devices, and says what a step takes', async () => {
    const runtime = await runtimeOf();
    const figures = /^a step of this training takes [\d.]+ ms on the GPU and [\d.]+ ms on the CPU\.?$/;
    // A software driver is slower, unless the machine is busy with other things.
    const engine = await engineOn(runtime, { device: 'auto', threads: 1, measured: smallest }).catch(
      (error) => error,
    );
    expect(engine instanceof Error ? engine.message : engine.remark).toMatch(figures);
    await runtime.dispose();
  });
});

test('turns of a recipe are timed on its own networks and batches', async () => {
  const shapes: (readonly number[])[] = [];
  const { wasmEngine } = await import('../../../core/test/wasm-engine.ts');
  const spying = {
    ...wasmEngine,
    compile: ((step, options) => {
      const compiled = wasmEngine.compile(step, options);
      return {
        ...compiled,
        run: (inputs) => {
          if (inputs.synthetic) shapes.push(inputs.synthetic.shape);
          return compiled.run(inputs);
        },
      };
    }) as typeof wasmEngine.compile,
  };
  const { ms, losses } = await timeTurns(spying, measured);
  expect(ms > 0 && Number.isFinite(ms)).toBe(true);
  expect(losses.every(Number.isFinite)).toBe(true);
  const { width, height, channels } = plugin.image as { width: number; height: number; channels: number };
  expect(new Set(shapes.map(String))).toEqual(
    new Set([String([measured.recipe.batchSize, height, width, channels])]),
  );
});
