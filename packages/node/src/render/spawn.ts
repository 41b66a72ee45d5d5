import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { PluginOrigin } from './protocol.ts';

/** Starts a rendering thread, from the built package or from its TypeScript sources. */
export function spawnWorker(origin: PluginOrigin): Worker {
  const { resolve } = createRequire(import.meta.url);
  if (!import.meta.url.endsWith('.ts')) {
    // Found through the package, because bundling decides which file this module ends up in.
    const root = pathToFileURL(resolve('@simgan/node/package.json'));
    return new Worker(new URL('./dist/render/worker.js', root), { workerData: origin });
  }
  // Only tests and tools of this repository run from sources. A tsx loader of this thread does not reach its workers.
  const tsx = new URL('./dist/esm/api/index.mjs', pathToFileURL(resolve('tsx/package.json')));
  const start = `import { register } from '${tsx}'; register(); await import('${new URL('./worker.ts', import.meta.url)}');`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(start)}`), {
    workerData: origin,
    execArgv: ['--conditions=@simgan/source'],
  });
}
