/** @file A plugin as a user would write one, of a domain so small that it trains in milliseconds. */
import {
  createImage,
  definePlugin,
  type ImageSpec,
  l1Regularizer,
  type Plugin,
  patchDiscriminator,
  type Rng,
  residualRefiner,
  type Simulator,
  type TrainingRecipe,
} from '@simgan/core';

/** Where the blob is, in pixels. */
export interface BlobAnnotation {
  readonly x: number;
  readonly y: number;
}

/** What `--plugin-option` sets. */
export interface BlobOptions {
  /** How bright the blob is above its ground, in [1, 200]. */
  readonly brightness?: number;
}

const image: ImageSpec = { width: 12, height: 10, channels: 1, bits: 8 };

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
export default function blobs(options: BlobOptions = {}): Plugin<BlobAnnotation> {
  const { brightness = 180, ...unknown } = options;
  if (!(brightness >= 1 && brightness <= 200)) {
    throw new RangeError(`brightness must be in [1, 200], not ${brightness}`);
  }
  for (const name of Object.keys(unknown)) throw new TypeError(`there is no option ${name}`);
  return definePlugin<BlobAnnotation>({
    name: 'blobs',
    image,
    annotation: {
      '~standard': {
        version: 1,
        vendor: 'blobs',
        validate(value) {
          const { x, y } = (value ?? {}) as Record<string, unknown>;
          return typeof x === 'number' && typeof y === 'number'
            ? { value: { x, y } }
            : { issues: [{ message: 'x and y must be numbers' }] };
        },
      },
    },
    simulator: drawBlob(brightness, () => 0),
    standIn: drawBlob(brightness, (rng) => rng.normal() * 25 + 30),
    refiner: residualRefiner({ width: 4, blocks: 1 }),
    discriminator: patchDiscriminator([{ convolution: 3, stride: 2, filters: 6 }, { maxPool: 3 }]),
    regularizer: l1Regularizer(),
    recipes: { quick, paper: { ...quick, refiner: residualRefiner({ width: 6, blocks: 1 }) } },
  });
}

function drawBlob(brightness: number, offset: (rng: Rng) => number): Simulator<BlobAnnotation> {
  return (rng) => {
    const place = rng.fork('place');
    const x = 2 + place.next() * (image.width - 4);
    const y = 2 + place.next() * (image.height - 4);
    const texture = rng.fork('texture');
    const pixels = createImage(image);
    for (let i = 0; i < pixels.length; i++) {
      const distance = Math.hypot((i % image.width) - x, Math.floor(i / image.width) - y);
      const value = 40 + brightness * Math.exp(-(distance ** 2) / 4) + offset(texture);
      pixels[i] = Math.round(Math.min(255, Math.max(0, value)));
    }
    return { image: pixels, annotation: { x, y } };
  };
}
