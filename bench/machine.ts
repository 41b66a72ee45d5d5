/** @file What limits the engine on this machine: its peak of arithmetic and the memory of a process that trains. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createOnnxRuntime } from '@simgan/tfjs-onnx';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';

const REPEATS = 5;
const SIDE = 1024;
/** Products per run, so that the transfer of the matrices to the worker does not count. */
const PRODUCTS = 8;

/** The best rate of products of 1024x1024 matrices, GFLOP/s. */
export async function matrixPeak(threads: number): Promise<number> {
  await tf.setBackend('cpu');
  const runtime = await createOnnxRuntime({ threads });
  const multiply = runtime.compile(({ a, b }) => {
    let c = a!;
    for (let i = 0; i < PRODUCTS; i++) c = tf.matMul(c, b!);
    return { sum: tf.sum(c) };
  });
  const matrix = {
    shape: [SIDE, SIDE],
    data: Float32Array.from({ length: SIDE ** 2 }, (_, i) => Math.sin(i) / 32),
  };
  const times: number[] = [];
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const start = performance.now();
    await multiply.run({ a: matrix, b: matrix });
    times.push(performance.now() - start);
  }
  await runtime.dispose();
  return (PRODUCTS * 2 * SIDE ** 3) / (Math.min(...times) * 1e6);
}

/** Peak resident bytes of a fresh process that runs G steps of the eyes at batch 128. */
export function peakMemory(): number {
  const script = `
    const { ours } = await import(${JSON.stringify(new URL('./subjects.ts', import.meta.url).href)});
    const subject = await ours('onnx', { network: 'eyes', batch: 128, threads: 2 });
    for (let i = 0; i < 3; i++) await subject.run('G');
    process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
    process.exit(0);`;
  const args = [...process.execArgv, '--input-type=module', '-e', script];
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8', cwd }));
}
