/** @file A plugin as a user would write one, of a domain so small that it trains in milliseconds. */
import {
  annotationSchema,
  createImage,
  definePlugin,
  l1Regularizer,
  patchDiscriminator,
  pluginFactory,
  type Rng,
  residualRefiner,
  type Simulator,
  type SizedForm,
  type TrainingRecipe,
} from '@simgan/core';
import { z } from 'zod';

const image: SizedForm = { width: 12, height: 10, channels: 1, bits: 8 };

/** Where the blob is, in pixels. */
const annotation = annotationSchema(z.object({ x: z.number(), y: z.number() }), { x: 'x', y: 'y' });

type BlobAnnotation = { x: number; y: number };

const options = z.object({
  brightness: z.number().min(1).max(200).default(180).describe('How bright the blob is above its ground'),
});

const quick: TrainingRecipe = {
  steps: 4,
  batchSize: 4,
  optimizer: { kind: 'momentum', momentum: 0.9 },
  learningRate: 0.01,
  lambda: 0.5,
  refinerUpdates: 2,
  discriminatorUpdates: 1,
  historySize: 6,
  warmup: { refiner: 1, discriminator: 1 },
};

/** A bright blob on a dark ground; its camera makes noise. */
export default pluginFactory(options, ({ brightness }) =>
  definePlugin({
    name: 'blobs',
    image,
    annotation,
    simulator: drawBlob(brightness, () => 0),
    standIn: drawBlob(brightness, (rng) => rng.normal() * 25 + 30),
    refiner: residualRefiner({ width: 4, blocks: 1 }),
    discriminator: patchDiscriminator([{ convolution: 3, stride: 2, filters: 6 }, { maxPool: 3 }]),
    regularizer: l1Regularizer(),
    recipes: { quick, paper: { ...quick, refiner: residualRefiner({ width: 6, blocks: 1 }) } },
  }),
);

function drawBlob(brightness: number, offset: (rng: Rng) => number): Simulator<BlobAnnotation> {
  return (rng) => {
    const place = rng.fork('place');
    const x = 2 + place.next() * (image.width - 4);
    const y = 2 + place.next() * (image.height - 4);
    const texture = rng.fork('texture');
    const drawn = createImage(image);
    const pixels = drawn.data;
    for (let i = 0; i < pixels.length; i++) {
      const distance = Math.hypot((i % image.width) - x, Math.floor(i / image.width) - y);
      const value = 40 + brightness * Math.exp(-(distance ** 2) / 4) + offset(texture);
      pixels[i] = Math.round(Math.min(255, Math.max(0, value)));
    }
    return { image: drawn, annotation: { x, y } };
  };
}
