/**
 * Measures the ONNX engine side by side with PyTorch and with tensorflow.js on wasm, in turns, and prints and saves the
 * medians; then the simulators. `pnpm bench` takes some minutes; `pnpm bench --quick` skips the large batches and the
 * hands, `pnpm bench --only simulators` all but the simulators.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createOnnxRuntime } from '@simgan/tfjs-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { benchSimulators } from './simulators.ts';
import { compileTime, ours, Peer, type Setting, type StepName, type Subject } from './subjects.ts';

const { quick, only } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
}).values;
if (only !== undefined && only !== 'simulators') {
  throw new Error(`--only ${only} is not known: it takes simulators.`);
}
const REPEATS = 5;
const steps: readonly StepName[] = ['G', 'D', 'refine'];
const settings: Setting[] = [1, 2].flatMap((threads) => [
  { network: 'eyes' as const, batch: 32, threads },
  ...(quick
    ? []
    : [
        { network: 'eyes' as const, batch: 128, threads },
        { network: 'hands' as const, batch: 2, threads },
      ]),
]);

const report: string[] = [];
const say = (line = '') => {
  report.push(line);
  process.stdout.write(`${line}\n`);
};

if (only === 'simulators') {
  say('# Benchmark');
  say();
  say(`${cpus().length} × ${cpus()[0]!.model}, Node ${process.version}.`);
  say();
  await benchSimulators(say);
  save();
}

const torch = await Peer.torch();
const wasm = await Peer.wasm();
say(`# Benchmark`);
say();
say(
  `${cpus().length} × ${cpus()[0]!.model}, Node ${process.version}, ${torch ? `PyTorch ${torch.version} (channels_last)` : 'no PyTorch found: python3-torch is not installed, or BENCH_PYTHON names a Python without it'}.`,
);
say(`Medians of ${REPEATS} interleaved runs, in ms. A ratio above 1 means that ours is faster.`);
say();
say('| networks | batch | threads | step | onnx | torch | torch / onnx | wasm | wasm / onnx |');
say('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
const compileTimes: string[] = [];
for (const setting of settings) await compare(setting);
torch?.stop();
wasm?.stop();

say();
for (const line of compileTimes) say(line);
for (const threads of [1, 2])
  say(
    `Product of 1024×1024 matrices, ${threads} threads: ${(await matrixPeak(threads)).toFixed(0)} GFLOP/s.`,
  );
if (!quick)
  say(`Memory of a process that does a G step at batch 128: ${(memory() / 1e9).toFixed(2)} GB at most.`);

say();
await benchSimulators(say);
save();

/** Keeps the report and ends. */
function save(): never {
  const file = new URL(
    `./results/${new Date().toISOString().slice(0, 16).replace(':', '')}.md`,
    import.meta.url,
  );
  mkdirSync(new URL('./', file), { recursive: true });
  writeFileSync(file, `${report.join('\n')}\n`);
  process.stdout.write(`\nSaved as ${fileURLToPath(file)}\n`);
  process.exit(0);
}

async function compare(setting: Setting): Promise<void> {
  // The wasm backend knows one thread, whatever it is given; a step of a large batch or of the hands takes it minutes.
  const withWasm = setting.network === 'eyes' && setting.batch === 32;
  const onnx = await ours('onnx', setting);
  const subjects: Subject[] = [
    onnx,
    ...(torch ? [torch.subject(setting)] : []),
    ...(withWasm && wasm ? [wasm.subject(setting)] : []),
  ];
  const times = new Map<string, number[]>();
  const record = async (subject: Subject, step: StepName) => {
    // A peer's idle threads spin for a while after its run, and would slow the next one's.
    await setTimeout(250);
    const key = `${subject.name} ${step}`;
    times.set(key, [...(times.get(key) ?? []), await subject.run(step)]);
  };
  const compiling: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) compiling.push(await compileTime(setting));
  for (const step of steps) for (const subject of subjects) await subject.run(step);
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const step of steps) for (const subject of subjects) await record(subject, step);
  }
  for (const subject of subjects) await subject.dispose();
  const { network, batch, threads } = setting;
  compileTimes.push(
    `Compiling G, D and refine of ${network}, batch ${batch}, ${threads} threads: ${compiling[0]!.toFixed(0)} ms at first, ${median(compiling).toFixed(0)} ms as a median of ${REPEATS}.`,
  );
  for (const step of steps) {
    const mine = median(times.get(`onnx ${step}`)!);
    const cells = ['torch', 'wasm'].flatMap((name) => {
      const list = times.get(`${name} ${step}`);
      return list ? [median(list).toFixed(1), (median(list) / mine).toFixed(2)] : ['', ''];
    });
    say(`| ${[network, batch, threads, step, mine.toFixed(1), ...cells].join(' | ')} |`);
  }
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1]!;
}

async function matrixPeak(threads: number): Promise<number> {
  await tf.setBackend('cpu');
  const runtime = await createOnnxRuntime({ threads });
  // Eight products a run, so that carrying the matrices to the worker does not count.
  const multiply = runtime.compile(({ a, b }) => {
    let c = a!;
    for (let i = 0; i < 8; i++) c = tf.matMul(c, b!);
    return { sum: tf.sum(c) };
  });
  const matrix = {
    shape: [1024, 1024],
    data: Float32Array.from({ length: 1024 ** 2 }, (_, i) => Math.sin(i) / 32),
  };
  const times: number[] = [];
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const start = performance.now();
    await multiply.run({ a: matrix, b: matrix });
    times.push(performance.now() - start);
  }
  await runtime.dispose();
  return (8 * 2 * 1024 ** 3) / (Math.min(...times) * 1e6);
}

/** Peak resident bytes, measured in a fresh process. */
function memory(): number {
  const script = `
    const { ours } = await import(${JSON.stringify(new URL('./subjects.ts', import.meta.url).href)});
    const subject = await ours('onnx', { network: 'eyes', batch: 128, threads: 2 });
    for (let i = 0; i < 3; i++) await subject.run('G');
    process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
    process.exit(0);`;
  const args = [...process.execArgv, '--input-type=module', '-e', script];
  return Number(
    execFileSync(process.execPath, args, {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('..', import.meta.url)),
    }),
  );
}
