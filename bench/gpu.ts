/**
 * @file The steps on a GPU: our kernels on Dawn, ONNX Runtime's WebGPU, and PyTorch where a Python with CUDA can import it.
 * The subjects take turns, so that a change of clocks affects all of them.
 */

import { availableParallelism } from 'node:os';
import { compiledEngine } from '@simgan/core/engine';
import { summarize } from '@simgan/core/measures';
import type { TunedTile } from '@simgan/tfjs-wgsl';
import { createDawnRuntime } from '@simgan/tfjs-wgsl/node';
import { GPU_SETTINGS, type GpuSetting } from './gpu-settings.ts';
import { Peer, type TorchMode } from './peer.ts';
import { ours, type Setting, type StepName, type Subject, subjectOn } from './subjects.ts';

export interface GpuBenchOptions {
  readonly tiles: readonly TunedTile[];
  /** Runs every row once, on one small picture: to see that it runs, also without a GPU. */
  readonly check: boolean;
}

/** Idle GPUs clock down: each subject is warmed for this long before it is timed, ms. */
const WARM_UP = 400;
const REPEATS = 15;

/** The first is what ratios compare with. */
const TORCH_MODES: readonly TorchMode[] = ['float32', 'float32 graph', 'TF32', 'TF32 graph'];

/** Prints a table of medians. */
export async function benchGpu(
  say: (line?: string) => void,
  { tiles, check }: GpuBenchOptions,
): Promise<void> {
  say(`WebGPU: ${await gpuName()}`);
  const torch = await Peer.torch(check ? 'any' : 'cuda');
  say(
    torch
      ? `Compared with PyTorch ${torch.version} on ${torch.device}: eager and as CUDA graphs, in float32 and, which WebGPU has not, TF32. Ratios are to float32, eager.`
      : 'Not compared with PyTorch: set BENCH_PYTHON to a Python whose torch sees CUDA.',
  );
  say(
    check
      ? 'A check that everything runs, on one picture of 16x16: these are no speeds.'
      : `Medians of ${REPEATS} steps, each until its loss is read, in ms, after a warm-up of ${WARM_UP} ms.`,
  );
  const columns = ['webgpu', 'onnx', ...TORCH_MODES.map((mode) => `torch ${mode}`)];
  const head = ['networks', 'batch', 'step', ...columns, 'torch / webgpu', 'torch / onnx'];
  say();
  say(`| ${head.join(' | ')} |`);
  say(`| ${head.map(() => '---').join(' | ')} |`);
  for (const setting of GPU_SETTINGS) {
    for (const row of await rowsOf(check ? { ...setting, batch: 1, side: 16 } : setting, {
      torch,
      tiles,
      check,
    })) {
      const ratio = (name: string) =>
        (row.times.get('torch float32') ?? Number.NaN) / (row.times.get(name) ?? Number.NaN);
      const numbers = [
        ...columns.map((name) => row.times.get(name) ?? Number.NaN),
        ratio('webgpu'),
        ratio('onnx'),
      ];
      const cells = numbers.map((number) => (Number.isNaN(number) ? '' : number.toFixed(2)));
      say(`| ${[setting.network, setting.batch, row.step, ...cells].join(' | ')} |`);
    }
  }
  torch?.stop();
}

interface Row {
  readonly step: StepName;
  readonly times: ReadonlyMap<string, number>;
}

async function rowsOf(
  { steps, ...rest }: GpuSetting,
  { torch, tiles, check }: GpuBenchOptions & { readonly torch: Peer | undefined },
): Promise<Row[]> {
  const setting: Setting = { ...rest, threads: availableParallelism() };
  const subjects = await started(
    () => onDawn(setting, tiles),
    () => ours('onnx', setting, 'gpu'),
  );
  if (torch) subjects.push(...TORCH_MODES.map((mode) => torch.subject(setting, mode)));
  const rows: Row[] = [];
  for (const step of steps) {
    const times = new Map<string, number>();
    for (const subject of subjects) times.set(subject.name, await medianOf(subject, step, check));
    rows.push({ step, times });
  }
  for (const subject of subjects) await subject.dispose();
  return rows;
}

async function gpuName(): Promise<string> {
  try {
    const runtime = await createDawnRuntime();
    await runtime.dispose();
    return runtime.name;
  } catch (error) {
    return `no GPU: ${(error as Error).message}`;
  }
}

async function onDawn(setting: Setting, tiles: readonly TunedTile[]): Promise<Subject> {
  const runtime = await createDawnRuntime({ tiles });
  const facts = { name: 'webgpu', device: runtime.name, isBatchInvariant: false };
  return subjectOn(compiledEngine(runtime, facts), setting);
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

async function medianOf(subject: Subject, step: StepName, check: boolean): Promise<number> {
  try {
    const warm = performance.now() + (check ? 0 : WARM_UP);
    do await subject.run(step);
    while (performance.now() < warm);
    const times: number[] = [];
    for (let repeat = 0; repeat < (check ? 1 : REPEATS); repeat++) times.push(await subject.run(step));
    return summarize(times).median;
  } catch (error) {
    process.stderr.write(`${subject.name}, step ${step}: ${(error as Error).message}\n`);
    return Number.NaN;
  }
}
