import { expect, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs } from '../../test/blobs.ts';
import { measureThroughput } from './throughput.ts';

// It measures for five seconds whatever the machine: this is the one test of it.
test('measures an engine with the networks of a recipe, also for images of any size', async () => {
  const plugin = blobs({ anySize: true });
  const throughput = await measureThroughput(wasmEngine, plugin, 'wide');
  expect(throughput).toMatchObject({ recipe: 'wide', batchSize: 4 });
  for (const rate of [throughput.stepsPerSecond, throughput.imagesPerSecond]) {
    expect(Number.isFinite(rate) && rate > 0).toBe(true);
  }
  await expect(measureThroughput(wasmEngine, plugin, 'quik')).rejects.toThrow('Did you mean quick?');
});
