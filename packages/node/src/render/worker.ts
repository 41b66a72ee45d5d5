/** @file The entry of a rendering thread: creates its own copy of the plugin, then renders one sample at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Plugin, SimganError, simulateAt } from '@simgan/core';
import {
  type Job,
  type Message,
  originOf,
  type PlainError,
  type PluginOrigin,
  type RendererName,
} from './protocol.ts';

const port = parentPort!;
const { module, options } = workerData as PluginOrigin;
const { default: factory } = (await import(module)) as {
  default: (options: unknown) => Promise<Pick<Plugin, RendererName> & Partial<Plugin>>;
};
const plugin = await factory(options);

let last = Promise.resolve();
port.on('message', (job: Job) => {
  last = last.then(() => answer(job));
});
port.postMessage('ready' satisfies Message);

async function answer({ renderer, seed, index }: Job): Promise<void> {
  try {
    const { image, annotation } = await simulateAt(
      plugin[renderer]!,
      seed,
      index,
      originOf(plugin, renderer),
    );
    // Copied, because a plugin may reuse its buffer, which would be detached here by the transfer.
    const data = image.data.slice();
    const rendered = { image: { ...image, data }, annotation };
    port.postMessage({ rendered } satisfies Message, [data.buffer as ArrayBuffer]);
  } catch (error) {
    port.postMessage({
      error: plainError(namedIfNotCloned(error, { renderer, seed, index })),
    } satisfies Message);
  }
}

/** An annotation that cannot be sent is no plain JSON, and could not be written either. */
function namedIfNotCloned(error: unknown, { renderer, seed, index }: Job): unknown {
  if (!(error instanceof Error && error.name === 'DataCloneError')) return error;
  return new SimganError(
    'RENDERING_FAILED',
    `The ${renderer} of the plugin ${plugin.name ?? 'in this thread'} failed at sample ${index} of seed ${seed}: its annotation is not plain JSON (${error.message.replace(/\.$/, '')}).`,
    { cause: error },
  );
}

function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), stack: undefined, code: undefined, problems: undefined };
  }
  const { name, message, stack, code, problems } = error as Error & Pick<PlainError, 'code' | 'problems'>;
  return { name, message, stack, code, problems };
}
