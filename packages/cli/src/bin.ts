#!/usr/bin/env node
import { run } from './index.ts';

// The first Ctrl-C asks for an orderly stop, the second does not ask.
const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
    const remind = () =>
      process.stderr.write('\nStopping after what is under way; once more stops at once.\n');
    setTimeout(remind, 50).unref();
  });
}

// Whoever reads the output may stop reading, as `head` does; then the work is wanted no more.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  interrupt.abort();
});

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  signal: interrupt.signal,
});
