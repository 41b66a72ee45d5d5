import type { CompiledStep, Engine } from '../engine/engine.ts';
import { SimganError } from '../errors.ts';
import type { LabelGeometry } from '../geometry/index.ts';
import type { HostTensor } from '../host-tensor.ts';
import {
  cropImage,
  decodeImages,
  encodeImages,
  hasSize,
  type Image,
  type ImageForm,
  type PixelWindow,
  type Size,
} from '../image.ts';
import { type Matcher, matcherOf } from '../matching/matcher.ts';
import type { Refiner, Warping } from '../networks/network.ts';
import { createRng } from '../rng.ts';
import type { RealImage } from '../sample.ts';
import { checkLimits, type DisplacementLimits } from './displacement-limits.ts';
import { type NoiseKey, noiseKey, pixelNoise } from './pixel-noise.ts';
import { refineStep, refineWarpedStep } from './refine-step.ts';
import { refineTiles } from './refine-tiles.ts';
import { refineWarped, type WarpedParts, type WarpedRun } from './refine-warped.ts';
import { isLargerThan, planTiles, type TilePlan } from './tiles.ts';

/** Options for {@link createImageRefiner}. */
export interface ImageRefinerOptions {
  readonly network: Refiner;
  /** The form of the domain's images; without a size, images of any size are refined. */
  readonly image: ImageForm;
  readonly engine: Engine;
  /** Corrections of light that are applied to images first. Default: none. */
  readonly matcher?: Matcher;
  /**
   * Seeds the noise of refiners that take noise. The noise of a pixel depends on this, the sample's id and the pixel's
   * place alone. Default: 0.
   */
  readonly seed?: number;
  /** Images per run of the network; changes speed and memory, but no bit of the result. Default: 32. */
  readonly batchSize?: number;
  /**
   * Side of the tiles in which larger pictures are refined, in pixels, with a halo of the network's receptive field.
   * Changes speed and memory; on the engines `onnx` (CPU), `wasm` and `cpu` no bit of the result. Default: 256, or twice
   * the receptive field if that is more.
   */
  readonly tileSize?: number;
  /**
   * How labels follow their picture, the `geometry` of an `annotationSchema`: needed for samples with annotations if the
   * network moves things.
   */
  readonly geometry?: object;
  /** Changes to {@link DEFAULT_DISPLACEMENT_LIMITS} of networks that move things. */
  readonly displacementLimits?: DisplacementLimits;
}

