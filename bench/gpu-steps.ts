/** @file The steps as programs of a GPU, made without one. */
import { eagerEngine } from '@simgan/core';
import { refineStep } from '@simgan/core/refining';
import { type InputType, trace } from '@simgan/tfjs-trace';
import { lowerStep, type Program } from '@simgan/tfjs-wgsl';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { discriminatorStep, refinerStep } from '../packages/core/src/training/steps.ts';
import { inputsOf, type NetworkName, type StepName, trainingFor } from './subjects.ts';

/** What WebGPU guarantees for buffers of a kernel; a desktop's GPU allows more, and buffers of a gigabyte or more. */
const LIMITS = { buffers: 8, bytes: 2 ** 32 };

export async function programOf(network: NetworkName, batch: number, step: StepName): Promise<Program> {
  await tf.setBackend('cpu');
  const training = await trainingFor({ network, batch }, eagerEngine('cpu', 'plain JavaScript', 'cpu'));
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
