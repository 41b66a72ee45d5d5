import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { PluginOrigin } from './protocol.ts';

/** Starts a thread that renders, from the built package or from its TypeScript sources. */
export function spawnWorker(origin: PluginOrigin): Worker {
  const { resolve } = createRequire(import.meta.url);
  // By the package, because the build decides which file this one becomes a part of.
  const root = pathToFileURL(resolve('@simgan/node/package.json'));
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./dist/render/worker.js', root), { workerData: origin });
  }
  // Sources run in the tests and tools of this repository. tsx translates them, but skips threads unless asked inside.
  const tsx = new URL('./dist/esm/api/index.mjs', pathToFileURL(resolve('tsx/package.json')));
  const start = `import { register } from '${tsx}'; register(); await import('${new URL('./worker.ts', import.meta.url)}');`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(start)}`), {
    workerData: origin,
    execArgv: ['--conditions=@simgan/source'],
  });
}
