import {
  annotationSchema,
  createImage,
  definePlugin,
  imageRange,
  l1Regularizer,
  patchDiscriminator,
  type Rng,
  residualRefiner,
  type Simulator,
  type SizedForm,
  type TrainingRecipe,
} from '../src/index.ts';

/** Where the blob is, pixels. */
export interface BlobAnnotation {
  readonly x: number;
  readonly y: number;
}

const annotation = annotationSchema<BlobAnnotation>(
  {
    '~standard': {
      version: 1,
      vendor: 'simgan-test',
      validate(value) {
        const { x, y } = (value ?? {}) as Record<string, unknown>;
        return typeof x === 'number' && typeof y === 'number'
          ? { value: { x, y } }
          : { issues: [{ message: 'x and y must be numbers' }] };
      },
    },
  },
  { x: 'x', y: 'y' },
);

/** A tiny domain to train in milliseconds: a bright blob on a dark ground. */
export function blobs(image: SizedForm = { width: 12, height: 10, channels: 1, bits: 8 }) {
  return definePlugin({
    name: 'blobs',
    image,
    annotation,
    simulator: drawBlob(image, () => 0),
    standIn: drawBlob(image, (rng) => rng.normal() * 25 + 30),
    refiner: residualRefiner({ width: 4, blocks: 1 }),
    discriminator: patchDiscriminator([{ convolution: 3, stride: 2, filters: 6 }, { maxPool: 3 }]),
    regularizer: l1Regularizer(),
    recipes: { quick: tinyRecipe },
  });
}

/** Numbers under which everything happens within a few steps. */
export const tinyRecipe: TrainingRecipe = {
  steps: 4,
  batchSize: 4,
  optimizer: { kind: 'momentum', momentum: 0.9 },
  learningRate: 0.01,
  lambda: 0.5,
  refinerUpdates: 2,
  discriminatorUpdates: 1,
  historySize: 6,
  warmup: { refiner: 2, discriminator: 2 },
};

function drawBlob(image: SizedForm, offset: (rng: Rng) => number): Simulator<BlobAnnotation> {
  return (rng) => {
    const place = rng.fork('place');
    const x = 2 + place.next() * (image.width - 4);
    const y = 2 + place.next() * (image.height - 4);
    const texture = rng.fork('texture');
    const [low, high] = imageRange(image);
    const drawn = createImage(image);
    const pixels = drawn.data;
    for (let i = 0; i < pixels.length; i++) {
      const pixel = Math.floor(i / image.channels);
      const distance = Math.hypot((pixel % image.width) - x, Math.floor(pixel / image.width) - y);
      const value = (40 + 180 * Math.exp(-(distance ** 2) / 4) + offset(texture)) / 255;
      pixels[i] = Math.round(low + Math.min(1, Math.max(0, value)) * (high - low));
    }
    return { image: drawn, annotation: { x, y } };
  };
}
