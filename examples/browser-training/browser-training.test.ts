import { compiledEngine } from '@simgan/core/engine';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { createDawnRuntime } from '../../packages/tfjs-wgsl/src/node.ts';
import { withoutGpu } from '../../packages/tfjs-wgsl/test/use-dawn.ts';
import { browserFile, complaintsOf, noBrowser } from '../../test/browser.ts';
import { bundlePage, servePage } from './bundle.ts';
import { trainOn } from './training.ts';

const STEPS = 3;

// Chromium brings a software driver for WebGPU; without a GPU it is used where it is asked for.
const args = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
];

test('a tab trains a refiner on its GPU, with the numbers that Node has', async ({ skip }) => {
  if (!browserFile) skip(noBrowser);
  const program = await bundlePage(['@simgan/source']);
  expect(program).not.toMatch(/^import .*"node:/m);
  const { server, url } = await servePage(program);
  const browser = await chromium.launch({ executablePath: browserFile!, args, timeout: 120_000 });
  try {
    const page = await browser.newPage();
    const complaints = complaintsOf(page);
    await page.goto(`${url}?task=tiny&steps=${STEPS}`);
    const done = await page.waitForFunction('globalThis.result ?? globalThis.failure', undefined, {
      timeout: 180_000,
    });
    const result = (await done.jsonValue()) as Awaited<ReturnType<typeof trainOn>>['steps'] | string;
    if (typeof result === 'string' && result.startsWith('There is no GPU')) skip(result);
    expect(result).toHaveLength(STEPS + 1);
    expect(complaints.filter((text) => !/WebGPU|GPU stall/i.test(text))).toEqual([]);
    if (withoutGpu) return;
    tf.enableProdMode(); // TensorFlow.js greets on the console otherwise
    await tf.setBackend('cpu');
    const runtime = await createDawnRuntime();
    const engine = compiledEngine(runtime, { name: 'webgpu', device: runtime.name, isBatchInvariant: false });
    const { steps } = await trainOn(engine, 'tiny', { steps: STEPS });
    await engine.dispose();
    for (const [i, step] of steps.entries()) expectClose(result[i], step);
  } finally {
    await browser.close();
    server.close();
  }
});

/** Equal texts, and numbers that differ by rounding alone. */
function expectClose(actual: unknown, expected: unknown): void {
  if (typeof expected === 'number') expect(Math.abs((actual as number) - expected)).toBeLessThan(1e-5);
  else if (typeof expected === 'object' && expected !== null) {
    for (const [key, value] of Object.entries(expected))
      expectClose((actual as Record<string, unknown>)[key], value);
  } else expect(actual).toEqual(expected);
}
