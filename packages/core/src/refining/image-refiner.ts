import type { CompiledStep, Engine } from '../engine/engine.ts';
import type { HostTensor } from '../host-tensor.ts';
import { decodeImages, encodeImages, type Image, type ImageForm } from '../image.ts';
import { type Matcher, matcherOf } from '../matching/matcher.ts';
import type { Refiner } from '../networks/network.ts';
import { noiseBatch } from '../networks/noise.ts';
import { createRng } from '../rng.ts';
import type { RealImage } from '../sample.ts';
import { refineStep } from './refine-step.ts';

/** Options for {@link createImageRefiner}. */
export interface ImageRefinerOptions {
  readonly network: Refiner;
  /** The form of the domain's images; without a size, images of any size are refined. */
  readonly image: ImageForm;
  readonly engine: Engine;
  /** Corrections of light that are applied to images first. Default: none. */
  readonly matcher?: Matcher;
  /** Seeds the noise of refiners that take noise; a sample's noise depends on this and its id alone. Default: 0. */
  readonly seed?: number;
  /** Images per run of the network; changes speed and memory, but no bit of the result. Default: 32. */
  readonly batchSize?: number;
}

/**
 * A refiner ready to use: network, corrections of light and engine. It is compiled once, at its first picture.
 *
 * All other fields of a sample pass through unchanged; the network never sees them. A picture's result depends on the
 * picture, its id and the refiner alone, never on the other pictures of its batch.
 */
export interface ImageRefiner {
  readonly matcher: Matcher;
  readonly network: Refiner;
  /** Refines one picture; its noise is seeded by its pixels. */
  refine(image: Image): Promise<Image>;
  /** Refines one sample. */
  refine<Item extends RealImage>(sample: Item): Promise<Item>;
  /** Refines a few pictures at once. */
  refine(images: readonly Image[]): Promise<Image[]>;
  /** Refines a few samples at once. */
  refine<Item extends RealImage>(samples: readonly Item[]): Promise<Item[]>;
  /**
   * Refines a stream, in order. Batches fill while the engine works; if the source is slower than the engine,
   * samples are yielded without waiting for a batch to fill.
   */
  refine<Item extends RealImage | Image>(
    samples: AsyncIterable<Item> | Iterable<Item>,
  ): AsyncGenerator<Item, void, void>;
  /** Frees the compiled program. The network stays. */
  dispose(): Promise<void>;
}

/**
 * Creates a refiner that is ready to use.
 *
 * @example
 * const refiner = createImageRefiner({ network, image: plugin.image, engine });
 * const refined = await refiner.refine(picture);
 * for await (const sample of refiner.refine(simulate(plugin.simulator, { seed: 1, length: 100 }))) save(sample);
 */
export function createImageRefiner(options: ImageRefinerOptions): ImageRefiner {
  return new CompiledRefiner(options);
}

class CompiledRefiner implements ImageRefiner {
  readonly network: Refiner;
  readonly matcher: Matcher;
  readonly #image: ImageForm;
  readonly #engine: Engine;
  readonly #batchSize: number;
  readonly #noise: ReturnType<typeof createRng>;
  #program: CompiledStep<'refined'> | undefined;

  constructor({ network, image, engine, matcher, seed = 0, batchSize = 32 }: ImageRefinerOptions) {
    this.network = network;
    this.matcher = matcher ?? matcherOf([], [], { image, seed });
    this.#image = image;
    this.#engine = engine;
    this.#batchSize = batchSize;
    this.#noise = createRng(seed).fork('refine');
  }

  refine(input: never): never {
    return this.#dispatch(input) as never;
  }

  async dispose(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    await program?.dispose();
  }

