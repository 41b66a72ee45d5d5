import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { onOracle, onRuntime, optimizers } from '../../tfjs-trace/test/adversaries.ts';
import {
  difference,
  eagerly,
  expectSame,
  numbers,
  tf,
  useOracle,
  variable,
  withGradients,
} from '../../tfjs-trace/test/oracle.ts';
import {
  type CompiledFunction,
  createOnnxRuntime,
  type OnnxRuntime,
  type StepFunction,
} from '../src/index.ts';
import { targetOf } from '../src/runtime/target.ts';
import { inputs, manyWeights, traced, train } from './many-weights.ts';

useOracle();

// A software Vulkan driver, included in Debian's chromium: slow, but it computes what a GPU should.
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
// Chromium finds its own loader; ONNX Runtime needs that of the system (Debian's libvulkan1).
const loaders = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/libvulkan.so.1`);
const hasDriver = existsSync(driver) && loaders.some((loader) => existsSync(loader));
const mayHaveGpu =
  process.platform !== 'linux' || ['/dev/dri', '/dev/nvidiactl', '/dev/dxg'].some((path) => existsSync(path));
const withVulkan = hasDriver ? '' : ` (skipped: no software Vulkan at ${driver})`;
const withoutGpu =
  hasDriver || mayHaveGpu ? ' (skipped: this machine may have a GPU or software Vulkan)' : '';

test.skipIf(withVulkan)(
  `WebGPU training agrees with the oracle${withVulkan}`,
  { timeout: 240_000 },
  async () => {
    process.env.VK_ICD_FILENAMES ??= driver;
    process.env.XDG_RUNTIME_DIR ??= '/tmp';
    const runtime = await createOnnxRuntime({ device: 'gpu' });
    expect(runtime.device).toBe('gpu');
    const expected = await onOracle(optimizers.momentum!);
    const actual = await onRuntime(runtime, optimizers.momentum!);
    await expectFilterGradients(runtime);
    await expectFrozenRefinement(runtime);
    await expectFlatUpdates(runtime);
    await runtime.dispose();
    for (const [i, loss] of expected.losses.entries())
      expect(Math.abs(actual.losses[i]! - loss)).toBeLessThan(1e-5);
    for (const [i, value] of expected.values.entries()) {
      expect(difference(actual.values[i]!, value)).toBeLessThan(1e-4);
    }
  },
);

test.skipIf(withVulkan)(
  `WebGPU gives updates end to end the same bits as one after the other${withVulkan}`,
  { timeout: 240_000 },
  async () => {
    process.env.VK_ICD_FILENAMES ??= driver;
    process.env.XDG_RUNTIME_DIR ??= '/tmp';
    const { step } = traced('adam');
    const flat = targetOf('gpu', 0);
    const apart = await train(step, { ...flat, flat: false }, 'gpu');
    expect(await train(step, flat, 'gpu')).toEqual(apart);
  },
);

test.skipIf(withoutGpu)(`without a GPU, gpu is rejected and auto is the CPU${withoutGpu}`, async () => {
  await expect(createOnnxRuntime({ device: 'gpu' })).rejects.toThrow('The device cpu always works.');
  const runtime = await createOnnxRuntime({ device: 'auto' });
  expect(runtime.device).toBe('cpu');
  await runtime.dispose();
});

type T4 = tf.Tensor4D;

/** Gradients of filters are products here: with padding, strides, and numbers of pixels that four does not divide. */
async function expectFilterGradients(runtime: OnnxRuntime): Promise<void> {
  for (const [batch, side, kernel, stride, pad] of [
    [4, 5, 3, 1, 'same'],
    [3, 5, 3, 2, 'same'],
    [2, 7, 2, 2, 'valid'],
    [2, 3, 1, 1, 'valid'],
  ] as const) {
    const inputs = {
      x: numbers([batch, side, side, 3], side),
      filter: numbers([kernel, kernel, 3, 4], kernel),
    };
    const f = withGradients((x, filter) => tf.conv2d(x as T4, filter as T4, stride, pad));
    await expectSame(runtime, f, inputs, 1e-5);
  }
}

/**
 * Moments and averages lie end to end on the GPU; they are read and assigned one by one, by steps too, and outlive the
 * program that made them.
 */
async function expectFlatUpdates(runtime: OnnxRuntime): Promise<void> {
  const train = async (
    prepare: (step: StepFunction) => CompiledFunction['run'],
    finish: (made?: tf.Variable[]) => Promise<void>,
  ) => {
    const { weights, moments, averages, step } = manyWeights(optimizers.adam!);
    const second = moments[1]![4]!;
    const move = prepare(step);
    const look = prepare(() => ({ second: tf.mul(second, 2) }));
    const seen: number[] = [];
    for (let i = 0; i < 2; i++) seen.push((await move(inputs(i))).loss!.data[0]!);
    seen.push(...(await look({})).second!.data);
    seen.push((await move(inputs(2))).loss!.data[0]!);
    await finish([averages[2]!]);
    seen.push(...averages[2]!.dataSync());
    tf.tidy(() => moments[0]![6]!.assign(tf.ones([6])));
    seen.push((await move(inputs(3))).loss!.data[0]!);
    await finish();
    const values = [...weights, ...moments.flat(), ...averages].map((each) => [...each.dataSync()]);
    tf.disposeVariables();
    return [...seen, ...values.flat()];
  };
  const expected = await train(
    (step) => async (given) => eagerly(step, given) as Awaited<ReturnType<CompiledFunction['run']>>,
    async () => {},
  );
  const compiled: CompiledFunction[] = [];
  const actual = await train(
    (step) => {
      compiled.push(runtime.compile(step));
      return compiled.at(-1)!.run;
    },
    async (made) => {
      if (!made) for (const each of compiled) await each.dispose();
      await runtime.writeBack(made);
    },
  );
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs(actual[i]! - value)).toBeLessThan(1e-5);
}

/** An itemwise step has its weights written in, and is compiled again when they change. */
async function expectFrozenRefinement(runtime: OnnxRuntime): Promise<void> {
  const weight = variable(tf.tensor([2, 3]));
  const step = ({ x }: Record<string, tf.Tensor>) => ({ y: tf.mul(x!, weight) });
  const compiled = runtime.compile(step as StepFunction, { itemwise: true });
  for (const values of [
    [2, 3],
    [5, 7],
  ]) {
    tf.tidy(() => weight.assign(tf.tensor(values)));
    const { y } = await compiled.run({ x: { data: Float32Array.of(1, 1, 2, 2), shape: [2, 2] } });
    expect([...y!.data]).toEqual([...values, ...values.map((value) => 2 * value)]);
  }
  await compiled.dispose();
  weight.dispose();
}
