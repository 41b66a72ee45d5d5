/**
 * @file Speed, and nothing but speed; no test asserts it. Prints a report and saves it in `bench/results`.
 *
 *     npm run bench                          # everything, some minutes
 *     npm run bench -- --quick               # without the large batches, the hands and the memory
 *     npm run bench -- --only steps          # one part: steps, serving, pictures or simulators
 *     npm run bench -- --gpu                 # the steps on a GPU, beside PyTorch on it
 *     npm run bench -- --gpu --tune          # the same, with tiles that are measured first
 *     npm run bench -- --gpu --check         # each of them once, on one picture: whether they run
 *     npm run bench -- --gpu --dry           # what they would run there, without a GPU
 *
 * The steps are compared with PyTorch where `/usr/bin/python3`, or the Python that the environment variable
 * `BENCH_PYTHON` names, can import torch.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runGpuBench } from './gpu-options.ts';
import { matrixPeak, peakMemory } from './machine.ts';
import { Peer } from './peer.ts';
import { benchPictures } from './pictures.ts';
import { benchServing } from './serving.ts';
import { benchSimulators } from './simulators.ts';
import { benchSteps } from './steps.ts';
import type { Setting } from './subjects.ts';

const THREADS = [1, 2];

const { quick, only, gpu, ...ofGpu } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    gpu: { type: 'boolean', default: false },
    dry: { type: 'boolean', default: false },
    tune: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
}).values;

const report: string[] = [];
const say = (line = '') => {
  report.push(line);
  process.stdout.write(`${line}\n`);
};

const parts: Record<string, () => Promise<void>> = gpu
  ? {
      gpu: () =>
        runGpuBench(ofGpu, { say, tiles: fileURLToPath(new URL('./results/tiles.json', import.meta.url)) }),
    }
  : {
      steps,
      serving: () => benchServing(say, THREADS),
      pictures: () => benchPictures(say, THREADS),
      simulators: () => benchSimulators(say),
    };
if (only !== undefined && !Object.hasOwn(parts, only)) {
  process.stderr.write(
    `There is no part ${only}. Use --only with one of ${Object.keys(parts).join(', ')}.\n`,
  );
  process.exit(1);
}

mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
say('# Benchmark');
say();
say(`${cpus().length} × ${cpus()[0]!.model}, Node ${process.version}.`);
for (const [name, bench] of Object.entries(parts)) {
  if (only !== undefined && only !== name) continue;
  say();
  say(`## ${name[0]!.toUpperCase()}${name.slice(1)}`);
  say();
  await bench();
}
save();
process.exit(0);

async function steps(): Promise<void> {
  const settings = THREADS.flatMap((threads): Setting[] => [
    { network: 'eyes', batch: 32, threads },
    ...(quick
      ? []
      : [
          { network: 'eyes' as const, batch: 128, threads },
          { network: 'hands' as const, batch: 2, threads },
        ]),
  ]);
  const torch = await Peer.torch();
  const wasm = await Peer.wasm();
  say(
    torch
      ? `Compared with PyTorch ${torch.version} (channels_last).`
      : 'Not compared with PyTorch: install python3-torch, or set BENCH_PYTHON to a Python that can import torch.',
  );
  await benchSteps(say, { settings, ...(torch && { torch }), ...(wasm && { wasm }) });
  torch?.stop();
  wasm?.stop();
  for (const threads of THREADS) {
    const rate = await matrixPeak(threads);
    say(`Product of 1024x1024 matrices, ${threads} threads: ${rate.toFixed(0)} GFLOP/s.`);
  }
  if (quick) return;
  say(`Peak memory of a process that runs G steps at batch 128: ${(peakMemory() / 1e9).toFixed(2)} GB.`);
}

function save(): void {
  const name = new Date().toISOString().slice(0, 16).replace(':', '');
  const file = new URL(`./results/${name}.md`, import.meta.url);
  writeFileSync(file, `${report.join('\n')}\n`);
  process.stdout.write(`\nSaved as ${fileURLToPath(file)}\n`);
}
