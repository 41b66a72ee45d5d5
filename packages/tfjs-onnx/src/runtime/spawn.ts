/** Starts a worker thread from the built package or from its TypeScript sources. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

export function spawnWorker(): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./runtime/worker.js', import.meta.url));
  // In this repository's tests and tools, workers run from the sources; tsx must be registered within each thread.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'));
  const start = `import { register } from '${new URL('./dist/esm/api/index.mjs', tsx)}'; register(); await import('${new URL('./worker.ts', import.meta.url)}');`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(start)}`));
}
