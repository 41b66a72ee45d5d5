/** @file The command line within this process: the same code without the second that a process takes to start. */
import { Writable } from 'node:stream';
import { run } from '../src/index.ts';
import { type CliEvent, type CliResult, eventsOf } from './spawn-cli.ts';

/** Where and how a command line is run. */
export interface CallOptions {
  readonly cwd: string;
  /** As on a terminal. */
  readonly isTTY?: boolean;
  /** Asks for an orderly stop, as Ctrl-C does. */
  readonly stop?: AbortController;
  /** Asks for it as soon as this text was written to stdout or stderr. */
  readonly stopAt?: string;
}

/** Carries out a command line as the program does, but for signals. */
export async function callCli(
  args: readonly string[],
  { cwd, isTTY = false, stop = new AbortController(), stopAt }: CallOptions,
): Promise<CliResult> {
  const onWrite = (text: string) => {
    if (stopAt !== undefined && text.includes(stopAt)) stop.abort();
  };
  const stdout = new Collector(onWrite);
  const stderr = Object.assign(new Collector(onWrite), { isTTY, columns: 100 });
  const exitCode = await run(args, { stdout, stderr, cwd, signal: stop.signal });
  return { exitCode, signal: null, stdout: stdout.text, stderr: stderr.text };
}

/** Carries it out with `--json` and reads what it says. Fails if stdout holds anything but JSON lines. */
export async function callCliForEvents(
  args: readonly string[],
  options: CallOptions,
): Promise<CliResult & { readonly events: readonly CliEvent[] }> {
  const result = await callCli([...args, '--json'], options);
  return { ...result, events: eventsOf(result.stdout) };
}

/** A stream that keeps what is written to it. */
export class Collector extends Writable {
  text = '';
  readonly #onWrite: (text: string) => void;

  constructor(onWrite: (text: string) => void = () => {}) {
    super();
    this.#onWrite = onWrite;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void) {
    this.text += chunk.toString();
    this.#onWrite(this.text);
    done();
  }
}
