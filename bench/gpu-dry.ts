/** @file What the steps run on a GPU, without one: kernels, products, and the bytes that they move. */
import { eagerEngine } from '@simgan/core';
import { refineStep } from '@simgan/core/refining';
import { type InputType, trace } from '@simgan/tfjs-trace';
import { lowerStep, type Program, programTraffic } from '@simgan/tfjs-wgsl';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { discriminatorStep, refinerStep } from '../packages/core/src/training/steps.ts';
import { GPU_SETTINGS } from './gpu-settings.ts';
import { inputsOf, type NetworkName, type StepName, trainingFor } from './subjects.ts';

/** What WebGPU guarantees for buffers of a kernel; a desktop's GPU allows more, and buffers of a gigabyte or more. */
const LIMITS = { buffers: 8, bytes: 2 ** 32 };

/** Prints a table. */
export async function describeGpuSteps(say: (line?: string) => void): Promise<void> {
  await tf.setBackend('cpu');
  say(
    'Kernels of a step, the products of its convolutions, and megabytes: in buffers between kernels, read and written by kernels, sent to the GPU, and read back.',
  );
  say();
  say('| networks | batch | step | kernels | GFLOP | buffers | read | written | sent | read back |');
  say('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const { network, batch, steps } of GPU_SETTINGS) {
    for (const step of steps) {
      const program = await programOf(network, batch, step);
      const { kernels, operations, buffers, read, written, sent, readBack } = programTraffic(program);
      const megabytes = [buffers, read, written, sent, readBack].map((bytes) => (bytes / 1e6).toFixed(2));
      const cells = [network, batch, step, kernels, (operations / 1e9).toFixed(1), ...megabytes];
      say(`| ${cells.join(' | ')} |`);
    }
  }
}

async function programOf(network: NetworkName, batch: number, step: StepName): Promise<Program> {
  const training = await trainingFor(network, batch, eagerEngine('cpu', 'plain JavaScript', 'cpu'));
  const steps = {
    G: refinerStep(training),
    D: discriminatorStep(training),
    refine: refineStep(training.refiner.network),
  };
  const inputs = inputsOf({ network, batch }, training)[step];
  const types = Object.entries(inputs).map(([name, { shape }]): [string, InputType] => [
    name,
    { shape, dtype: 'float32' },
  ]);
  const program = lowerStep(trace(steps[step], Object.fromEntries(types)), LIMITS);
  training.dispose();
  return program;
}
