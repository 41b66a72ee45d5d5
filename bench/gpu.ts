/**
 * @file The steps on a GPU: our kernels on Dawn, ONNX Runtime's WebGPU, and PyTorch in float32 where a Python with CUDA
 * can import it. The subjects take turns, so that a change of clocks affects all of them.
 */

import { availableParallelism } from 'node:os';
import { summarize } from '@simgan/core/measures';
import { GPU_SETTINGS } from './gpu-settings.ts';
import { Peer } from './peer.ts';
import { ours, type StepName, type Subject } from './subjects.ts';

/** Idle GPUs clock down: each subject is warmed for this long before it is timed, ms. */
const WARM_UP = 400;
const REPEATS = 15;

/** Prints a table of medians. */
export async function benchGpu(say: (line?: string) => void): Promise<void> {
  const torch = await Peer.torch('cuda');
  say(
    torch
      ? `Compared with PyTorch ${torch.version}: float32 without TF32, channels_last, eager.`
      : 'Not compared with PyTorch: set BENCH_PYTHON to a Python whose torch sees CUDA.',
  );
  say(`Medians of ${REPEATS} steps, each until its loss is read, in ms, after a warm-up of ${WARM_UP} ms.`);
  say();
  say('| networks | batch | step | webgpu | onnx | torch | torch / webgpu | torch / onnx |');
  say('| --- | --- | --- | --- | --- | --- | --- | --- |');
  const threads = availableParallelism();
  for (const { network, batch, steps } of GPU_SETTINGS) {
    const setting = { network, batch, threads };
    const subjects = await started(
      () => ours('webgpu', setting, 'gpu'),
      () => ours('onnx', setting, 'gpu'),
    );
    if (torch) subjects.push(torch.subject(setting));
    for (const step of steps) {
      const medians = new Map<string, number>();
      for (const subject of subjects) medians.set(subject.name, await medianOf(subject, step, say));
      const cell = (name: string) => medians.get(name)?.toFixed(2) ?? '';
      const ratio = (name: string) =>
        ((medians.get('torch') ?? Number.NaN) / (medians.get(name) ?? Number.NaN)).toFixed(2);
      const cells = [cell('webgpu'), cell('onnx'), cell('torch'), ratio('webgpu'), ratio('onnx')];
      say(`| ${[network, batch, step, ...cells.map((text) => (text === 'NaN' ? '' : text))].join(' | ')} |`);
    }
    for (const subject of subjects) await subject.dispose();
  }
  torch?.stop();
}

/** The subjects that start here; the others say why they do not. */
async function started(...starts: readonly (() => Promise<Subject>)[]): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const start of starts) {
    try {
      subjects.push(await start());
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n`);
    }
  }
  return subjects;
}

async function medianOf(subject: Subject, step: StepName, say: (line?: string) => void): Promise<number> {
  try {
    const warm = performance.now() + WARM_UP;
    do await subject.run(step);
    while (performance.now() < warm);
    const times: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) times.push(await subject.run(step));
    return summarize(times).median;
  } catch (error) {
    say(`${subject.name}, step ${step}: ${(error as Error).message}`);
    return Number.NaN;
  }
}
