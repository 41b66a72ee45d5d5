/** @file A plugin with a task that can be judged, small enough that its networks learn it in a second. */
import {
  annotationSchema,
  type Dataset,
  definePlugin,
  l1Regularizer,
  mapDataset,
  type Plugin,
  patchDiscriminator,
  residualRefiner,
  type Sample,
} from '@simgan/core';
import { affineMap, resampleBy } from '@simgan/core/geometry';
import { z } from 'zod';
import { type BarAnnotation, barImage, bars, barWay, photographed } from '../../core/test/bars.ts';

const schema = z.object({
  way: z.union([z.literal(0), z.literal(1)]),
  at: z.tuple([z.number(), z.number()]),
});

/** Clean bars, and a camera with shadows and noise. */
export function barsPlugin(parts: Partial<Plugin<BarAnnotation>> = {}): Plugin<BarAnnotation> {
  const numbers = { steps: 3, batchSize: 4, refinerUpdates: 1, discriminatorUpdates: 1, historySize: 4 };
  const plugin = definePlugin({
    name: 'bars',
    image: barImage,
    annotation: annotationSchema<BarAnnotation>(schema, { way: 'invariant', at: 'point' }),
    simulator: async (rng) => bars(rng.int(2 ** 31), 1).at(0),
    standIn: async (rng) => photographed(bars(rng.int(2 ** 31), 1), rng.int(2 ** 31)).at(0),
    refiner: residualRefiner({ width: 4, blocks: 1 }),
    discriminator: patchDiscriminator([{ convolution: 3, stride: 2, filters: 6 }, { maxPool: 3 }]),
    regularizer: l1Regularizer(),
    estimator: { ...barWay, recipe: { ...barWay.recipe, steps: 60 } },
    recipes: {
      quick: {
        ...numbers,
        optimizer: { kind: 'momentum', momentum: 0.9 },
        learningRate: 0.01,
        lambda: 0.5,
        warmup: { refiner: 1, discriminator: 1 },
      },
    },
  });
  return { ...plugin, ...parts } as Plugin<BarAnnotation>;
}

/** Light that varies, as in the camera's pictures, and places that do not. */
const light = {
  ...{ rotation: 0, shear: 0, scale: 0, shift: 0, elastic: 0, blur: 0, jpeg: 0, gamma: 0 },
  ...{ contrast: 0.3, offset: 0.15, shading: 0.3, noise: 0.03 },
};

/**
 * A plugin and two sets. Networks learn to tell which way bars lie, and randomized light is what helps them most.
 *
 * @param scale - of the content of the real pictures. Where it differs from that of the synthetic ones, these have a
 * plain ground, of which it can be measured.
 */
export function barsTask({ real = 100, scale = 1 }: { real?: number; scale?: number } = {}) {
  const estimator = { ...barWay, recipe: { ...barWay.recipe, steps: 160 } };
  const [synthetic, others] = [bars(1, 300), bars(2, real)];
  const sets =
    scale === 1
      ? { synthetic: lifted(synthetic), real: photographed(others, 3) }
      : { synthetic, real: scaled(others, scale) };
  return {
    plugin: barsPlugin({ estimator, randomization: light }) as Plugin,
    synthetic: sets.synthetic as Dataset<Sample<unknown>>,
    real: sets.real,
  };
}

/** Each picture has a ground of its own, so that the set has none. */
function lifted(set: Dataset<Sample<BarAnnotation>>): Dataset<Sample<BarAnnotation>> {
  return mapDataset(set, (sample, index) => ({
    ...sample,
    image: {
      ...sample.image,
      data: sample.image.data.map((value) => Math.min(255, value + ((37 * index) % 60))),
    },
  }));
}

function scaled(set: Dataset<Sample<BarAnnotation>>, scale: number): Dataset<Sample<BarAnnotation>> {
  return mapDataset(set, (sample) => ({
    ...sample,
    image: resampleBy(sample.image, affineMap(sample.image, { scale })),
  }));
}
