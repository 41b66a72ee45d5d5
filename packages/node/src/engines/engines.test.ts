import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { temporaryFolder, writeFiles } from '../../test/folders.ts';
import { createEngine, describeEngines } from './engines.ts';
import { engineNames } from './names.ts';

test('every engine is described; auto takes the first that loads and says why it passed others over', async () => {
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

test("a package of TensorFlow in the user's folder that does not load is told from one that is missing", async () => {
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

test('compiled steps run with what they are given, on each engine that comes with this package', async () => {
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
