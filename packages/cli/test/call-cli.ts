/** @file The command line within this process: the same code without the half second that a process takes to start. */
import { Writable } from 'node:stream';
import { run } from '../src/index.ts';
import type { CliResult } from './spawn-cli.ts';

/** Carries out a command line as the program does, but for signals. */
export async function callCli(args: readonly string[], { cwd }: { cwd: string }): Promise<CliResult> {
  const [stdout, stderr] = [new Collector(), new Collector()];
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
