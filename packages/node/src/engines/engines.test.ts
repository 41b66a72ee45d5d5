import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { temporaryFolder, writeFiles } from '../../test/folders.ts';
import { createEngine, describeEngines } from './engines.ts';
import { engineNames } from './names.ts';

test('auto takes the first engine that describeEngines can load, and reports why it passed over others', async () => {
  const from = await temporaryFolder();
  const reports = await describeEngines({ from, device: 'cpu', threads: 1 });
  expect(reports.map(({ name }) => name)).toEqual(engineNames);
  for (const { device, problem } of reports) {
    expect([device, problem].filter((text) => text !== undefined && text.length > 0)).toHaveLength(1);
  }
  const first = reports.findIndex(({ problem }) => problem === undefined);
  // These need nothing but what this package brings.
  for (const name of ['onnx', 'wasm', 'cpu']) {
    expect(reports.find((report) => report.name === name)?.problem).toBeUndefined();
  }
  const { engine, passedOver } = await createEngine('auto', { from, device: 'cpu', threads: 1 });
  expect(engine).toMatchObject({ name: reports[first]!.name, device: reports[first]!.device });
  expect(passedOver).toEqual(reports.slice(0, first).map(({ name, problem }) => ({ name, reason: problem })));
  await engine.dispose();
});

test('an installed TensorFlow package that does not load is reported with its error', async () => {
  const from = await temporaryFolder();
  const broken = join('node_modules', '@tensorflow', 'tfjs-node-gpu');
  await writeFiles(from, {
    [join(broken, 'package.json')]: '{"name":"@tensorflow/tfjs-node-gpu","main":"index.mjs"}',
    [join(broken, 'index.mjs')]: 'throw new Error("libtensorflow.so is missing\\nand more");',
  });
  await expect(createEngine('tensorflow-gpu', { from })).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    message:
      '@tensorflow/tfjs-node-gpu is installed but does not load (libtensorflow.so is missing); its prebuilt binding supports Node up to 20.',
  });
});

test('compiled steps run on every bundled engine', async () => {
  for (const name of ['onnx', 'wasm', 'cpu'] as const) {
    const { engine, passedOver } = await createEngine(name, { device: 'cpu', threads: 1 });
    expect([engine.name, passedOver]).toEqual([name, []]);
    const double = engine.compile(({ x }) => ({ y: tf.add(x!, x!) }));
    const { y } = await double.run({ x: { data: Float32Array.of(1, -2, 0.5), shape: [3] } });
    expect([[...y.data], y.shape]).toEqual([[2, -4, 1], [3]]);
    await double.dispose();
    await engine.dispose();
  }
});

test('the webgpu engine says why it does not load, and auto goes on without it', async () => {
  await expect(createEngine('webgpu', { device: 'cpu' })).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    message: 'The webgpu engine runs on a GPU through WebGPU, and --device is cpu.',
  });
});
