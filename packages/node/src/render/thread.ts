import type { Worker } from 'node:worker_threads';
import { type ErrorCode, SimganError, type Simulated } from '@simgan/core';
import type { Job, Message, PlainError, PluginOrigin } from './protocol.ts';
import { spawnWorker } from './spawn.ts';

interface Pending {
  readonly job: Job;
  resolve(rendered: Simulated<unknown>): void;
  reject(error: Error): void;
}

/** The events of a rendering thread. */
export interface ThreadEvents {
  /** The thread has created its plugin. */
  onReady(): void;
  /** One job fewer is in the queue. */
  onAnswer(): void;
  /** The thread ended by itself and its jobs were rejected. `hadPlugin`: it had been ready. */
  onEnd(error: SimganError, hadPlugin: boolean): void;
}

/** A rendering thread. It keeps the process alive only while it has jobs. */
export class RenderThread {
  readonly #worker: Worker;
  /** In the order in which the thread answers; the first one is in progress. */
  readonly #pending: Pending[] = [];
  #hasPlugin = false;
  #end: Error | undefined;

  constructor(origin: PluginOrigin, { onReady, onAnswer, onEnd }: ThreadEvents) {
    this.#worker = spawnWorker(origin);
    this.#worker.on('message', (message: Message) => {
      // A stopped thread may still deliver answers that were on their way.
      if (this.#end) return;
      if (message === 'ready') {
        this.#hasPlugin = true;
        onReady();
        return;
      }
      const { resolve, reject } = this.#pending.shift()!;
      if (this.#pending.length === 0) this.#worker.unref();
      if ('error' in message) reject(errorOf(message.error));
      else resolve(message.rendered);
      onAnswer();
    });
    // After the listener is added, because adding it refs the worker again.
    this.#worker.unref();
    const fail = (why: string) => {
      if (this.#end) return;
      const error = this.#hasPlugin ? crash(this.#pending[0]?.job, why) : loadFailure(why);
      this.#stop(error);
      onEnd(error, this.#hasPlugin);
    };
    this.#worker.on('error', (error: unknown) =>
      fail(error instanceof Error ? error.message : String(error)),
    );
    this.#worker.on('exit', (code) => fail(`it exited with code ${code}`));
  }

  get isReady(): boolean {
    return this.#hasPlugin && !this.#end;
  }

  /** Number of jobs in the queue, with the one in progress. */
  get load(): number {
    return this.#pending.length;
  }

  /**
   * Renders a sample after all earlier ones.
   *
   * @throws SimganError RENDERING_FAILED if the renderer fails or the thread crashes, naming the sample in progress; a
   * SimganError that the renderer throws
   */
  render(job: Job): Promise<Simulated<unknown>> {
    if (this.#end) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#pending.push({ job, resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage(job);
    });
  }

  /** Stops the thread at once, even in the middle of a sample. All jobs in the queue are rejected. */
  async end(): Promise<void> {
    this.#stop(new Error('The rendering thread was stopped.'));
    await this.#worker.terminate();
  }

  #stop(error: Error): void {
    this.#end ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(this.#end);
  }
}

function crash(job: Job | undefined, why: string): SimganError {
  const during = job ? ` while rendering sample ${job.index} of seed ${job.seed} (${job.renderer})` : '';
  return new SimganError(
    'RENDERING_FAILED',
    `A rendering thread crashed${during}: ${why}. Render with one thread to see where it happens.`,
  );
}

function loadFailure(why: string): SimganError {
  return new SimganError('RENDERING_FAILED', `A rendering thread could not load the plugin: ${why}`);
}

/** The error as it was thrown in the thread. */
function errorOf({ name, message, stack, code, problems }: PlainError): Error {
  const error =
    name === 'SimganError'
      ? new SimganError(code as ErrorCode, message, { problems: problems as string[] })
      : Object.assign(new Error(message), { name, ...(code !== undefined && { code }) });
  if (stack !== undefined) error.stack = stack;
  return error;
}
