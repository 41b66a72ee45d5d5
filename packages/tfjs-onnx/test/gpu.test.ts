import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { onOracle, onRuntime, optimizers } from '../../tfjs-trace/test/adversaries.ts';
import { difference, useOracle } from '../../tfjs-trace/test/oracle.ts';
import { createOnnxRuntime } from '../src/index.ts';

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
    await runtime.dispose();
    for (const [i, loss] of expected.losses.entries())
      expect(Math.abs(actual.losses[i]! - loss)).toBeLessThan(1e-5);
    for (const [i, value] of expected.values.entries()) {
      expect(difference(actual.values[i]!, value)).toBeLessThan(1e-4);
    }
  },
);

test.skipIf(withoutGpu)(`without a GPU, gpu is rejected and auto is the CPU${withoutGpu}`, async () => {
  await expect(createOnnxRuntime({ device: 'gpu' })).rejects.toThrow('The device cpu always works.');
  const runtime = await createOnnxRuntime({ device: 'auto' });
  expect(runtime.device).toBe('cpu');
  await runtime.dispose();
});
