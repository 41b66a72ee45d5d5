#!/usr/bin/env node
import { run } from './index.ts';

// The first Ctrl-C asks for an orderly stop, the second does not ask.
const interrupt = new AbortController();
// A terminal that closes (SIGHUP) ends the work as a Ctrl-C does, with a checkpoint.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  });
}

// Whoever reads the output may stop reading, as `head` does; then the work is no longer wanted. Where it cannot be
// written otherwise (a full disk behind a redirection), the work is done and only its report is lost.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') {
    interrupt.abort(new Error('Nobody reads the output.'));
    return;
  }
  process.exitCode = 1;
  process.stderr.write(`The result cannot be written to stdout: ${error.message}.\n`);
});
// Notes and progress are dispensable: a stderr that is closed or full must not end the work.
process.stderr.on('error', () => {});

const exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  signal: interrupt.signal,
});
// A report that could not be written stays a failure.
process.exitCode ||= exitCode;
