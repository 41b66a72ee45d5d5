import { setImmediate } from 'node:timers/promises';
import type { Plugin, Sample } from '@simgan/core';
import { createDataset, type Dataset, indexId, prefetch, type Simulated, simulateAt } from '@simgan/core';
import { type Job, originOf, type PluginOrigin, type RendererName } from './protocol.ts';
import { RenderThread } from './thread.ts';

/** Jobs queued in each thread, so that it has a next one even while the calling thread is busy. */
const QUEUE_LENGTH = 16;

/** What starting a thread costs, milliseconds: the plugin and TensorFlow.js are loaded once more. */
const START_UP = 350;

/** Options for a render pool. */
export interface RenderPoolOptions {
  /** Where threads load the plugin from. */
  readonly origin: PluginOrigin;
  /** Number of rendering threads. With fewer than 2 the calling thread renders. */
  readonly threads: number;
  /**
   * Milliseconds of rendering in the calling thread after which threads are started. Few samples, or small ones, are
   * done before a thread has loaded. Default: 350, about what starting a thread costs.
   */
  readonly startAfter?: number;
  /** Called with the reason if no thread can load the plugin. The calling thread then renders everything. */
  readonly onFallback?: ((reason: string) => void) | undefined;
}

/** A pool of threads that render samples of one plugin. */
export interface RenderPool {
  /**
   * The same dataset as `simulate` of @simgan/core gives for this renderer, byte for byte, whatever the number of
   * threads. Iterating in order prefetches `ahead` samples.
   *
   * @throws SimganError RENDERING_FAILED naming plugin, seed and index if the renderer fails or returns no sample, or if
   * a thread crashes; a SimganError that the renderer throws
   */
  simulate(
    renderer: RendererName,
    options: { readonly seed: number; readonly length: number },
  ): Dataset<Sample<unknown>>;
  /** How many samples to prefetch to keep all threads busy. */
  readonly ahead: number;
  /** Number of threads that are ready to render. 0 while the calling thread renders. */
  readonly running: number;
  /** Stops all threads at once. Samples still in progress are rejected. */
  close(): Promise<void>;
}

type Renderers = Pick<Plugin, RendererName> & Partial<Pick<Plugin, 'name' | 'image'>>;

/**
 * Creates a pool that renders samples of a plugin in threads. Threads are started only when rendering takes long enough
 * to pay for them, and never keep the process alive while idle.
 *
 * @example
 * const { plugin, origin } = await loadPlugin('eyes');
 * const pool = createRenderPool(plugin, { origin, threads: 4 });
 * for await (const { id, image } of pool.simulate('simulator', { seed: 1, length: 1000 })) console.log(id, image.width);
 * await pool.close();
 */
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
  /** The calling thread renders while `inline` or `starting`. */
  #state: 'inline' | 'starting' | 'threaded' | 'ended' = 'inline';
  #threads: RenderThread[] = [];
  /** Jobs that are not in the queue of a thread yet. */
  #waiting: Waiting[] = [];
  /** Milliseconds the calling thread has spent rendering. */
  #spent = 0;
  #startAfter: number;
  /** Resolves when the last sample that waits for the calling thread has its turn. */
  #turn: Promise<unknown> = Promise.resolve();
  #end: Error | undefined;

  constructor(plugin: Renderers, options: RenderPoolOptions) {
    this.#plugin = plugin;
    this.#options = options;
    const { threads, startAfter = START_UP } = options;
    this.#startAfter = threads > 1 ? startAfter : Number.POSITIVE_INFINITY;
  }

  get ahead(): number {
    return QUEUE_LENGTH * this.#options.threads;
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
    this.#fail(new Error('The rendering threads were stopped.'));
    await Promise.all(this.#threads.splice(0).map((thread) => thread.end()));
  }

  async #render(job: Job): Promise<Simulated<unknown>> {
    if (this.#state === 'inline' && this.#spent >= this.#startAfter) this.#start();
    if (this.#state === 'starting') {
      // One sample per turn of the event loop, so that the threads' messages are heard in between.
      this.#turn = this.#turn.then(() => setImmediate());
      await this.#turn;
    }
    if (this.#end) throw this.#end;
    return this.#state === 'threaded' ? this.#renderInThread(job) : this.#renderInline(job);
  }

  async #renderInline({ renderer, seed, index }: Job): Promise<Simulated<unknown>> {
    const start = performance.now();
    const rendering = simulateAt(this.#plugin[renderer]!, seed, index, originOf(this.#plugin, renderer));
    // Counted at once, because many samples may be requested before the promise is awaited.
    const blocked = performance.now() - start;
    this.#spent += blocked;
    const rendered = await rendering;
    this.#spent += performance.now() - start - blocked;
    return rendered;
  }

  #renderInThread(job: Job): Promise<Simulated<unknown>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const free = this.#threads.filter((thread) => thread.isReady && thread.load < QUEUE_LENGTH);
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
      const thread = new RenderThread(origin, {
        onReady: () => {
          if (this.#state === 'starting') this.#state = 'threaded';
          this.#dispatch();
        },
        onAnswer: () => this.#dispatch(),
        onEnd: (error, hadPlugin) => {
          this.#threads = this.#threads.filter((other) => other !== thread);
          if (hadPlugin) this.#fail(error);
          else if (this.#threads.length === 0 && this.#state === 'starting') {
            this.#state = 'inline';
            this.#startAfter = Number.POSITIVE_INFINITY;
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
