import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { numbers, tf, useOracle, variable } from '../../tfjs-trace/test/oracle.ts';
import { createOnnxRuntime, registerLowering } from '../src/index.ts';
import { useRuntime } from './use-runtime.ts';

useOracle();
const runtime = useRuntime({ threads: 2 });
const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] });

describe('state', () => {
  test('is shared by all programs, and written back on request', async () => {
    const state = variable(tf.tensor1d([1, 2]));
    const double = runtime().compile(() => {
      state.assign(tf.mul(state, 2));
      return {};
    });
    const read = runtime().compile(() => ({ state: tf.add(state, 0.5) }));
    await double.run({});
    await double.run({});
    expect([...(await read.run({})).state!.data]).toEqual([4.5, 8.5]);
    expect([...state.dataSync()]).toEqual([1, 2]);
    await runtime().writeBack();
    expect([...state.dataSync()]).toEqual([4, 8]);
    await double.run({});
    expect([...(await read.run({})).state!.data]).toEqual([8.5, 16.5]);
  });

  test('follows assignments outside of steps, and data changed in place after refresh', async () => {
    const state = variable(tf.tensor1d([1]));
    const read = runtime().compile(() => ({ state: tf.mul(state, 1) }));
    expect((await read.run({})).state!.data[0]).toBe(1);
    const loaded = tf.tensor1d([5]);
    state.assign(loaded);
    loaded.dispose();
    expect((await read.run({})).state!.data[0]).toBe(5);
    (state.dataSync() as Float32Array)[0] = 7; // the cpu backend returns its own array
    expect((await read.run({})).state!.data[0]).toBe(5);
    runtime().refresh([state]);
    expect((await read.run({})).state!.data[0]).toBe(7);
  });

  test('can be swapped between variables', async () => {
    const [a, b] = [variable(tf.scalar(1)), variable(tf.scalar(2))] as const;
    const swap = runtime().compile(() => {
      const [x, y] = [tf.clone(a), tf.clone(b)];
      a.assign(y);
      b.assign(x);
      return {};
    });
    for (let i = 0; i < 3; i++) await swap.run({});
    await runtime().writeBack();
    expect([a.dataSync()[0], b.dataSync()[0]]).toEqual([2, 1]);
  });

  test('of a variable that a program only writes can be read after its assignment', async () => {
    const seen = variable(tf.scalar(0));
    const watch = runtime().compile(({ x }) => {
      seen.assign(tf.mean(x!) as tf.Scalar);
      return { twice: tf.mul(seen, 2) };
    });
    expect((await watch.run({ x: scalar(3) })).twice!.data[0]).toBe(6);
    await runtime().writeBack([seen]);
    expect(seen.dataSync()[0]).toBe(3);
  });
});

describe('programs', () => {
  test('are compiled per input shape, so that a smaller last batch works', async () => {
    let traces = 0;
    const step = runtime().compile(({ x }) => {
      traces++;
      return { sum: tf.sum(x!) };
    });
    for (const batch of [4, 4, 3, 4, 3]) {
      const x = numbers([batch, 2], batch);
      const { sum } = await step.run({ x });
      expect(sum!.data[0]).toBeCloseTo(
        x.data.reduce((a, b) => a + b),
        5,
      );
    }
    expect(traces).toBe(2);
  });

  test('take integers, and return constants, inputs and one value under two names', async () => {
    const rows = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    const step = runtime().compile(({ which, x }) => {
      const row = tf.gather(rows, which as tf.Tensor1D);
      return { row, same: row, x: x!, one: tf.onesLike(x!), rows };
    });
    const outputs = await step.run({ which: { data: Int32Array.of(1), shape: [1] }, x: numbers([2], 1) });
    expect([...outputs.row!.data]).toEqual([3, 4]);
    expect([...outputs.same!.data]).toEqual([3, 4]);
    expect(outputs.x!.data).toEqual(numbers([2], 1).data);
    expect([...outputs.one!.data]).toEqual([1, 1]);
    expect([...outputs.rows!.data]).toEqual([1, 2, 3, 4]);
    rows.dispose();
  });

  test('run one after the other when called concurrently', async () => {
    const count = variable(tf.scalar(0));
    const step = runtime().compile(() => {
      count.assign(tf.add(count, 1));
      return { count: tf.mul(count, 1) };
    });
    const results = await Promise.all(Array.from({ length: 5 }, () => step.run({})));
    expect(results.map(({ count }) => count!.data[0])).toEqual([1, 2, 3, 4, 5]);
  });

  test('do not block the event loop', async () => {
    const filter = variable(tf.tensor(numbers([3, 3, 64, 64], 1).data, [3, 3, 64, 64]));
    const step = runtime().compile(({ x }) => {
      let y = x as tf.Tensor4D;
      for (let i = 0; i < 12; i++) y = tf.tanh(tf.conv2d(y, filter as tf.Tensor as tf.Tensor4D, 1, 'same'));
      return { mean: tf.mean(y) };
    });
    const x = numbers([16, 32, 32, 64], 1);
    await step.run({ x });
    const order: string[] = [];
    setImmediate(() => order.push('another task'));
    await step.run({ x }).then(() => order.push('result'));
    expect(order).toEqual(['another task', 'result']);
  });
});

