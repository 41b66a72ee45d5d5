/**
 * How fast the simulators and stand-in cameras render: pictures per second of one core, by the CPU time of the
 * rendering thread alone, so that neither other programs nor the collector's own threads count. Run alone with
 * `pnpm bench --only simulators`.
 */
import { readFileSync } from 'node:fs';
import { createRng, type Simulator } from '@simgan/core';
import depthHands from '@simgan/plugin-depth-hands';
import eyes from '@simgan/plugin-eyes';

interface Subject {
  readonly name: string;
  readonly size: string;
  readonly renderer: Simulator<unknown>;
  /** Pictures per second that it must reach. */
  readonly goal?: number;
}

const REPEATS = 5;
const SECONDS = 0.5;

const grey = eyes();
const color = eyes({ color: true, width: 120, height: 80 });
const large = eyes({ width: 640, height: 480 });
const hands = depthHands({ size: 128 });

const subjects: readonly Subject[] = [
  { name: 'eyes, grey', size: '55x35', renderer: grey.simulator, goal: 1000 },
  { name: 'eyes, grey, stand-in', size: '55x35', renderer: grey.standIn! },
  { name: 'eyes, RGB', size: '120x80', renderer: color.simulator, goal: 300 },
  { name: 'eyes, RGB, stand-in', size: '120x80', renderer: color.standIn! },
  { name: 'eyes, grey', size: '640x480', renderer: large.simulator },
  { name: 'depth hands', size: '128x128', renderer: hands.simulator, goal: 150 },
  { name: 'depth hands, stand-in', size: '128x128', renderer: hands.standIn! },
];

/** Measures all renderers in turns and says a table of the medians. */
export async function benchSimulators(say: (line?: string) => void): Promise<void> {
  const rates = new Map<Subject, number[]>(subjects.map((subject) => [subject, []]));
  for (let repeat = -1; repeat < REPEATS; repeat++) {
    for (const [subject, list] of rates) {
      const rate = await rateOf(subject.renderer, SECONDS, repeat);
      // The first round lets the compiler see the code.
      if (repeat >= 0) list.push(rate);
    }
  }
  say(`Pictures per second of CPU time on one thread, medians of ${REPEATS} runs.`);
  say();
  say('| simulator | size | pictures/s | lowest | must |');
  say('| --- | --- | --- | --- | --- |');
  for (const [{ name, size, goal }, list] of rates) {
    const sorted = list.toSorted((a, b) => a - b);
    const cells = [name, size, sorted[REPEATS >> 1]!.toFixed(0), sorted[0]!.toFixed(0), goal ?? ''];
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

/** Seconds that this thread has computed. */
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
  // All threads of the process: rates come out a little low.
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
