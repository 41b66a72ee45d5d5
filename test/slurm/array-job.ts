/**
 * @file An array of 8 tasks on a real SLURM, at most 2 at once: one is killed and requeued, the controller is restarted
 * in the middle, and the merged dataset is that of a single run. Started by `run.sh`, with its folder.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, realpath, symlink, unlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const TASKS = 8;
const COUNT = 160;
const PER_TASK = COUNT / TASKS;
/** How long anything may take before the test gives up: a guard against hangs. */
const PATIENCE_MS = 10 * 60_000;

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const dir = process.argv[2]!;
const work = join(dir, 'work');
const gate = join(work, 'gate');

const call = promisify(execFile);
const slurm = async (program: string, ...args: string[]) =>
  (await call(program, args, { cwd: work, env })).stdout.trim();

/** The program as users have it in their path, from source. */
const bin = join(dir, 'bin');
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
await mkdir(bin);
await writeFile(
  join(bin, 'simgan-cli'),
  `#!/bin/sh\nexec "${process.execPath}" --conditions=@simgan/source --import "${loader}" "${path('packages/cli/src/bin.ts')}" "$@"\n`,
);
await chmod(join(bin, 'simgan-cli'), 0o755);
const env = {
  ...process.env,
  PATH: `${bin}:${process.env.PATH}`,
  REFINER: 'run',
  OUT: 'out',
  COUNT: String(COUNT),
};
const cli = (...args: string[]) => call('simgan-cli', args, { cwd: work, env });

/** An installed plugin whose simulator waits at a gate in the middle of each shard. */
const plugin = join(work, 'node_modules', 'simgan-plugin-gated');
await mkdir(plugin, { recursive: true });
await writeFile(join(plugin, 'package.json'), '{ "type": "module", "exports": "./index.ts" }');
await symlink(await realpath(path('packages/cli/test/gated-blobs-plugin.ts')), join(plugin, 'index.ts'));

const shardFolder = (index: number) =>
  join(work, 'out', 'shards', `${String(index).padStart(4, '0')}-of-${String(TASKS).padStart(4, '0')}`);

say('trains a refiner, and refines everything at once');
await writeFile(gate, '');
const options = ['--plugin-option', `gate=${gate}`, '--plugin-option', `after=${PER_TASK - 5}`];
await cli('train', '--plugin', 'gated', ...options, '--engine', 'onnx', '--threads', '1', '--out', 'run');
const refine = ['--refiner', 'run', '--engine', 'onnx', '--device', 'cpu', '--threads', '1'];
await cli('augment', ...refine, '--count', String(COUNT), '--out', 'single');

say(`submits ${TASKS} tasks, at most 2 at once`);
await unlink(gate);
await until('the node is idle', async () => (await slurm('sinfo', '--noheader', '--format=%T')) === 'idle');
const limits = [`--array=0-${TASKS - 1}%2`, '--cpus-per-task=1', '--mem-per-cpu=0'];
const job = await slurm('sbatch', '--parsable', ...limits, path('examples/scale-out/slurm.sh'));
await until('two tasks wait in the middle of their shards', async () => {
  const begun = await Promise.all([0, 1].map(linesOf));
  return begun.every((lines) => lines > 0);
});
assert.deepEqual(await running(), [0, 1]);

say('kills the first with -9');
const { pid } = JSON.parse(await readFile(join(shardFolder(0), '.simgan.lock'), 'utf8')) as { pid: number };
process.kill(pid, 'SIGKILL');
await until('SLURM sees that it failed', async () => (await stateOf(0)) === 'FAILED');
const before = await linesOf(0);
assert(before > 0 && before < PER_TASK, `${before} lines`);

