import { trace } from '@simgan/tfjs-trace';
import { describe, expect, test } from 'vitest';
import { numbers, tf, useOracle, variable } from '../../tfjs-trace/test/oracle.ts';
import { createWgslRuntime, lowerStep } from '../src/index.ts';
import { GpuMemoryError } from '../src/lower/gpu-memory-error.ts';
import { inHalves } from '../src/runtime/halves.ts';
import { withFaults } from './faults.ts';
import { withoutGpu } from './use-dawn.ts';

useOracle();

test('without an adapter, and without WebGPU, a sentence says so', async () => {
  const gpu = { requestAdapter: async () => null } as unknown as GPU;
  await expect(createWgslRuntime({ gpu })).rejects.toThrow('no adapter was found');
  await expect(createWgslRuntime()).rejects.toThrow('This platform has no navigator.gpu.');
});

test('a batch for which memory does not suffice runs in halves, and one item gives up', async () => {
  const sizes: number[] = [];
  const upTo = (most: number) => async (inputs: Parameters<typeof inHalves>[0]) => {
    const { data, shape } = inputs.x!;
    sizes.push(shape[0]!);
    if (shape[0]! > most) throw new GpuMemoryError('The memory of the GPU does not suffice.');
    return { y: { data: Float32Array.from(data, (value) => 2 * value), shape } };
  };
  const x = { data: Float32Array.from({ length: 10 }, (_, i) => i), shape: [5, 2] };
  const { y } = await inHalves({ x }, upTo(2));
  expect(sizes).toEqual([5, 3, 2, 1, 2]);
  expect(y).toEqual({ data: Float32Array.from(x.data, (value) => 2 * value), shape: [5, 2] });
  await expect(inHalves({ x }, upTo(0))).rejects.toThrow('does not suffice');
});

test('a buffer beyond what a GPU allows is refused before anything is allocated', () => {
  const large = trace(({ x }) => ({ y: tf.square(x!) }), { x: { shape: [1024, 1024], dtype: 'float32' } });
  expect(() => lowerStep(large, { buffers: 8, bytes: 2 ** 20 })).toThrow(
    'The step needs a buffer of 4 MB, and this GPU allows 1 MB. Use a smaller batch, or smaller pictures.',
  );
});

test('a kernel never reads more buffers than a GPU allows', () => {
  const names = Array.from({ length: 12 }, (_, i) => `x${i}`);
  const types = Object.fromEntries(names.map((name) => [name, { shape: [4], dtype: 'float32' as const }]));
  const sum = trace(
    (inputs) => ({ y: tf.addN(names.map((name) => tf.square(tf.sum(inputs[name]!)))) }),
    types,
  );
  const { kernels } = lowerStep(sum, { buffers: 4, bytes: 2 ** 20 });
  for (const { places } of kernels) expect(places.length).toBeLessThanOrEqual(4);
});

describe.skipIf(withoutGpu)(`a GPU that fails${withoutGpu}`, () => {
  test('one that is lost in the middle of a training is said to be lost', async () => {
    let device: GPUDevice | undefined;
    const gpu = await withFaults({
      onDevice: (made) => {
        device = made;
      },
    });
    const runtime = await createWgslRuntime({ gpu });
    const state = variable(tf.scalar(1));
    const step = runtime.compile(() => {
      state.assign(tf.add(state, 1));
      return { state: tf.add(state, 0) };
    });
    expect((await step.run({})).state!.data[0]).toBe(2);
    device!.destroy();
    await expect(step.run({})).rejects.toThrow(/^The GPU was lost \(.*Resume from the last checkpoint/);
    await expect(runtime.writeBack()).rejects.toThrow('The GPU was lost');
    expect(state.dataSync()[0]).toBe(1);
  });

  test('a kernel that its driver cannot compile is named, with what the driver says', async () => {
    const gpu = await withFaults({
      shader: (code, label) =>
        label.includes('Conv2D') ? `${code}\nfn broken() -> u32 { return missing; }` : code,
    });
    const runtime = await createWgslRuntime({ gpu });
    const step = runtime.compile(({ x, filter }) => ({
      y: tf.relu(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same')),
    }));
    const inputs = { x: numbers([1, 3, 3, 4], 1), filter: numbers([3, 3, 4, 4], 2) };
    await expect(step.run(inputs)).rejects.toThrow(
      /^The driver of the GPU cannot compile the kernel "Conv2D Relu" \(.+\): line \d+: .*missing.* Run on another device, and report this driver\.$/,
    );
    // Other kernels still run.
    const doubled = runtime.compile(({ x }) => ({ y: tf.mul(x!, 2) }));
    expect((await doubled.run({ x: numbers([2], 1) })).y!.data.length).toBe(2);
    await runtime.dispose();
  });

  test('too little memory is said with its size where a step cannot be divided, and divides one that can', async () => {
    const runtime = await createWgslRuntime({ gpu: await withFaults({ memory: 3000 }) });
    const square: Parameters<typeof runtime.compile>[0] = ({ x }) => ({ y: tf.square(tf.add(x!, 1)) });
    const x = numbers([16, 16], 1);
    await expect(runtime.compile(square).run({ x })).rejects.toThrow(
      /^The memory of the GPU does not suffice: 1 MB more are needed \(.+\)\. Use a smaller batch, or smaller pictures\.$/,
    );
    const { y } = await runtime.compile(square, { itemwise: true }).run({ x });
    expect(y!.data).toEqual(x.data.map((value) => Math.fround(Math.fround(value + 1) ** 2)));
    await runtime.dispose();
  });
});
