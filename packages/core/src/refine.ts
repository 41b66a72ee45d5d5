import type { Engine } from './engine/engine.ts';
import type { HostTensor } from './host-tensor.ts';
import { decodeImages, encodeImages, type ImageSpec } from './image.ts';
import type { Refiner } from './networks/network.ts';
import { createRng } from './rng.ts';
import type { Sample } from './sample.ts';
import { noiseBatch } from './training/batches.ts';
import { refineStep } from './training/steps.ts';

/** How to refine. */
export interface RefineOptions {
  readonly refiner: Refiner;
  readonly image: ImageSpec;
  readonly engine: Engine;
  /** Images per run of the network; changes speed and memory only. */
  readonly batchSize?: number;
  /** Seeds the noise of refiners that take noise; a sample's noise depends on this and its id alone. */
  readonly seed?: number;
}

/**
 * Streams samples through the refiner, in order. Ids and annotations pass through untouched; the refiner
 * never sees them.
 */
export async function* refine<Annotation>(
  samples: AsyncIterable<Sample<Annotation>>,
  { refiner, image, engine, batchSize = 32, seed = 0 }: RefineOptions,
): AsyncGenerator<Sample<Annotation>, void, void> {
  const program = engine.compile(refineStep(refiner), { itemwise: true });
  const rng = createRng(seed).fork('refine');
  const start = (batch: readonly Sample<Annotation>[]): Started<Annotation> => {
    const synthetic = encodeImages(
      batch.map((sample) => sample.image),
      image,
    );
    const noise =
      refiner.noiseChannels > 0 &&
      noiseBatch(
        batch.map((sample) => rng.fork(sample.id)),
        image,
        refiner.noiseChannels,
      );
    const result = program.run(noise ? { synthetic, noise } : { synthetic });
    result.catch(() => {}); // reported when it is awaited, which may be after the next batch was read
    return { batch, result };
  };
  try {
    let started: Started<Annotation> | undefined;
    for await (const batch of batchesOf(samples, batchSize)) {
      // The engine refines one batch while the samples of the next are drawn, and those of the last are written.
      const next = start(batch);
      if (started) yield* finish(started, image);
      started = next;
    }
    if (started) yield* finish(started, image);
  } finally {
    await program.dispose();
  }
}

/** A batch that the engine works on. */
interface Started<Annotation> {
  readonly batch: readonly Sample<Annotation>[];
  readonly result: Promise<Record<'refined', HostTensor>>;
}

async function* finish<Annotation>({ batch, result }: Started<Annotation>, image: ImageSpec) {
  const images = decodeImages((await result).refined, image);
  for (const [i, sample] of batch.entries()) yield { ...sample, image: images[i]! };
}

async function* batchesOf<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<Item[]> {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
