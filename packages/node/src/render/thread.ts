import type { Worker } from 'node:worker_threads';
import type { Simulated } from '@simgan/core';
import { type ErrorCode, SimganError } from '@simgan/core';
import type { Job, Message, PlainError, PluginOrigin } from './protocol.ts';
import { spawnWorker } from './spawn.ts';

interface Pending {
  readonly job: Job;
  resolve(rendered: Simulated<unknown>): void;
  reject(error: Error): void;
}

/** What a thread tells its pool. */
export interface ThreadEvents {
  /** It has made its plugin. */
  onReady(): void;
  /** It has a job less. */
  onAnswer(): void;
  /** It ended unasked, and its jobs have failed. */
  onEnd(error: SimganError): void;
}

/** A thread that renders. It keeps the process alive only while something is asked of it. */
export class RenderThread {
  readonly #worker: Worker;
  /** In the order in which the thread answers. */
  readonly #pending: Pending[] = [];
  #isReady = false;
  #end: Error | undefined;

  constructor(origin: PluginOrigin, { onReady, onAnswer, onEnd }: ThreadEvents) {
    this.#worker = spawnWorker(origin);
    this.#worker.unref();
    this.#worker.on('message', (message: Message) => {
      // What was under way when it was stopped may still arrive, and is asked for no more.
      if (this.#end) return;
      if (message === 'ready') {
        this.#isReady = true;
        onReady();
        return;
      }
      const { resolve, reject } = this.#pending.shift()!;
      if (this.#pending.length === 0) this.#worker.unref();
      if ('error' in message) reject(errorOf(message.error));
      else resolve(message.rendered);
      onAnswer();
    });
    const fail = (why: string) => {
      if (this.#end) return;
      const error = crash(this.#pending[0]?.job, why);
      this.#stop(error);
      onEnd(error);
    };
    this.#worker.on('error', (error) => fail((error as Error).message));
    this.#worker.on('exit', (code) => fail(`it exited with code ${code}`));
  }

  get isReady(): boolean {
    return this.#isReady && !this.#end;
  }

  /** How many samples are asked of it. */
  get load(): number {
    return this.#pending.length;
  }

  /**
   * @throws what the renderer throws
   * @throws SimganError RENDERING_FAILED naming the sample under way if the thread ends
   */
  render(job: Job): Promise<Simulated<unknown>> {
    if (this.#end) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#pending.push({ job, resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage(job);
    });
  }

  /** Stops it at once. What it was asked for and has not answered fails. */
  async end(): Promise<void> {
    this.#stop(new Error('The thread that renders was stopped.'));
    await this.#worker.terminate();
  }

  #stop(error: Error): void {
    this.#end ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(this.#end);
  }
}

function crash(job: Job | undefined, why: string): SimganError {
  const during = job ? ` while it rendered sample ${job.index} of seed ${job.seed} (${job.renderer})` : '';
  return new SimganError(
    'RENDERING_FAILED',
    `A thread that renders ended${during}: ${why}. Render with one thread to see where it happens.`,
  );
}

/** The error as it was thrown in the thread. */
function errorOf({ name, message, stack, code }: PlainError): Error {
  const error =
    name === 'SimganError'
      ? new SimganError(code as ErrorCode, message)
      : Object.assign(new Error(message), { name });
  if (stack !== undefined) error.stack = stack;
  return error;
}
