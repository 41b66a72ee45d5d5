/** @file The thread that renders: makes its own copy of the plugin, then one sample after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Plugin } from '@simgan/core';
import { simulateAt } from '@simgan/core';
import type { Job, Message, PlainError, PluginOrigin, RendererName } from './protocol.ts';

const port = parentPort!;
const { module, options } = workerData as PluginOrigin;
const { default: factory } = (await import(module)) as {
  default: (options: unknown) => Promise<Pick<Plugin, RendererName>>;
};
const plugin = await factory(options);

let last = Promise.resolve();
port.on('message', (job: Job) => {
  last = last.then(() => answer(job));
});
port.postMessage('ready' satisfies Message);

async function answer({ renderer, seed, index }: Job): Promise<void> {
  try {
    const { image, annotation } = await simulateAt(plugin[renderer]!, seed, index);
    // A copy, because a plugin may keep its buffer, and what is handed over is gone here.
    const data = image.data.slice();
    const rendered = { image: { ...image, data }, annotation };
    port.postMessage({ rendered } satisfies Message, [data.buffer as ArrayBuffer]);
  } catch (error) {
    port.postMessage({ error: plainError(error) } satisfies Message);
  }
}

function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), stack: undefined, code: undefined };
  }
  const { name, message, stack } = error;
  return { name, message, stack, code: (error as { code?: unknown }).code };
}
