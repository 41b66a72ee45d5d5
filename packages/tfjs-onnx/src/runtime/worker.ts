/** The thread that runs programs, one request after the other. */
import { parentPort } from 'node:worker_threads';
import { Machine } from './machine.ts';
import type { Request, Response } from './protocol.ts';

const machine = new Machine();
const port = parentPort!;
let last: Promise<void> = Promise.resolve();

port.on('message', (request: Request) => {
  last = last.then(() => answer(request));
});

async function answer({ id, name, argument }: Request): Promise<void> {
  try {
    const result = await (machine[name] as (argument: unknown) => Promise<unknown>).call(machine, argument);
    port.postMessage({ id, result } satisfies Response, transferable(result));
  } catch (error) {
    port.postMessage({ id, error } satisfies Response);
  }
  if (name === 'close') port.close();
}

/** The buffers of a result, which are transferred to the main thread without a copy. */
function transferable(result: unknown): ArrayBuffer[] {
  const entries = result instanceof Map ? [...result.values()] : Object.values(result ?? {});
  const buffers = entries.flatMap((entry) => (ArrayBuffer.isView(entry?.data) ? [entry.data.buffer] : []));
  return [...new Set(buffers)] as ArrayBuffer[];
}
