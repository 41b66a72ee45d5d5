import type * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '../dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { encodeImages, type SizedForm } from '../image.ts';
import type { Network } from '../networks/network.ts';
import type { RealImage } from '../sample.ts';

/** A picture and what a network made of it. */
export interface EstimatorOutput<Item> {
  readonly item: Item;
  /** Row-major, of the estimator's `outputShape`. */
  readonly output: Float32Array;
}

/** Runs a network on every picture of a dataset, in order. */
export async function* estimatorOutputs<Item extends RealImage>(options: {
  readonly network: Network;
  readonly pictures: Dataset<Item>;
  readonly image: SizedForm;
  readonly engine: Engine;
  readonly batchSize: number;
}): AsyncGenerator<EstimatorOutput<Item>, void, void> {
  const { network, pictures, image, engine, batchSize } = options;
  const program = engine.compile(({ images }) => ({ answers: network.apply(images as tf.Tensor4D) }));
  try {
    for (let start = 0; start < pictures.length; start += batchSize) {
      // A short last batch is padded, so that one compiled program serves all.
      const batch = await Promise.all(
        Array.from({ length: batchSize }, (_, i) => pictures.at(Math.min(pictures.length - 1, start + i))),
      );
      const { answers } = await program.run({
        images: encodeImages(
          batch.map((item) => item.image),
          image,
        ),
      });
      const length = answers.data.length / batchSize;
      for (const [i, item] of batch.slice(0, pictures.length - start).entries()) {
        yield { item, output: answers.data.slice(i * length, (i + 1) * length) };
      }
    }
  } finally {
    await program.dispose();
  }
}
