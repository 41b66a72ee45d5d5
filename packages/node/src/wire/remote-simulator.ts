import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  createDataset,
  createRng,
  type Dataset,
  indexId,
  type Pixels,
  type Plugin,
  type Rng,
  type Sample,
  SimganError,
  simulateAt,
} from '@simgan/core';
import { backoffDelay } from './backoff.ts';
import { HttpTransport } from './http-transport.ts';
import { ProcessTransport } from './process-transport.ts';
import {
  PROTOCOL_VERSION,
  RANDOM_NUMBERS,
  RendererFault,
  type RenderRequest,
  type Transport,
} from './protocol.ts';
import { type RendererChoice, type RendererSettings, rendererSettings } from './renderer-options.ts';
import { type Rendered, readResponse } from './response.ts';
import { Slots } from './slots.ts';

/** A request that failed and is retried. */
export interface RendererRetry {
  readonly seed: number;
  readonly index: number;
  /** How often it has failed. */
  readonly failures: number;
  /** Why it failed the last time, as a clause. */
  readonly reason: string;
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
}

/** Options for {@link remoteSimulator}. */
export type RemoteSimulatorOptions = RendererChoice & {
  /** Where a command is started. Default: the current folder. */
  readonly cwd?: string;
  /** Aborts all requests at once, and kills the processes of a command. */
  readonly signal?: AbortSignal | undefined;
  /** Called before each retry. */
  readonly onRetry?: ((retry: RendererRetry) => void) | undefined;
};

/**
 * A renderer in another process as a `Simulator`. Called with an `Rng` alone, it draws the seed of the request from
 * that, and the index is 0; {@link RemoteSimulator.simulate} sends seed and index of the dataset.
 */
export interface RemoteSimulator {
  (rng: Rng): Promise<Rendered>;
  /** Its samples as a dataset, with their companions: sample i depends on seed and i alone. */
  simulate(options: { readonly seed: number; readonly length: number }): Dataset<Sample<unknown>>;
  /** For provenance: `renderer`, its URL or command, and its parameters. */
  readonly origin: string;
  /** Requests in progress at a time. */
  readonly concurrency: number;
  /** Ends requests in progress, and the processes of a command. */
  close(): Promise<void>;
}

/**
 * Makes a renderer in another process, which speaks the protocol of docs/renderers.md over HTTP or over stdin and stdout,
 * a simulator for a plugin. A request has the seed, the index, random numbers and the user's parameters; the image of the
 * response must have the plugin's form, and the annotation must satisfy its schema. Transient failures (no connection,
 * timeouts, status 500 and above, a response that was cut off or damaged, a process that ended) are retried with
 * exponential backoff. The first sample is rendered twice, to check that it comes out the same.
 *
 * @param plugin - whose simulator this takes the place of.
 * @throws SimganError INVALID_ARGUMENT for options that cannot be used. Rendering throws RENDERING_FAILED naming the
 * renderer, seed, index and what was wrong, or the signal's reason.
 * @example
 * ```ts no-run
 * const remote = remoteSimulator(plugin, { url: 'http://127.0.0.1:8000', parameters: { haze: 0.2 } });
 * for await (const { id, image, annotation } of remote.simulate({ seed: 1, length: 10 })) {
 *   console.log(id, image.width, image.height, annotation);
 * }
 * await remote.close();
 * ```
 */
export function remoteSimulator(
  plugin: Pick<Plugin, 'image' | 'annotation'>,
  options: RemoteSimulatorOptions,
): RemoteSimulator {
  const { cwd = process.cwd(), signal, onRetry, ...choice } = options;
  const settings = rendererSettings(choice as RendererChoice);
  const { url, command, maxBytes, concurrency, origin } = settings;
  const transport =
    url === undefined ? new ProcessTransport(command!, { cwd, maxBytes }) : new HttpTransport(url, maxBytes);
  const renderer = new Renderer(plugin, settings, transport, { signal, onRetry });
  const fromRng = (rng: Rng) =>
    renderer.render({ seed: Math.floor(rng.fork('seed').next() * 2 ** 53), index: 0 }, rng);
  return Object.assign(fromRng, {
    simulate: ({ seed, length }: { readonly seed: number; readonly length: number }) =>
      createDataset(length, async (index) => {
        const render = (rng: Rng) => renderer.render({ seed, index }, rng);
        const { image, annotation, companions } = await simulateAt(render, seed, index);
        return { id: indexId(index), image, annotation, ...(companions.length > 0 && { companions }) };
      }),
    origin,
    concurrency,
    close: () => renderer.close(),
  });
}

interface Place {
  readonly seed: number;
  readonly index: number;
}

type Listeners = Pick<RemoteSimulatorOptions, 'signal' | 'onRetry'>;

/** Sends requests, retries them, and checks responses. */
class Renderer {
  readonly #plugin: Pick<Plugin, 'image' | 'annotation'>;
  readonly #settings: RendererSettings;
  readonly #transport: Transport;
  readonly #listeners: Listeners;
  readonly #slots: Slots;
  readonly #end = new AbortController();
  readonly #forgetSignal: () => void;
  #isRepeatable = false;

