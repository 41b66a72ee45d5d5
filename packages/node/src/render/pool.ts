import { setImmediate } from 'node:timers/promises';
import type { Plugin, Sample } from '@simgan/core';
import { createDataset, type Dataset, indexId, prefetch, type Simulated, simulateAt } from '@simgan/core';
import type { Job, PluginOrigin, RendererName } from './protocol.ts';
import { RenderThread } from './thread.ts';

/** Jobs that a thread holds, so that it has the next when it is done with one although this thread is busy. */
const HELD = 16;

/** What starting a thread costs, ms: the plugin and TensorFlow.js are loaded once more. */
const START_UP = 350;

/** How to render. */
export interface RenderPoolOptions {
  /** Where threads find the plugin. */
  readonly origin: PluginOrigin;
  /** Threads that render; with fewer than 2 the calling thread does it. */
  readonly threads: number;
  /**
   * Milliseconds of rendering after which threads are started, what starting one costs unless given: where few
   * samples are asked for, or small ones, the calling thread is done before.
   */
  readonly patience?: number;
  /** Called with the reason if threads cannot make the plugin; the calling thread goes on. */
  readonly onFallback?: ((reason: string) => void) | undefined;
}

/** Renders in threads what is asked of a plugin's renderers. */
export interface RenderPool {
  /**
   * What `simulate` of the core gives for the plugin's renderer, rendered in threads: the same bytes, whatever
   * the number of threads. Going through it in order renders some samples ahead.
   *
   * @throws what the renderer throws, when the sample is asked for
   * @throws SimganError RENDERING_FAILED if a thread ends, naming the sample that it rendered
   */
  simulate(
    renderer: RendererName,
    options: { readonly seed: number; readonly length: number },
  ): Dataset<Sample<unknown>>;
  /** How many samples to ask for ahead so that no thread waits. */
  readonly ahead: number;
  /** How many threads render; 0 while the calling thread does. */
  readonly running: number;
  /** Stops all threads at once. What was asked for and is not there yet fails. */
  close(): Promise<void>;
}

type Renderers = Pick<Plugin, RendererName>;

/** A pool of threads that render; none is started before it pays. */
export function createRenderPool(plugin: Renderers, options: RenderPoolOptions): RenderPool {
  return new ThreadPool(plugin, options);
}

interface Waiting {
  readonly job: Job;
  resolve(rendered: Simulated<unknown>): void;
  reject(error: Error): void;
}

class ThreadPool implements RenderPool {
  readonly #plugin: Renderers;
  readonly #options: RenderPoolOptions;
  /** `alone` and `starting`: the calling thread renders. */
  #state: 'alone' | 'starting' | 'together' | 'ended' = 'alone';
  #threads: RenderThread[] = [];
  /** Jobs that no thread has taken yet. */
  #waiting: Waiting[] = [];
  /** Milliseconds that the calling thread has rendered. */
  #spent = 0;
  #patience: number;
  /** Where the last of those that the calling thread renders has its turn. */
  #turn: Promise<unknown> = Promise.resolve();
  #end: Error | undefined;

  constructor(plugin: Renderers, options: RenderPoolOptions) {
    this.#plugin = plugin;
    this.#options = options;
    const { threads, patience = START_UP } = options;
    this.#patience = threads > 1 ? patience : Number.POSITIVE_INFINITY;
  }

  get ahead(): number {
    return HELD * this.#options.threads;
  }

  get running(): number {
    return this.#threads.filter((thread) => thread.isReady).length;
  }

  simulate(
    renderer: RendererName,
    { seed, length }: { readonly seed: number; readonly length: number },
  ): Dataset<Sample<unknown>> {
    const samples = createDataset(length, async (index) => {
      const { image, annotation } = await this.#render({ renderer, seed, index });
      return { id: indexId(index), image, annotation };
    });
    return prefetch(samples, this.ahead);
  }

  async close(): Promise<void> {
    this.#fail(new Error('The threads that render were stopped.'));
    await Promise.all(this.#threads.splice(0).map((thread) => thread.end()));
  }

  async #render(job: Job): Promise<Simulated<unknown>> {
    if (this.#state === 'alone' && this.#spent >= this.#patience) this.#start();
    if (this.#state === 'starting') {
      // One by one, so that between them the threads can say that they are ready.
      this.#turn = this.#turn.then(() => setImmediate());
      await this.#turn;
    }
    if (this.#end) throw this.#end;
    return this.#state === 'together' ? this.#renderInThread(job) : this.#renderHere(job);
  }

  async #renderHere({ renderer, seed, index }: Job): Promise<Simulated<unknown>> {
    const start = performance.now();
    const rendering = simulateAt(this.#plugin[renderer]!, seed, index);
    // Most renderers are done now; many samples may be asked for before this goes on.
    const blocked = performance.now() - start;
    this.#spent += blocked;
    const rendered = await rendering;
    this.#spent += performance.now() - start - blocked;
    return rendered;
  }

  #renderInThread(job: Job): Promise<Simulated<unknown>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#handOut();
    });
  }

  #handOut(): void {
    while (this.#waiting.length > 0) {
      const free = this.#threads.filter((thread) => thread.isReady && thread.load < HELD);
      const idlest = free.sort((a, b) => a.load - b.load)[0];
      if (!idlest) return;
      const { job, resolve, reject } = this.#waiting.shift()!;
      idlest.render(job).then(resolve, reject);
    }
  }

  #start(): void {
    const { origin, threads, onFallback } = this.#options;
    this.#state = 'starting';
    this.#threads = Array.from({ length: threads }, () => {
      let hasPlugin = false;
      const thread = new RenderThread(origin, {
        onReady: () => {
          hasPlugin = true;
          if (this.#state === 'starting') this.#state = 'together';
          this.#handOut();
        },
        onAnswer: () => this.#handOut(),
        onEnd: (error) => {
          this.#threads = this.#threads.filter((other) => other !== thread);
          if (hasPlugin) this.#fail(error);
          else if (this.#threads.length === 0 && this.#state === 'starting') {
            // None can make the plugin that the calling thread has made.
            this.#state = 'alone';
            this.#patience = Number.POSITIVE_INFINITY;
            onFallback?.(error.message);
          }
        },
      });
      return thread;
    });
  }

  #fail(error: Error): void {
    this.#state = 'ended';
    this.#end ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
  }
}
