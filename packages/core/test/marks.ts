/** @file A tiny domain of which refiners may move what it shows. */
import { z } from 'zod';
import {
  annotationSchema,
  createImage,
  definePlugin,
  l1Regularizer,
  patchDiscriminator,
  type Rng,
  residualRefiner,
  type SizedForm,
  type TrainingRecipe,
} from '../src/index.ts';
import { warpingRefiner } from '../src/networks/index.ts';

const size: SizedForm = { width: 16, height: 14, channels: 1, bits: 8 };

/** Pictures of one bright mark, about the middle; in the stand-in it lies further to the right and down. */
export function marks(recipe: Partial<TrainingRecipe> = {}) {
  return definePlugin({
    name: 'marks',
    image: size,
    annotation: annotationSchema(z.object({ at: z.tuple([z.number(), z.number()]), kind: z.string() }), {
      at: 'point',
      kind: 'invariant',
    }),
    simulator: drawMark([0, 0]),
    standIn: drawMark([2, 1.5]),
    refiner: warpingRefiner(residualRefiner({ width: 4, blocks: 1, output: 'residual', noiseChannels: 1 }), {
      encoder: [4, 6],
    }),
    discriminator: patchDiscriminator([
      { convolution: 3, stride: 2, filters: 8 },
      { convolution: 3, stride: 2, filters: 8 },
    ]),
    regularizer: l1Regularizer(),
    recipes: { quick: { ...movingRecipe, ...recipe } },
  });
}

/** Numbers under which things move within a second. */
export const movingRecipe: TrainingRecipe = {
  steps: 60,
  batchSize: 8,
  optimizer: { kind: 'adam', beta1: 0.5 },
  learningRate: 4e-3,
  lambda: { start: 5, target: 0.02 },
  displacement: { start: 0.05, target: 1, gain: 0.1, range: [1e-4, 10] },
  refinerUpdates: 1,
  discriminatorUpdates: 1,
  historySize: 32,
  warmup: { refiner: 1, discriminator: 10 },
};

function drawMark([right, down]: readonly [number, number]) {
  return (rng: Rng) => {
    const image = createImage(size);
    const at: [number, number] = [7 + right + rng.normal() * 0.7, 6.5 + down + rng.normal() * 0.7];
    for (let i = 0; i < image.data.length; i++) {
      const [x, y] = [(i % size.width) + 0.5 - at[0], Math.floor(i / size.width) + 0.5 - at[1]];
      image.data[i] = Math.round(30 + 200 * Math.exp(-(x * x + y * y) / 5));
    }
    return { image, annotation: { at, kind: 'mark' } };
  };
}