  constructor(
    plugin: Pick<Plugin, 'image' | 'annotation'>,
    settings: RendererSettings,
    transport: Transport,
    listeners: Listeners,
  ) {
    this.#plugin = plugin;
    this.#settings = settings;
    this.#transport = transport;
    this.#listeners = listeners;
    this.#slots = new Slots(settings.concurrency);
    // Every request in progress listens, however many there may be.
    setMaxListeners(0, this.#end.signal);
    const { signal } = listeners;
    const stop = () => this.#end.abort(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    this.#forgetSignal = () => signal?.removeEventListener('abort', stop);
  }

  async render(place: Place, rng: Rng): Promise<Rendered> {
    const { channels, bits, width, height } = this.#plugin.image;
    const request: RenderRequest = {
      version: PROTOCOL_VERSION,
      ...place,
      random: Array.from({ length: RANDOM_NUMBERS }, () => rng.next()),
      image: { ...(width !== undefined && { width, height: height! }), channels, bits },
      parameters: this.#settings.parameters,
    };
    const isFirst = !this.#isRepeatable;
    // Set before, so that the others of the first batch are rendered once.
    this.#isRepeatable = true;
    try {
      const rendered = await this.#ask(request);
      if (isFirst) await this.#checkRepeated(place, rendered, await this.#ask(request));
      return rendered;
    } catch (error) {
      if (isFirst) this.#isRepeatable = false;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#forgetSignal();
    this.#end.abort(new SimganError('RENDERING_FAILED', `The renderer ${this.#settings.name} was closed.`));
    await this.#transport.close();
  }

  #ask(request: RenderRequest): Promise<Rendered> {
    return this.#slots.use((slot) => this.#askPatiently(request, slot));
  }

  async #askPatiently(request: RenderRequest, slot: number): Promise<Rendered> {
    const { seed, index } = request;
    const rng = createRng(seed).fork('renderer backoff').fork(index);
    const { signal } = this.#end;
    for (let failures = 1; ; failures++) {
      signal.throwIfAborted();
      try {
        return await this.#askOnce(request, slot);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof RendererFault)) throw error;
        if (!error.isTransient || failures > this.#settings.retries)
          throw this.#failed(request, error, failures);
        const delayMs = backoffDelay(failures, rng, this.#settings);
        this.#listeners.onRetry?.({ seed, index, failures, reason: error.message.trim(), delayMs });
        await sleep(delayMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  }

  async #askOnce(request: RenderRequest, slot: number): Promise<Rendered> {
    const { timeoutMs } = this.#settings;
    const stop = new AbortController();
    const end = () => stop.abort(this.#end.signal.reason);
    this.#end.signal.addEventListener('abort', end, { once: true });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      stop.abort();
    }, timeoutMs);
    try {
      const parts = await this.#transport.ask(request, slot, stop.signal);
      return await readResponse(parts, this.#plugin, this.#settings);
    } catch (cause) {
      if (!isLate) throw cause;
      throw new RendererFault(`it timed out after ${timeoutMs / 1000} s`, { isTransient: true, cause });
    } finally {
      clearTimeout(timer);
      this.#end.signal.removeEventListener('abort', end);
    }
  }

  #failed({ seed, index }: Place, fault: RendererFault, failures: number): SimganError {
    const attempts = failures > 1 ? ` after ${failures} attempts` : '';
    const end = fault.message.endsWith('\n') ? '' : /[.!?]$/.test(fault.message) ? ' ' : '. ';
    const advice = fault.isTransient
      ? 'Check that it is running, then rerun; what is written already can be resumed.'
      : 'Fix the renderer and rerun; docs/renderers.md documents the protocol.';
    return new SimganError(
      'RENDERING_FAILED',
      `The renderer ${this.#settings.name} failed at index ${index} of seed ${seed}${attempts}: ${fault.message}${end}${advice}`,
      { cause: fault },
    );
  }

  /** A resumed dataset continues with what the renderer gives then, which must be what it would have given before. */
  async #checkRepeated(place: Place, one: Rendered, other: Rendered): Promise<void> {
    const differ = await differenceOf(one, other);
    if (differ === undefined) return;
    const fault = new RendererFault(
      `it rendered the same request twice with different ${differ}. Everything random must follow from the request: from its random numbers, or from a generator seeded with its seed and index`,
    );
    throw this.#failed(place, fault, 1);
  }
}

/** What two renderings of the same request differ in, if they do. */
async function differenceOf(one: Rendered, other: Rendered): Promise<string | undefined> {
  if (Buffer.compare(bytesOf(one.image.data), bytesOf(other.image.data)) !== 0) return 'images';
  if (!isDeepStrictEqual(one.annotation, other.annotation)) return 'annotations';
  return isDeepStrictEqual(await filesOf(one), await filesOf(other)) ? undefined : 'companions';
}

const bytesOf = (data: Pixels) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

const filesOf = ({ companions }: Rendered) =>
  Promise.all(companions.map(async ({ name, stored }) => ({ name, file: await stored!() })));
