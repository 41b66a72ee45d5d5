/**
 * @file The steps of Algorithm 1 on the ONNX engine, side by side with PyTorch and TensorFlow.js on WebAssembly. The
 * subjects take turns, so that a change of the machine's speed affects all of them.
 */
import { setTimeout } from 'node:timers/promises';
import { summarize } from '@simgan/core/measures';
import type { Peer } from './peer.ts';
import { compileTime, ours, type Setting, type StepName, type Subject } from './subjects.ts';

const REPEATS = 5;
const steps: readonly StepName[] = ['G', 'D', 'refine'];

/** Prints a table of medians and their ratios, then the compile times. */
export async function benchSteps(
  say: (line?: string) => void,
  { settings, torch, wasm }: { settings: readonly Setting[]; torch?: Peer; wasm?: Peer },
): Promise<void> {
  say(
    `Medians of ${REPEATS} interleaved runs, in ms; the ratios are of medians. A ratio above 1 means that ours is faster.`,
  );
  say();
  say('| networks | batch | threads | step | onnx | torch | torch / onnx | wasm | wasm / onnx |');
  say('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  const compileTimes: string[] = [];
  for (const setting of settings) {
    const compiling: number[] = [];
    const onnx = await ours('onnx', setting);
    for (let repeat = 0; repeat < REPEATS; repeat++) compiling.push(await compileTime(setting));
    const { network, batch, threads } = setting;
    compileTimes.push(
      `Compiling G, D and refine of ${network}, batch ${batch}, ${threads} threads: ${compiling[0]!.toFixed(0)} ms the first time, ${summarize(compiling).median.toFixed(0)} ms as the median of ${REPEATS}.`,
    );
    // The wasm backend has one thread, and takes minutes for a step of a large batch or of the hands.
    const hasWasm = wasm && network === 'eyes' && batch === 32;
    const peers = [torch?.subject(setting), hasWasm ? wasm.subject(setting) : undefined];
    const medians = await measure([onnx, ...peers.filter((peer) => peer !== undefined)]);
    for (const step of steps) {
      const own = medians.get(`onnx ${step}`)!;
      const cells = ['torch', 'wasm'].flatMap((name) => {
        const other = medians.get(`${name} ${step}`);
        return other === undefined ? ['', ''] : [other.toFixed(1), (other / own).toFixed(2)];
      });
      say(`| ${[network, batch, threads, step, own.toFixed(1), ...cells].join(' | ')} |`);
    }
  }
  say();
  for (const line of compileTimes) say(line);
}

/** Median milliseconds by `<subject> <step>`. Disposes the subjects. */
async function measure(subjects: readonly Subject[]): Promise<Map<string, number>> {
  const times = new Map<string, number[]>();
  // The first run compiles or warms up.
  for (const step of steps) for (const subject of subjects) await subject.run(step);
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const step of steps) {
      for (const subject of subjects) {
        // Idle threads of the previous subject still spin for a while, and would slow this one.
        await setTimeout(250);
        const key = `${subject.name} ${step}`;
        times.set(key, [...(times.get(key) ?? []), await subject.run(step)]);
      }
    }
  }
  for (const subject of subjects) await subject.dispose();
  return new Map(Array.from(times, ([key, list]) => [key, summarize(list).median]));
}