/**
 * A refiner ready to use: network, corrections of light and engine. It is compiled once, at its first picture.
 *
 * All other fields of a sample pass through unchanged; the network never sees them. A network that moves things also
 * gives a displacement field, by which the annotation moves, and samples have the field's size in `displacement`: see
 * {@link DEFAULT_DISPLACEMENT_LIMITS} for how far. A picture's result depends on the
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
 * Creates a refiner that is ready to use. Pictures larger than a tile are refined in tiles, with the memory of a few
 * tiles beside the picture's own.
 *
 * @throws SimganError INVALID_ARGUMENT if `tileSize` leaves nothing between the halos of a tile, or a limit is no number.
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
  readonly #tiles: TilePlan;
  readonly #noise: ReturnType<typeof createRng>;
  readonly #geometry: LabelGeometry<unknown> | undefined;
  readonly #limits: DisplacementLimits | undefined;
  #program: CompiledStep<'refined'> | undefined;

  constructor(options: ImageRefinerOptions) {
    const { network, image, engine, matcher, seed = 0, batchSize = 32, tileSize } = options;
    checkLimits(options.displacementLimits ?? {});
    this.#geometry = options.geometry as LabelGeometry<unknown> | undefined;
    this.#limits = options.displacementLimits;
    this.network = network;
    this.matcher = matcher ?? matcherOf([], [], { image, seed });
    this.#image = image;
    this.#engine = engine;
    this.#batchSize = batchSize;
    this.#tiles = planTiles(network.receptiveField, tileSize);
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
    const sizeFor = (image: Image) => (this.#isLarge(image) ? 1 : this.#batchSize);
    const batches = batchesOf(items, sizeFor, () => last?.result);
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
    const samples = items.map((item) =>
      this.matcher.apply(isSample(item) ? item : { id: idOf(item), image: item }),
    );
    const result = this.network.warping
      ? this.#refineMoving(items, samples, this.network.warping)
      : this.#isLarge(samples[0]!.image)
        ? this.#refineLarge(samples[0]!)
        : this.#refineWhole(samples);
    result.catch(() => {}); // thrown when it is awaited, which may be after the next batch was read
    return { items, result };
  }

  #isLarge(image: Image): boolean {
    return isLargerThan(image, this.#tiles);
  }

  async #refineWhole(samples: readonly RealImage[]): Promise<WarpedParts[]> {
    const { images } = await this.#run(this.#wholes(samples), this.#batchSize);
    return samples.map((_, i) => ({ image: images[i]! }));
  }

  async #refineMoving(
    items: readonly Item[],
    samples: readonly RealImage[],
    { grid }: Warping,
  ): Promise<WarpedParts[]> {
    if (items.some((item) => imageOf(item).alpha)) {
      throw new SimganError(
        'INVALID_IMAGE',
        'A refiner that moves what is in a picture cannot take its opacity along. Refine pictures without opacity.',
      );
    }
    const run = (pictures: readonly RealImage[], shares: readonly number[]) =>
      this.#run(this.#wholes(pictures), this.#batchSize, shares);
    return refineWarped(items, samples, { grid, geometry: this.#geometry, limits: this.#limits, run });
  }

  #wholes(samples: readonly RealImage[]): PicturePart[] {
    return samples.map(({ id, image }) => ({ image, key: this.#keyOf(id), window: wholeOf(image) }));
  }

  async #refineLarge({ id, image }: RealImage): Promise<WarpedParts[]> {
    const key = this.#keyOf(id);
    // Two for each worker, so that none is idle while a result is copied.
    const tilesPerRun = 2 * (this.#engine.parallelItems ?? 1);
    const run = async (windows: readonly PixelWindow[]) => {
      const parts = windows.map((window) => ({ image, key, window }));
      return (await this.#run(parts, tilesPerRun)).images;
    };
    return [{ image: await refineTiles(image, { form: this.#image, plan: this.#tiles, tilesPerRun, run }) }];
  }

  #keyOf(id: string): NoiseKey {
    return noiseKey(this.#noise.fork(id));
  }

  /** Runs the network on windows of pictures, all of one size, at most `most` of them. */
  async #run(parts: readonly PicturePart[], most: number, shares?: readonly number[]): Promise<WarpedRun> {
    const { noiseChannels, warping } = this.network;
    // An engine whose results depend on the batch size is given one size only.
    const size = this.#engine.isBatchInvariant ? parts.length : most;
    const filled = Array.from({ length: size }, (_, i) => parts[Math.min(i, parts.length - 1)]!);
    const [{ image, window }] = filled as [PicturePart];
    // The form may have the size of whole pictures.
    const form = isWhole(window, image)
      ? this.#image
      : { ...this.#image, width: window.width, height: window.height };
    const synthetic = encodeImages(filled.map(pixelsOf), form);
    const noise = noiseChannels > 0 ? { noise: pixelNoise(filled, noiseChannels) } : {};
    const share = shares && {
      share: {
        data: Float32Array.from({ length: size }, (_, i) => shares[Math.min(i, shares.length - 1)]!),
        shape: [size, 1, 1, 1],
      },
    };
    this.#program ??= this.#engine.compile(warping ? refineWarpedStep(warping) : refineStep(this.network), {
      itemwise: true,
      placeInvariant: !hasSize(this.#image) || isLargerThan(this.#image, this.#tiles),
    });
    const inputs = { synthetic, ...noise, ...share };
    const outputs: { refined: HostTensor; field?: HostTensor } = await this.#program.run(inputs);
    const { refined, field } = outputs;
    return { images: decodeImages(refined, this.#image), fields: field ? rowsOf(field) : [] };
  }

  async *#finish({ items, result }: Running): AsyncGenerator<Item, void, void> {
    const refined = await result;
    for (const [i, item] of items.entries()) {
      const { alpha } = imageOf(item);
      const { image, ...rest } = refined[i]!;
      const whole = alpha ? { ...image, alpha } : image;
      yield isSample(item) ? { ...item, ...rest, image: whole } : whole;
    }
  }
}

type Item = RealImage | Image;

/** A batch that the engine works on. */
interface Running {
  readonly items: readonly Item[];
  readonly result: Promise<readonly WarpedParts[]>;
}

/** What the network is run on: a window of a picture, and the key of the picture's noise. */
interface PicturePart {
  readonly image: Image;
  readonly key: NoiseKey;
  readonly window: PixelWindow;
}

/** The values of each item of a batch. */
function rowsOf({ data, shape: [count = 1] }: HostTensor): Float32Array[] {
  const length = data.length / count;
  return Array.from({ length: count }, (_, i) => data.slice(i * length, (i + 1) * length));
}

function wholeOf({ width, height }: Image): PixelWindow {
  return { left: 0, top: 0, width, height };
}

function isWhole(window: Size, image: Image): boolean {
  return window.width === image.width && window.height === image.height;
}

function pixelsOf({ image, window }: PicturePart): Image {
  return isWhole(window, image) ? image : cropImage(image, window);
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
 * Batches of images of one size, as many as `sizeFor` says of such an image, in order. A batch is yielded early if the next item is not ready yet
 * and the engine is idle.
 */
async function* batchesOf(
  items: AsyncIterable<Item> | Iterable<Item>,
  sizeFor: (image: Image) => number,
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
      if (batch.length >= sizeFor(imageOf(value))) {
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

function imageOf(item: Item): Image {
  return isSample(item) ? item.image : item;
}

function isSameSize(a: Item, b: Item): boolean {
  const [first, second] = [imageOf(a), imageOf(b)];
  return first.width === second.width && first.height === second.height;
}