say('restarts the controller');
await until('another task runs in its place', async () => (await linesOf(2)) > 0);
const controller = Number(await readFile(join(dir, 'slurmctld.pid'), 'utf8'));
process.kill(controller, 'SIGTERM');
await until('it is gone', () => hasEnded(controller));
assert.deepEqual(await Promise.all([1, 2].map(isAlive)), [true, true], 'tasks outlive the controller');
spawn('slurmctld', { env, stdio: 'ignore', detached: true }).unref();
await until('it answers', async () => (await slurm('scontrol', 'ping')).includes('UP'));
await until('it knows what runs', async () => (await running()).join() === '1,2');
assert.equal(await stateOf(0), 'FAILED');
await slurm('scontrol', 'requeue', `${job}_0`);
await writeFile(gate, '');

let most = 0;
await until('all tasks are done', async () => {
  most = Math.max(most, (await running()).length);
  const states = await Promise.all(Array.from({ length: TASKS }, (_, index) => stateOf(index)));
  const failed = states.findIndex((state) => /FAIL|CANCEL|TIMEOUT/.test(state));
  assert(failed < 0, `Task ${failed} has ended as ${states[failed]}.`);
  return states.every((state) => state === 'COMPLETED');
});
assert(most <= 2, `${most} tasks ran at once`);
assert.equal(await fieldOf(0, 'Restarts'), '1');
const log = await readFile(join(work, `simgan-${job}-0.log`), 'utf8');
assert.match(log, new RegExp(`resume +${before} of ${PER_TASK} samples were done already`));

say('merges');
const { stdout } = await cli('merge', 'out');
assert.match(stdout, new RegExp(`^${COUNT} samples, of ${TASKS} shards, in out/dataset`));
const [merged, single] = await Promise.all(
  ['out', 'single'].map((name) => filesIn(join(work, name, 'dataset'))),
);
assert.deepEqual(merged, single);
assert.equal(Object.keys(merged!).filter((name) => name.endsWith('.png')).length, COUNT);
assert(!(await readdir(join(work, 'out'))).includes('shards'), 'The shards are still there');
say(`every file of ${Object.keys(merged!).length} is that of the single run`);

/** Lines that a shard has so far. */
async function linesOf(index: number): Promise<number> {
  const text = await readFile(join(shardFolder(index), 'metadata.jsonl.partial'), 'utf8').catch(() => '');
  return text.split('\n').length - 1;
}

/** The tasks that run now. */
async function running(): Promise<number[]> {
  const listed = await slurm('squeue', '--noheader', '--states=R', '--format=%K', `--job=${job}`);
  return listed.split('\n').filter(Boolean).map(Number).sort();
}

function stateOf(index: number): Promise<string> {
  return fieldOf(index, 'JobState');
}

async function fieldOf(index: number, name: string): Promise<string> {
  const text = await slurm('scontrol', '--oneliner', 'show', 'job', `${job}_${index}`);
  return new RegExp(`\\b${name}=(\\S+)`).exec(text)?.[1] ?? '';
}

async function isAlive(index: number): Promise<boolean> {
  const holder = JSON.parse(await readFile(join(shardFolder(index), '.simgan.lock'), 'utf8')) as {
    pid: number;
  };
  return existsSync(`/proc/${holder.pid}`);
}

/** Whether a process has ended, if only its parent has not noticed yet. */
async function hasEnded(process: number): Promise<boolean> {
  const status = await readFile(`/proc/${process}/status`, 'utf8').catch(() => 'State:\tZ');
  return /^State:\s+Z/m.test(status);
}

async function filesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = files.map(
    async (file) => [relative(folder, file), await readFile(file, 'base64')] as const,
  );
  return Object.fromEntries((await Promise.all(contents)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  let last: unknown;
  while (Date.now() < end) {
    try {
      if (await isTrue()) return;
    } catch (error) {
      // A controller that starts does not answer yet.
      if (error instanceof assert.AssertionError) throw error;
      last = error;
    }
    await setTimeout(200);
  }
  throw new Error(`Waited in vain until ${what}.`, { cause: last });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
