/** @file A plugin as a user would write one, of a domain so small that it trains in milliseconds. */
import {
  annotationSchema,
  createImage,
  definePlugin,
  type ImageForm,
  type LabelProbe,
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

const options = z.object({
  brightness: z.number().min(1).max(200).default(180).describe('How bright the blob is above its ground.'),
  anySize: z.boolean().default(false).describe('Whether images may be of any size.'),
});

const blob = z.object({ x: z.number(), y: z.number() });

/** Where the blob is, in pixels. */
export type BlobAnnotation = z.infer<typeof blob>;

const smallest = { width: 12, height: 10 } as const;

/** Numbers under which everything happens within a few steps. */
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
export default pluginFactory(options, ({ brightness, anySize }) => {
  const image: ImageForm = { ...(anySize ? {} : smallest), channels: 1, bits: 8 };
  const numbers: TrainingRecipe = { ...quick, ...(anySize && { crop: smallest }) };
  return definePlugin({
    name: 'blobs',
    image,
    annotation: annotationSchema(blob, { x: 'x', y: 'y' }),
    simulator: drawBlob(brightness, anySize, () => 0),
    standIn: drawBlob(brightness, anySize, (rng) => rng.normal() * 25 + 30),
    refiner: residualRefiner({ width: 4, blocks: 1 }),
    discriminator: patchDiscriminator([{ convolution: 3, stride: 2, filters: 6 }, { maxPool: 3 }]),
    regularizer: l1Regularizer(),
    recipes: {
      quick: numbers,
      matched: { ...numbers, match: 'histogram' },
      wide: { ...numbers, refiner: residualRefiner({ width: 6, blocks: 1 }) },
      noisy: { ...numbers, refiner: residualRefiner({ width: 4, blocks: 1, noiseChannels: 1 }) },
    },
    probe,
  });
});

function drawBlob(
  brightness: number,
  anySize: boolean,
  offset: (rng: Rng) => number,
): Simulator<BlobAnnotation> {
  return (rng) => {
    const more = anySize ? rng.fork('size').int(5) : 0;
    const form: SizedForm = {
      width: smallest.width + more,
      height: smallest.height + 2 * more,
      channels: 1,
      bits: 8,
    };
    const place = rng.fork('place');
    const x = 2 + place.next() * (form.width - 4);
    const y = 2 + place.next() * (form.height - 4);
    const texture = rng.fork('texture');
    const image = createImage(form);
    for (let i = 0; i < image.data.length; i++) {
      const distance = Math.hypot((i % form.width) - x, Math.floor(i / form.width) - y);
      const value = 40 + brightness * Math.exp(-(distance ** 2) / 4) + offset(texture);
      image.data[i] = Math.round(Math.min(255, Math.max(0, value)));
    }
    return { image, annotation: { x, y } };
  };
}

/** Finds the blob by its brightest pixel. */
const probe: LabelProbe<BlobAnnotation> = {
  quantities: { place: { unit: 'px', distance: (a, b) => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!) } },
  measure({ width, data }) {
    const brightest = data.indexOf(Math.max(...data));
    return { place: { values: [brightest % width, Math.floor(brightest / width)], confidence: 1 } };
  },
  expected: ({ x, y }) => ({ place: [x, y] }),
};
