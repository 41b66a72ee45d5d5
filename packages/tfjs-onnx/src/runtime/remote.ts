/** Calls a worker through promises. The worker keeps the process alive only while calls are pending. */
import type { Worker } from 'node:worker_threads';
import type { Calls, Request, Response } from './protocol.ts';
import { spawnWorker } from './spawn.ts';

interface Pending {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export class Remote {
  #worker: Worker;
  #pending = new Map<number, Pending>();
  #count = 0;
  #gone: Error | undefined;

  constructor() {
    this.#worker = spawnWorker();
    this.#worker.unref();
    this.#worker.on('message', (response: Response) => {
      const pending = this.#pending.get(response.id)!;
      this.#pending.delete(response.id);
      if (this.#pending.size === 0) this.#worker.unref();
      if ('error' in response) pending.reject(response.error);
      else pending.resolve(response.result);
    });
    this.#worker.on('error', (error) => this.#fail(error as Error));
    this.#worker.on('exit', () =>
      this.#fail(new Error('The worker thread of the ONNX runtime has ended. Create a new runtime.')),
    );
  }

  call<Name extends keyof Calls>(name: Name, argument: Calls[Name][0]): Promise<Calls[Name][1]> {
    if (this.#gone) return Promise.reject(this.#gone);
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      this.#worker.ref();
      this.#worker.postMessage({ id, name, argument } satisfies Request<Name>);
    });
  }

  /** Ends the thread after all earlier calls. */
  async close(): Promise<void> {
    if (this.#gone) return;
    const ended = new Promise<void>((resolve) => void this.#worker.once('exit', () => resolve()));
    await this.call('close', undefined);
    this.#worker.ref();
    await ended;
  }

  #fail(error: Error): void {
    this.#gone ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#gone);
    this.#pending.clear();
  }
}
