/** @file The command line as a user runs it: a process of its own, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';

export { filesBelow, jsonLines, temporaryFolder } from '../../node/test/folders.ts';

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