  #dispatch(input: Item | readonly Item[] | AsyncIterable<Item> | Iterable<Item>): unknown {
    if (Array.isArray(input)) return this.#array(input as readonly Item[]);
    if (Symbol.asyncIterator in input || Symbol.iterator in input) return this.#stream(input);
    return this.#array([input as Item]).then(([refined]) => refined);
  }

  async #array(items: readonly Item[]): Promise<Item[]> {
    const refined: Item[] = [];
    for await (const item of this.#stream(items)) refined.push(item);
    return refined;
  }

  async *#stream(items: AsyncIterable<Item> | Iterable<Item>): AsyncGenerator<Item, void, void> {
    let last: Running | undefined;
    let isClosed = false;
    const batches = batchesOf(items, this.#batchSize, () => last?.result);
    const startNext = async (): Promise<Running | undefined> => {
      const { done, value } = await batches.next();
      if (done || isClosed) return undefined;
      last = this.#start(value);
      return last;
    };
    try {
      let current = await startNext();
      while (current) {
        // The engine refines one batch while the next is read and this one is yielded. Neither waits for the other:
        // a source may produce its next item only after it has received the last one.
        const next = startNext();
        next.catch(() => {}); // thrown when it is awaited
        yield* this.#finish(current);
        current = await next;
      }
    } finally {
      isClosed = true;
      // Not awaited: a source that is waiting for its next item cannot be interrupted.
      batches.return().catch(() => {});
      // The caller may dispose the network now.
      await last?.result.catch(() => {});
    }
  }

  #start(items: readonly Item[]): Running {
    const { noiseChannels } = this.network;
    const samples = items.map((item) =>
      this.matcher.apply(isSample(item) ? item : { id: idOf(item), image: item }),
    );
    // An engine whose results depend on the batch size is given one size only.
    const size = this.#engine.isBatchInvariant ? samples.length : this.#batchSize;
    const filled = Array.from({ length: size }, (_, i) => samples[Math.min(i, samples.length - 1)]!);
    const synthetic = encodeImages(
      filled.map(({ image }) => image),
      this.#image,
    );
    const sources = () => filled.map(({ id }) => this.#noise.fork(id));
    const noise = noiseChannels > 0 ? { noise: noiseBatch(sources(), filled[0]!.image, noiseChannels) } : {};
    this.#program ??= this.#engine.compile(refineStep(this.network), { itemwise: true });
    const result = this.#program.run({ synthetic, ...noise });
    result.catch(() => {}); // thrown when it is awaited, which may be after the next batch was read
    return { items, result };
  }

  async *#finish({ items, result }: Running): AsyncGenerator<Item, void, void> {
    const images = decodeImages((await result).refined, this.#image);
    for (const [i, item] of items.entries()) {
      yield isSample(item) ? { ...item, image: images[i]! } : images[i]!;
    }
  }
}

type Item = RealImage | Image;

/** A batch that the engine works on. */
interface Running {
  readonly items: readonly Item[];
  readonly result: Promise<Record<'refined', HostTensor>>;
}

function isSample(item: Item): item is RealImage {
  return 'image' in item;
}

/** An id for the noise of a picture without one: a hash of its pixels (FNV-1a). */
function idOf({ data }: Image): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < data.length; i++) hash = Math.imul(hash ^ data[i]!, 0x01000193);
  return `#${(hash >>> 0).toString(16)}`;
}

/**
 * Batches of up to `size` images of one size, in order. A batch is yielded early if the next item is not ready yet
 * and the engine is idle.
 */
async function* batchesOf(
  items: AsyncIterable<Item> | Iterable<Item>,
  size: number,
  running: () => Promise<unknown> | undefined,
): AsyncGenerator<Item[], void, void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const next = () => Promise.resolve(iterator.next());
  let batch: Item[] = [];
  try {
    let pending = next();
    for (;;) {
      if (batch.length > 0 && !(await isSoon(pending, running()))) {
        yield batch;
        batch = [];
      }
      const { done, value } = await pending;
      if (done) break;
      if (batch.length > 0 && !isSameSize(batch[0]!, value)) {
        yield batch;
        batch = [];
      }
      batch.push(value);
      pending = next();
      pending.catch(() => {}); // thrown when it is awaited
      if (batch.length === size) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  } finally {
    await iterator.return?.();
  }
}

/** Milliseconds that an idle engine waits for another item: less than an image takes, more than a fast source needs. */
const PATIENCE = 4;

/** Whether the next item arrives before the engine has been idle for {@link PATIENCE}. */
async function isSoon(pending: Promise<unknown>, running: Promise<unknown> | undefined): Promise<boolean> {
  const arrives = pending.then(
    () => true,
    () => true,
  );
  const idle = Promise.resolve(running)
    .catch(() => {})
    .then(() => new Promise<false>((resolve) => setTimeout(resolve, PATIENCE, false)));
  return Promise.race([arrives, idle]);
}

function isSameSize(a: Item, b: Item): boolean {
  const [first, second] = [a, b].map((item) => (isSample(item) ? item.image : item));
  return first!.width === second!.width && first!.height === second!.height;
}
