/** @file Kills at random moments: what is resumed must end in the bytes of a run that nobody killed. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createRng, type Rng } from '@simgan/core';
import { blobsPlugin, cliProblem, startCli } from './spawn.ts';
import { type Tally, tallyOf } from './tally.ts';

/** A command that is killed, and what shows that its work has begun. */
interface Killed {
  readonly name: string;
  readonly args: readonly string[];
  /** What a line of its output holds, or which folder fills, once it is worth killing. */
  readonly begun: { readonly line?: string; readonly folder?: string };
}

const training = ['--engine', 'cpu', '--steps', '60', '--batch-size', '4', '--seed', '5'];

const commands: readonly Killed[] = [
  {
    name: 'killed while training',
    args: ['train', '--plugin', blobsPlugin, ...training],
    begun: { line: '"event":"step"' },
  },
  {
    name: 'killed while writing',
    args: ['simulate', '--plugin', blobsPlugin, '--count', '400', '--seed', '5'],
    begun: { folder: 'images' },
  },
  {
    name: 'killed in augment',
    args: ['augment', '--plugin', blobsPlugin, ...training, '--count', '120'],
    begun: { line: '"event":"step"' },
  },
];

/** The names of kinds that {@link runKills} knows. */
export const killKinds: readonly string[] = commands.map(({ name }) => name);

/** A digest of every file below a folder, by its path. */
export async function digestsBelow(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const digests = files.sort().map(async (file) => {
    const digest = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    return [relative(dir, file), digest] as const;
  });
  return Object.fromEntries(await Promise.all(digests));
}

/** Names of the first files in which two folders differ. */
export function differenceOf(a: Record<string, string>, b: Record<string, string>): string {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
  return `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
}

export async function runKills(name: string, seed: number, count: number): Promise<Tally> {
  const command = commands.find((one) => one.name === name)!;
  const tally = tallyOf(name);
  const cwd = await mkdtemp(join(tmpdir(), 'simgan-attack-'));
  try {
    const whole = await startCli([...command.args, '--out', 'whole'], cwd).ended;
    if (whole.exitCode !== 0) {
      tally.failures.push(`Without a kill it ends with ${whole.exitCode}: ${whole.stderr.slice(-2000)}`);
      return tally;
    }
    const expected = await digestsBelow(join(cwd, 'whole'));
    const rng = createRng(seed).fork(name);
    // How long the work takes on this machine, from its first sign to its end; learned from the runs that end.
    const work = { ms: 400 };
    for (let index = 0; index < count; index++) {
      const out = `out${index}`;
      try {
        const kills = await killAndResume(command, { cwd, out, rng: rng.fork(index), work });
        const found = await digestsBelow(join(cwd, out));
        if (!isDeepStrictEqual(found, expected)) {
          throw new Error(`After ${kills} kills the bytes differ: ${differenceOf(found, expected)}`);
        }
        tally.counts.success++;
      } catch (error) {
        tally.failures.push(`kill ${index} of seed ${seed}: ${(error as Error).message}`);
      }
      await rm(join(cwd, out), { recursive: true, force: true });
    }
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
  return tally;
}

interface Circumstances {
  readonly cwd: string;
  readonly out: string;
  readonly rng: Rng;
  readonly work: { ms: number };
}

/** Kills a command once, or more often, and resumes it until it is done; gives how often it was killed. */
async function killAndResume(command: Killed, { cwd, out, rng, work }: Circumstances): Promise<number> {
  let kills = 0;
  for (let attempt = 0; attempt < 6; attempt++) {
    const isKilled = attempt === 0 || rng.next() < 0.3;
    let begun: number | undefined;
    const begin = () => {
      if (begun !== undefined) return;
      begun = performance.now();
      if (isKilled) setTimeout(() => running.child.kill('SIGKILL'), rng.next() * work.ms);
    };
    const { line, folder } = command.begun;
    const resume = attempt === 0 ? [] : ['--resume'];
    const running = startCli([...command.args, '--out', out, ...resume], cwd, (text) => {
      if (line !== undefined && text.includes(line)) begin();
    });
    const watch = setInterval(() => {
      if (folder !== undefined)
        readdir(join(cwd, out, folder)).then(
          (names) => names.length > 0 && begin(),
          () => {},
        );
    }, 5);
    const ended = await running.ended;
    clearInterval(watch);
    if (ended.signal === 'SIGKILL') {
      kills++;
      continue;
    }
    const problem = cliProblem(ended);
    if (problem) throw new Error(problem);
    if (ended.exitCode !== 0) throw new Error(`It cannot be resumed: ${ended.stderr.slice(-2000)}`);
    if (begun !== undefined && attempt === 0) work.ms = (work.ms + performance.now() - begun) / 2;
    return kills;
  }
  const last = await startCli([...command.args, '--out', out, '--resume'], cwd).ended;
  if (last.exitCode !== 0) throw new Error(`It cannot be resumed: ${last.stderr.slice(-2000)}`);
  return kills;
}
