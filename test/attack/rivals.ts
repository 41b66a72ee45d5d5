/** @file Pairs of processes that write to one folder: one is refused or waits, and none claims what is not so. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createRng } from '@simgan/core';
import { readDataset } from '@simgan/node';
import blobs from '../../packages/cli/test/blobs-plugin.ts';
import { differenceOf, digestsBelow } from './kills.ts';
import { blobsPlugin, cliProblem, type Ended, startCli } from './spawn.ts';
import { type Tally, tallyOf } from './tally.ts';

/** Two commands for one folder. */
interface Pair {
  readonly name: string;
  readonly commands: readonly [readonly string[], readonly string[]];
  /** What the folder holds before: nothing, what the first command makes, or what is left of it when it is killed. */
  readonly before?: 'complete' | 'begun';
  /** Where the dataset is within the folder; `undefined` if there is none. */
  readonly dataset?: string;
}

const simulate = (seed: number, ...more: string[]) => [
  'simulate',
  ...['--plugin', blobsPlugin, '--count', '300', '--seed', String(seed), ...more],
];
const train = (seed: number, ...more: string[]) => [
  'train',
  ...[
    '--plugin',
    blobsPlugin,
    '--engine',
    'cpu',
    '--steps',
    '40',
    '--batch-size',
    '4',
    '--seed',
    String(seed),
    ...more,
  ],
];
const augment = (seed: number, ...more: string[]) => [
  'augment',
  ...train(seed, ...more).slice(1),
  '--count',
  '60',
];

const pairs: readonly Pair[] = [
  { name: 'the same simulation twice', commands: [simulate(1), simulate(1)], dataset: '.' },
  { name: 'two simulations', commands: [simulate(1), simulate(2)], dataset: '.' },
  {
    name: 'two that replace',
    commands: [simulate(1, '--force'), simulate(2, '--force')],
    before: 'complete',
    dataset: '.',
  },
  {
    name: 'two that resume',
    commands: [simulate(1, '--resume'), simulate(1, '--resume')],
    before: 'begun',
    dataset: '.',
  },
  { name: 'two trainings', commands: [train(1), train(2)] },
  { name: 'the same augmentation twice', commands: [augment(1), augment(1)], dataset: 'dataset' },
  {
    name: 'one that resumes and one that replaces',
    commands: [augment(1, '--resume'), augment(2, '--force')],
    before: 'begun',
    dataset: 'dataset',
  },
];

const outcomesOf = (ended: readonly Ended[]) => ended.map(({ exitCode }) => exitCode).join(' and ');

/** @param count - how often each pair runs. */
export async function runRivals(seed: number, count: number): Promise<Tally> {
  const tally = tallyOf('rivals');
  const cwd = await mkdtemp(join(tmpdir(), 'simgan-attack-'));
  const rng = createRng(seed).fork('rivals');
  try {
    for (const pair of pairs) {
      // What each command makes alone, to which the folder is compared if that command claims success.
      const alone: Record<string, string>[] = [];
      for (const [index, args] of pair.commands.entries()) {
        const out = join(cwd, `alone${index}`);
        const ended = await startCli([...args, '--out', out], cwd).ended;
        if (ended.exitCode !== 0) throw new Error(`Alone it ends with ${ended.exitCode}: ${ended.stderr}`);
        alone.push(await digestsBelow(out));
      }
      for (let round = 0; round < count; round++) {
        const out = join(cwd, 'out');
        try {
          await prepare(pair, cwd, out);
          const delay = rng.next() < 0.4 ? 0 : rng.int(600);
          const ended = await Promise.all(
            pair.commands.map(async (args, index) => {
              if (index === 1) await new Promise((resolve) => setTimeout(resolve, delay));
              return startCli([...args, '--out', out], cwd).ended;
            }),
          );
          await judge(pair, out, ended, alone);
          tally.counts[ended.every(({ exitCode }) => exitCode === 0) ? 'success' : 'sentence']++;
        } catch (error) {
          tally.failures.push(`${pair.name}, round ${round} of seed ${seed}: ${(error as Error).message}`);
        }
        await rm(out, { recursive: true, force: true });
      }
      for (const index of [0, 1]) await rm(join(cwd, `alone${index}`), { recursive: true, force: true });
    }
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
  return tally;
}

async function prepare({ commands: [first], before }: Pair, cwd: string, out: string): Promise<void> {
  if (before === 'complete') await cp(join(cwd, 'alone0'), out, { recursive: true });
  if (before !== 'begun') return;
  const running = startCli([...first, '--out', out], cwd);
  setTimeout(() => running.child.kill('SIGKILL'), 1500);
  await running.ended;
}

/** @throws Error if a process failed without a sentence, or claims success and the folder is not what it makes. */
async function judge(
  { dataset }: Pair,
  out: string,
  ended: readonly Ended[],
  alone: readonly Record<string, string>[],
): Promise<void> {
  for (const one of ended) {
    const problem = cliProblem(one);
    if (problem) throw new Error(problem);
  }
  const winners = ended.flatMap(({ exitCode }, index) => (exitCode === 0 ? [index] : []));
  if (winners.length === 0) {
    throw new Error(
      `Neither was done (${outcomesOf(ended)}): ${ended.map(({ stderr }) => stderr.slice(-500))}`,
    );
  }
  const found = await digestsBelow(out);
  // Of two that are done the one that waited may have replaced what the other made.
  if (!winners.some((index) => isDeepStrictEqual(found, alone[index]))) {
    throw new Error(
      `Done (${outcomesOf(ended)}), but the folder differs from both: ${differenceOf(found, alone[winners.at(-1)!]!)}`,
    );
  }
  if (dataset === undefined) return;
  const { samples, rejects, manifest } = await readDataset(join(out, dataset), blobs());
  if (rejects.length > 0 || samples.length !== manifest?.count) {
    throw new Error(
      `The dataset has ${samples.length} of ${manifest?.count} samples, ${rejects.length} rejects`,
    );
  }
}
