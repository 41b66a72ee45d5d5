/** @file The command line as a user runs it: a process of its own, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';

/** The plugin of the tests, by its path. */
export const blobsPlugin = fileURLToPath(new URL('./blobs-plugin.ts', import.meta.url));

const bin = fileURLToPath(new URL('../src/bin.ts', import.meta.url));
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** What a run of the command line left behind. */
export interface CliResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line of `--json`. */
export type CliEvent = { readonly event: string; readonly [field: string]: unknown };

/** A command line that runs. */
export interface RunningCli {
  readonly child: ChildProcess;
  /** Resolves when stdout or stderr holds the text; rejects if the process ends without it. */
  seen(text: string): Promise<void>;
  readonly ended: Promise<CliResult>;
}

/** Starts `simgan-cli` from source. It is killed with the test, should it still run then. */
export function startCli(args: readonly string[], { cwd }: { cwd: string }): RunningCli {
  const env: NodeJS.ProcessEnv = { ...process.env };
  // The test runner's own settings are none of a user's.
  for (const name of ['NODE_ENV', 'NODE_OPTIONS', 'VITEST']) delete env[name];
  const child = spawn(process.execPath, ['--conditions=@simgan/source', '--import', loader, bin, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const text = { stdout: '', stderr: '' };
  let hasEnded = false;
  const watchers = new Set<() => void>();
  const notify = () => {
    for (const watch of watchers) watch();
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
      notify();
    });
  }
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => {
      hasEnded = true;
      resolve({ exitCode, signal, ...text });
      notify();
    });
  });
  return {
    child,
    ended,
    seen: (wanted) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          const isThere = text.stdout.includes(wanted) || text.stderr.includes(wanted);
          if (!isThere && !hasEnded) return;
          watchers.delete(watch);
          if (isThere) resolve();
          else
            reject(new Error(`It ended without ${JSON.stringify(wanted)}:\n${text.stdout}\n${text.stderr}`));
        };
        watchers.add(watch);
        watch();
      }),
  };
}

/** Runs `simgan-cli` to its end. */
export function runCli(args: readonly string[], { cwd }: { cwd: string }): Promise<CliResult> {
  return startCli(args, { cwd }).ended;
}

/** The events of NDJSON; each line must be one, the last included. */
export function eventsOf(stdout: string): CliEvent[] {
  if (stdout === '') return [];
  if (!stdout.endsWith('\n')) throw new Error(`The last line is cut off: ${stdout.slice(-100)}`);
  return stdout
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as CliEvent);
}

/** An empty folder that lives as long as the test. */
export async function temporaryFolder(): Promise<string> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'simgan-cli-')));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A digest of every file below a folder, by its path; `leaveOut` names files that do not count. */
export async function filesBelow(
  dir: string,
  leaveOut: readonly string[] = [],
): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !leaveOut.includes(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const digests = files.map(async (file) => {
    const digest = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    return [relative(dir, file).replaceAll('\\', '/'), digest] as const;
  });
  return Object.fromEntries((await Promise.all(digests)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The JSON lines of a file. */
export async function jsonLines(file: string): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
