/**
 * @file How fast the simulators and stand-in cameras render: images per second of CPU time of the rendering thread, so
 * that neither other programs nor the garbage collector's threads count. Run alone with
 * `npm run bench -- --only simulators`.
 */
import { readFileSync } from 'node:fs';
import { createRng, type Simulator } from '@simgan/core';
import depthHands from '@simgan/plugin-depth-hands';
import eyes from '@simgan/plugin-eyes';

interface Subject {
  readonly name: string;
  readonly size: string;
  readonly renderer: Simulator<unknown>;
  /** Images per second that it must reach. */
  readonly target?: number;
}

const REPEATS = 5;
const SECONDS = 0.5;

const gray = eyes();
const color = eyes({ color: true, width: 120, height: 80 });
const large = eyes({ width: 640, height: 480 });
const hands = depthHands({ size: 128 });

const subjects: readonly Subject[] = [
  { name: 'eyes, gray', size: '55x35', renderer: gray.simulator, target: 1000 },
  { name: 'eyes, gray, stand-in', size: '55x35', renderer: gray.standIn },
  { name: 'eyes, RGB', size: '120x80', renderer: color.simulator, target: 300 },
  { name: 'eyes, RGB, stand-in', size: '120x80', renderer: color.standIn },
  { name: 'eyes, gray', size: '640x480', renderer: large.simulator },
  { name: 'depth hands', size: '128x128', renderer: hands.simulator, target: 150 },
  { name: 'depth hands, stand-in', size: '128x128', renderer: hands.standIn },
];

/** Measures the renderers in turns and prints a table of medians. */
export async function benchSimulators(say: (line?: string) => void): Promise<void> {
  const rates = new Map<Subject, number[]>(subjects.map((subject) => [subject, []]));
  for (let repeat = -1; repeat < REPEATS; repeat++) {
    for (const [subject, list] of rates) {
      const rate = await rateOf(subject.renderer, SECONDS, repeat);
      // The first round warms up the just-in-time compiler.
      if (repeat >= 0) list.push(rate);
    }
  }
  say(`Images per second of CPU time on one thread, medians of ${REPEATS} runs.`);
  say();
  say('| simulator | size | images/s | lowest | target |');
  say('| --- | --- | --- | --- | --- |');
  for (const [{ name, size, target }, list] of rates) {
    const sorted = list.toSorted((a, b) => a - b);
    const cells = [name, size, sorted[REPEATS >> 1]!.toFixed(0), sorted[0]!.toFixed(0), target ?? ''];
    say(`| ${cells.join(' | ')} |`);
  }
}

async function rateOf(renderer: Simulator<unknown>, seconds: number, seed: number): Promise<number> {
  const rng = createRng(seed).fork('simulate');
  const start = threadSeconds();
  let count = 0;
  let spent = 0;
  while (spent < seconds) {
    for (let i = 0; i < 5; i++) await renderer(rng.fork(count++));
    spent = threadSeconds() - start;
  }
  return count / spent;
}

/** CPU time of this thread, seconds. */
function threadSeconds(): number {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };
  // Node 23.9 and later.
  if (threadCpuUsage) {
    const { user, system } = threadCpuUsage();
    return (user + system) / 1e6;
  }
  if (process.platform === 'linux') {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e9;
  }
  // Other systems count all threads of the process, which lowers the rates a little.
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
