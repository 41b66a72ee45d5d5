import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

/** A program as a web page has it: trains tiny networks in a moment, and refines. */
const program = `
  import '@tensorflow/tfjs-backend-cpu';
  import { createTraining, createImage, createRng, eagerEngine, l1Regularizer, patchDiscriminator, residualRefiner, simulate, train, trainedRefiner } from '@simgan/core';
  import * as evaluation from '@simgan/core/evaluation';
  import * as geometry from '@simgan/core/geometry';
  import * as reading from '@simgan/core/reading';
  import * as pluginRoom from '@simgan/core/plugin';

  const image = { width: 8, height: 6, channels: 1, bits: 8 };
  const draw = (rng) => {
    const drawn = createImage(image);
    for (let i = 0; i < drawn.data.length; i++) drawn.data[i] = rng.int(256);
    return { image: drawn, annotation: null };
  };
  const recipe = {
    steps: 2, batchSize: 2, optimizer: { kind: 'adam' }, learningRate: 1e-3, lambda: 1, refinerUpdates: 2,
    discriminatorUpdates: 1, historySize: 4, warmup: { refiner: 1, discriminator: 1 }, averaging: 0.9, match: 'histogram',
  };
  const plugin = {
    image,
    refiner: residualRefiner({ width: 4, blocks: 1 }),
    discriminator: patchDiscriminator([{ convolution: 3, stride: 2, filters: 4 }]),
    regularizer: l1Regularizer(),
  };
  globalThis.done = (async () => {
    const engine = eagerEngine('cpu', 'page', 'cpu');
    const synthetic = simulate(draw, { seed: 1, length: 8 });
    const training = await createTraining({ plugin, recipe, synthetic, real: simulate(draw, { seed: 2, length: 8 }), engine });
    const phases = [];
    for await (const { phase } of train(training)) phases.push(phase);
    const refiner = trainedRefiner(training);
    const refined = await refiner.refine(await synthetic.at(0));
    return { phases, id: refined.id, values: refined.image.data.length, rooms: [evaluation, geometry, reading, pluginRoom].map((room) => Object.keys(room).length > 0) };
  })();
`;

test('core is a program of a web page: no part of Node is in it, and it trains and refines there', async () => {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: program,
      resolveDir: fileURLToPath(new URL('../packages/core', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    conditions: ['@simgan/source'],
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const externals = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect(externals).toEqual([]);
  const heavy = /node_modules\/(sharp|onnxruntime-node|h5wasm)\//;
  expect(Object.keys(metafile.inputs).filter((file) => heavy.test(file))).toEqual([]);

  // What a page has and no more: no process, require, Buffer or import of files.
  const page = {
    ...{
      console,
      performance,
      setTimeout,
      clearTimeout,
      queueMicrotask,
      TextEncoder,
      TextDecoder,
      AbortController,
    },
    navigator: { userAgent: 'test' },
    done: undefined as Promise<unknown> | undefined,
  };
  const context = createContext({ ...page, window: { document: {} } });
  runInContext(outputFiles[0]!.text, context);
  expect(await (context as typeof page).done).toEqual({
    phases: ['refiner warm-up', 'discriminator warm-up', 'adversarial', 'adversarial'],
    id: '0000000',
    values: 48,
    rooms: [true, true, true, true],
  });
});
