/** @file Processes of our own: the command line, and what damages inputs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** The plugin that is trained and written in seconds. */
export const blobsPlugin = fileURLToPath(new URL('../../packages/cli/test/blobs-plugin.ts', import.meta.url));

const cli = fileURLToPath(new URL('../../packages/cli/src/bin.ts', import.meta.url));

/** A process that has ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts a TypeScript module of the repository as a process. `onLine` gets each whole line of its stdout. */
export function start(
  module: string,
  args: readonly string[],
  { cwd, onLine }: { cwd?: string; onLine?: (line: string) => void } = {},
): Running {
  const child = spawn(
    process.execPath,
    ['--conditions=@simgan/source', '--import', loader, module, ...args],
    {
      ...(cwd !== undefined && { cwd }),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const text = { stdout: '', stderr: '' };
  let line = '';
  child.stdout!.setEncoding('utf8').on('data', (part: string) => {
    text.stdout += part;
    const lines = (line + part).split('\n');
    line = lines.pop()!;
    for (const whole of lines) onLine?.(whole);
  });
  child.stderr!.setEncoding('utf8').on('data', (part: string) => {
    text.stderr += part;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, ...text }));
  });
  return { child, ended };
}

/** Starts `simgan-cli` in a folder, with JSON lines on stdout. */
export function startCli(args: readonly string[], cwd: string, onLine?: (line: string) => void): Running {
  return start(cli, [...args, '--json'], { cwd, ...(onLine && { onLine }) });
}

/** Why a run of the command line did not end as one may: done, or refused with a sentence. */
export function cliProblem({ exitCode, signal, stdout, stderr }: Ended): string | undefined {
  const shown = `${stdout.slice(-1500)}\n${stderr.slice(-1500)}`;
  if (signal) return `It was ended by ${signal}: ${shown}`;
  if (/This should not have happened|"code":"DEFECT"|^\s+at .*:\d+:\d+/m.test(shown))
    return `A defect: ${shown}`;
  if (exitCode === 0 || exitCode === 1 || exitCode === 2) return undefined;
  return `It ended with ${exitCode}: ${shown}`;
}