describe('errors say what is wrong, where, and what to do', () => {
  const fail = (step: Parameters<ReturnType<typeof runtime>['compile']>[0]) =>
    runtime()
      .compile(step)
      .run({ x: numbers([2, 3], 1) });
  const here = /runtime\.test\.ts:\d+:\d+/;

  test('an unsupported kernel', async () => {
    const step = () => fail(({ x }) => ({ y: tf.topk(x!, 2).values }));
    await expect(step()).rejects.toThrow('kernel TopK is not supported, at');
    await expect(step()).rejects.toThrow(here);
    await expect(step()).rejects.toThrow('registerLowering');
    registerLowering<'x', { k: number }>('TopK', (graph, { x }, { k }) => {
      const shape = [...x.shape.slice(0, -1), k];
      const top = graph.slice(x, [0, 0], shape);
      return [top, top];
    });
    expect((await step()).y!.shape).toEqual([2, 2]);
  });

  test('reading the values of a tensor', async () => {
    const step = () => fail(({ x }) => ({ y: tf.scalar(x!.dataSync()[0]!) }));
    await expect(step()).rejects.toThrow('reads the values of a tensor');
    await expect(step()).rejects.toThrow(here);
    const state = variable(tf.scalar(1));
    await expect(fail(() => ({ y: tf.scalar(state.dataSync()[0]!) }))).rejects.toThrow('reads the values');
  });

  test('random numbers, and other values computed on the host', async () => {
    await expect(fail(({ x }) => ({ y: tf.dropout(x!, 0.5) }))).rejects.toThrow('would repeat in every run');
    await expect(fail(() => ({ y: tf.randomNormal([2]) }))).rejects.toThrow(here);
  });

  test('creating a variable', async () => {
    const weight = variable(tf.scalar(1));
    const optimizer = tf.train.momentum(0.1, 0.9);
    const step = () => fail(() => ({ y: optimizer.minimize(() => tf.square(weight) as tf.Scalar, true)! }));
    await expect(step()).rejects.toThrow('creates the variable');
    optimizer.dispose();
    // TensorFlow.js does not dispose the momentum's scalar.
    (optimizer as unknown as { c: tf.Tensor }).c.dispose();
  });

  test('data that does not fill its shape, missing inputs, outputs that are not tensors', async () => {
    const step = runtime().compile(({ x, y }) => ({ z: tf.add(x!, y!) }));
    await expect(step.run({ x: { data: new Float32Array(5), shape: [2, 3] }, y: scalar(1) })).rejects.toThrow(
      'Input "x" has 5 values, but its shape [2,3] needs 6',
    );
    await expect(step.run({ x: scalar(1) })).rejects.toThrow("Argument 'b' passed to 'add' must be a Tensor");
    await expect(fail(() => ({ y: 1 as unknown as tf.Tensor }))).rejects.toThrow('returns a number as "y"');
  });

  test('a disposed variable', async () => {
    const state = variable(tf.scalar(1));
    const step = runtime().compile(() => ({ y: tf.mul(state, 2) }));
    await step.run({});
    state.dispose();
    await expect(step.run({})).rejects.toThrow('is disposed');
  });

  test('a failed step does not affect the next one', async () => {
    await expect(fail(({ x }) => ({ y: tf.scalar(x!.dataSync()[0]!) }))).rejects.toThrow();
    expect((await fail(({ x }) => ({ y: tf.mul(x!, 2) }))).y!.shape).toEqual([2, 3]);
  });
});

