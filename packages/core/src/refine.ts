import type { Engine } from './engine/engine.ts';
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
  try {
    for await (const batch of batchesOf(samples, batchSize)) {
      // A short last batch is filled up with its last sample, so that one compiled program serves all.
      const filled = Array.from({ length: batchSize }, (_, i) => batch[i] ?? batch.at(-1)!);
      const synthetic = encodeImages(
        filled.map((sample) => sample.image),
        image,
      );
      const noise =
        refiner.noiseChannels > 0 &&
        noiseBatch(
          filled.map((sample) => rng.fork(sample.id)),
          image,
          refiner.noiseChannels,
        );
      const { refined } = await program.run(noise ? { synthetic, noise } : { synthetic });
      const images = decodeImages(refined!, image);
      for (const [i, sample] of batch.entries()) yield { ...sample, image: images[i]! };
    }
  } finally {
    await program.dispose();
  }
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
