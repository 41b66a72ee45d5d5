/** @file The command line within this process: the same code without the half second that a process takes to start. */
import { Writable } from 'node:stream';
import { run } from '../src/index.ts';
import type { CliResult } from './spawn-cli.ts';

/** Carries out a command line as the program does, but for signals; with `isTTY` as on a terminal. */
export async function callCli(
  args: readonly string[],
  { cwd, isTTY = false }: { cwd: string; isTTY?: boolean },
): Promise<CliResult> {
  const stdout = new Collector();
  const stderr = Object.assign(new Collector(), { isTTY, columns: 100 });
  const exitCode = await run(args, { stdout, stderr, cwd, signal: new AbortController().signal });
  return { exitCode, signal: null, stdout: stdout.text, stderr: stderr.text };
}

/** A stream that keeps what is written to it. */
export class Collector extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void) {
    this.text += chunk.toString();
    done();
  }
}