/** Runs a script in a new process with `tf`, `runtime`, `step` and `x` in scope. Returns its result as text. */
async function inProcess(script: string): Promise<string> {
  const prelude = `
    const tf = await import('@tensorflow/tfjs-core');
    await import('@tensorflow/tfjs-backend-cpu');
    await import('@tensorflow/tfjs-layers');
    tf.env().set('IS_TEST', true);
    await tf.setBackend('cpu');
    const { createOnnxRuntime } = await import('@simgan/tfjs-onnx');
    const runtime = await createOnnxRuntime({ threads: 2 });
    const numbers = (shape) => ({ shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)) });
    const filter = tf.variable(tf.tensor(numbers([3, 3, 16, 16]).data, [3, 3, 16, 16]));
    const step = runtime.compile(({ x }) => {
      const { value, grads } = tf.variableGrads(() => tf.mean(tf.tanh(tf.conv2d(x, filter, 1, 'same'))), [filter]);
      filter.assign(tf.sub(filter, grads[filter.name]));
      return { value };
    });
    const x = numbers([4, 8, 8, 16]);`;
  const code = `${prelude}\nprocess.stdout.write(String(await (async () => {${script}})()));`;
  const args = [
    '--expose-gc',
    '--conditions=@simgan/source',
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    code,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: new URL('..', import.meta.url),
  });
  return stdout;
}

// These never dispose the runtime: they also verify that it does not keep a process alive.

test.each([
  ['batches', {}],
  ['items', { itemwise: true }],
])('a step of %s keeps the programs that were used last, and compiles others again', async (_, options) => {
  const runtime = await createOnnxRuntime({ threads: 1, maxPrograms: 2 });
  const sizes: number[] = [];
  const step = runtime.compile(({ x }) => {
    sizes.push(x!.shape[1]!);
    return { y: tf.mul(x!, 2) };
  }, options);
  for (const size of [1, 2, 1, 3, 1, 2, 3]) {
    const { y } = await step.run({ x: { data: new Float32Array(size).fill(size), shape: [1, size] } });
    expect([...y!.data]).toEqual(new Array(size).fill(2 * size));
  }
  // 3 takes the place of 2, and then 2 that of 3.
  expect(sizes).toEqual([1, 2, 3, 2, 3]);
  await runtime.dispose();
});

test('two processes agree bit for bit', { timeout: 300_000 }, async () => {
  const script = `
    for (let i = 0; i < 5; i++) await step.run({ x });
    await runtime.writeBack();
    return Buffer.from(filter.dataSync().buffer).toString('base64');`;
  const [first, second] = [await inProcess(script), await inProcess(script)];
  expect(first.length).toBeGreaterThan(9000);
  expect(second).toBe(first);
});

test('memory is flat over 1,000 steps', { timeout: 300_000 }, async () => {
  const growth = await inProcess(`
    const after = async (steps) => {
      for (let i = 0; i < steps; i++) await step.run({ x });
      gc();
      return process.memoryUsage().rss;
    };
    const warm = await after(300);
    return (await after(1000)) - warm;`);
  expect(Number(growth)).toBeLessThan(30e6);
});

test('the example in the README runs', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, example] = /## Use\n\n```ts\n([^`]+)```/.exec(readme)!;
  const code = `${example}\nprocess.stdout.write(String(loss.data[0]));`;
  const args = ['--conditions=@simgan/source', '--import', 'tsx', '--input-type=module', '-e', code];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: new URL('..', import.meta.url),
  });
  expect(stdout).toContain('73'); // the mean of 5² and 11², as the initial weights are zero
});

test('the standard layout can be forced', async () => {
  const standard = await createOnnxRuntime({ layout: 'standard', threads: 1 });
  expect(standard.layout).toBe('standard');
  expect(standard.threads).toBe(1);
  await standard.dispose();
  await expect(standard.compile(({ x }) => ({ y: x! })).run({ x: scalar(1) })).rejects.toThrow('ended');
});
