import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import '../../../core/test/cpu-backend.ts';
import type { Engine, Refiner, Safetensors, SizedForm } from '@simgan/core';
import { eagerEngine, readSafetensors, residualRefiner, writeSafetensors } from '@simgan/core';
import { loadWeights, saveWeights } from './weights.ts';

const engine = eagerEngine('cpu', 'test', 'cpu');
const image: SizedForm = { width: 6, height: 4, channels: 1, bits: 8 };

function network(seed: number, width = 3): Refiner {
  const refiner = residualRefiner({ width, blocks: 1 })(image, seed);
  networks.push(refiner);
  return refiner;
}

const networks: Refiner[] = [];
afterEach(() => {
  for (const made of networks.splice(0)) made.dispose();
});

const valuesOf = (refiner: Refiner) => refiner.variables.map((variable) => [...variable.dataSync()]);

async function temporaryFile(name: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-weights-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return join(dir, name);
}

test('weights go through a file unchanged, with what it says of them', async () => {
  const file = await temporaryFile('refiner.safetensors');
  const trained = network(1);
  const other = network(2);
  expect(valuesOf(other)).not.toEqual(valuesOf(trained));
  await saveWeights(file, trained, engine, { plugin: 'eyes', step: '7' });
  const tensors = tf.memory().numTensors;
  expect(await loadWeights(file, other)).toEqual({ plugin: 'eyes', step: '7' });
  expect(tf.memory().numTensors).toBe(tensors);
  expect(valuesOf(other)).toEqual(valuesOf(trained));
  const bytes = await readFile(file);
  await saveWeights(file, other, engine, { plugin: 'eyes', step: '7' });
  expect((await readFile(file)).equals(bytes)).toBe(true);
});

test('the file names variables as the network does, whatever else the process has made', async () => {
  const file = await temporaryFile('refiner.safetensors');
  await saveWeights(file, network(1), engine);
  const { tensors } = readSafetensors(await readFile(file));
  expect(Object.keys(tensors)).toEqual([
    'stem/kernel',
    'stem/bias',
    'block0/a/kernel',
    'block0/a/bias',
    'block0/b/kernel',
    'block0/b/bias',
    'image/kernel',
    'image/bias',
  ]);
});

test("another network's weights are refused with every difference, and nothing is loaded", async () => {
  const file = await temporaryFile('refiner.safetensors');
  const refiner = network(1);
  await saveWeights(file, refiner, engine);
  const { tensors } = readSafetensors(await readFile(file));
  const { 'image/bias': bias, ...rest } = tensors;
  const foreign = { ...rest, 'image/kernel': { data: Float32Array.of(1), shape: [1] }, 'image/scale': bias! };
  const write = (tensors: Safetensors['tensors']) =>
    writeFile(file, writeSafetensors({ tensors, metadata: {} }));
  await write(foreign);
  const before = valuesOf(refiner);
  await expect(loadWeights(file, refiner)).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: [
      `The weights in ${file} are not of this network:`,
      '  image/kernel is [1] in the file and [1,1,3,1] in the network',
      '  image/bias [1] is missing in the file',
      '  image/scale [1] is not in the network',
      'Use the plugin, options and recipe that they were trained with.',
    ].join('\n'),
  });
  const unusable = {
    'does not hold 32-bit floats.': new Int32Array(3),
    'holds values that are not finite. Restore it from a copy.': Float32Array.of(1, Number.NaN, 2),
  };
  for (const [problem, data] of Object.entries(unusable)) {
    await write({ ...tensors, 'stem/bias': { data, shape: [3] } });
    await expect(loadWeights(file, refiner)).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: `Cannot load weights from ${file}. Its array stem/bias ${problem}`,
    });
  }
  expect(valuesOf(refiner)).toEqual(before);
});

test('saved weights are read from the engine, not from the variables', async () => {
  const file = await temporaryFile('refiner.safetensors');
  const refiner = network(1);
  const asked: number[] = [];
  const holding: Engine = {
    ...engine,
    async read(variables) {
      asked.push(variables.length);
      const values = await engine.read(variables);
      return values.map(({ data, shape }) => ({ data: data.map((value) => value + 1), shape }));
    },
  };
  await saveWeights(file, refiner, holding);
  expect(asked).toEqual([refiner.variables.length]);
  const copy = network(2);
  await loadWeights(file, copy);
  const expected = valuesOf(refiner).map((values) => values.map((value) => Math.fround(value + 1)));
  expect(valuesOf(copy)).toEqual(expected);
});

test('a file that is missing, damaged or too large is named', async () => {
  const file = await temporaryFile('refiner.safetensors');
  await expect(loadWeights(file, network(1))).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: `Cannot load weights from ${file}. It does not exist, or is a link to something that does not.`,
  });
  await expect(loadWeights(join(file, '..'), network(1))).rejects.toThrow('It is not a file.');
  await saveWeights(file, network(1), engine);
  await expect(loadWeights(file, network(1), { maxBytes: 100 })).rejects.toThrow('at most 100 are read');
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(0, -1));
  await expect(loadWeights(file, network(1))).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining(
      `Cannot load weights from ${file}. This is not a valid safetensors file: it is cut off`,
    ),
  });
});

test('two variables of one name cannot be saved', async () => {
  const refiner = network(1);
  const [first] = refiner.variables;
  const twice = { ...refiner, variables: [first!, first!] };
  const file = await temporaryFile('x');
  await expect(saveWeights(file, twice, engine)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('Two variables of the network are called stem/kernel'),
  });
  expect(existsSync(file)).toBe(false);
});

test('weights come from a URL, whole or not at all', async () => {
  const file = await temporaryFile('refiner.safetensors');
  const trained = network(1);
  await saveWeights(file, trained, engine, { plugin: 'eyes' });
  const bytes = new Uint8Array(await readFile(file));
  const at = (name: string) => `https://example.test/${name}`;
  const server = setupServer(
    http.get(at('good'), () => HttpResponse.arrayBuffer(bytes.buffer)),
    http.get(at('gone'), () => new HttpResponse(null, { status: 404 })),
    http.get(at('cut'), () => HttpResponse.arrayBuffer(bytes.slice(0, 500).buffer)),
  );
  server.listen({ onUnhandledRequest: 'error' });
  onTestFinished(() => server.close());
  const refiner = network(2);
  const before = valuesOf(refiner);
  await expect(loadWeights(at('gone'), refiner)).rejects.toMatchObject({ code: 'FETCH_FAILED' });
  await expect(loadWeights(at('cut'), refiner)).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining(at('cut')),
  });
  await expect(loadWeights(at('good'), refiner, { maxBytes: 100 })).rejects.toThrow('at most 100 are read');
  expect(valuesOf(refiner)).toEqual(before);
  expect(await loadWeights(at('good'), refiner)).toEqual({ plugin: 'eyes' });
  expect(valuesOf(refiner)).toEqual(valuesOf(trained));
});
