import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createOnnxRuntime } from '../src/index.ts';
import { onOracle, onRuntime, optimizers } from './adversaries.ts';
import { difference, useOracle } from './oracle.ts';

useOracle();

// A Vulkan without a GPU: slow, but it computes what a real one should. Debian's chromium brings it.
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
const reason = existsSync(driver) ? '' : ` (skipped: no software Vulkan at ${driver})`;

test.skipIf(reason)(`WebGPU trains as the oracle does${reason}`, { timeout: 240_000 }, async () => {
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
});

test.runIf(reason)('where no GPU answers, gpu says what it needs and auto takes the CPU', async () => {
  await expect(createOnnxRuntime({ device: 'gpu' })).rejects.toThrow('The device cpu always works.');
  const runtime = await createOnnxRuntime({ device: 'auto' });
  expect(runtime.device).toBe('cpu');
  await runtime.dispose();
});
