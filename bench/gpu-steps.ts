/** @file The steps as programs of a GPU, made without one. */
import { eagerEngine } from '@simgan/core';
import { refineStep } from '@simgan/core/refining';
import { type InputType, type Trace, trace } from '@simgan/tfjs-trace';
import { lowerStep, type Program } from '@simgan/tfjs-wgsl';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { discriminatorStep, refinerStep } from '../packages/core/src/training/steps.ts';
import { compileStep } from '../packages/tfjs-onnx/src/lower/compile.ts';
import { targetOf } from '../packages/tfjs-onnx/src/runtime/target.ts';
import { inputsOf, type NetworkName, type StepName, trainingFor } from './subjects.ts';

/** What WebGPU guarantees for buffers of a kernel; a desktop's GPU allows more, and buffers of a gigabyte or more. */
const LIMITS = { buffers: 8, bytes: 2 ** 32 };
/** Nodes that are no kernels on a GPU. */
const FREE: ReadonlySet<string> = new Set(['Identity', 'Reshape']);

/** The step as a graph. */
async function traceOf(network: NetworkName, batch: number, step: StepName): Promise<Trace> {
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
  const traced = trace(steps[step], Object.fromEntries(types));
  training.dispose();
  return traced;
}

export async function programOf(network: NetworkName, batch: number, step: StepName): Promise<Program> {
  return lowerStep(await traceOf(network, batch, step), LIMITS);
}

/** Nodes of ONNX Runtime's program that compute or copy, with updates of variables end to end and with one for each. */
export async function onnxNodesOf(
  network: NetworkName,
  batch: number,
  step: StepName,
): Promise<{ flat: number; apart: number }> {
  const traced = await traceOf(network, batch, step);
  const target = targetOf('gpu', 0);
  const nodes = (flat: boolean) =>
    compileStep(traced, { ...target, flat }).model.nodes.filter(({ opType }) => !FREE.has(opType)).length;
  return { flat: nodes(true), apart: nodes(false) };
}
