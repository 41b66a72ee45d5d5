import {
  annotationSchema,
  createImage,
  definePlugin,
  l1Regularizer,
  patchDiscriminator,
  pluginFactory,
  residualRefiner,
  type Simulator,
  type SizedForm,
  type TrainingRecipe,
} from '@simgan/core';
import { z } from 'zod';

/** The middle of the cross, in pixels. The geometry says that it moves with the picture. */
const annotation = annotationSchema(z.object({ x: z.number(), y: z.number() }), { x: 'x', y: 'y' });

/** What `--plugin-option size=32` sets, and what `--plugin crosses --help` shows. */
const options = z.object({
  size: z.int().min(16).max(256).default(24).describe('Side of the pictures in pixels'),
});

/** A cross as a simulator draws it; a camera adds light and noise. */
function crosses(image: SizedForm, light: number, noise: number): Simulator<{ x: number; y: number }> {
  return (rng) => {
    const place = rng.fork('place');
    const [x, y] = [6 + place.int(image.width - 12), 6 + place.int(image.height - 12)];
    const brightness = 150 + place.int(80);
    const sensor = rng.fork('sensor');
    const drawn = createImage(image);
    for (const i of drawn.data.keys()) {
      const [dx, dy] = [Math.abs((i % image.width) - x), Math.abs(Math.floor(i / image.width) - y)];
      const isBright = Math.min(dx, dy) === 0 && Math.max(dx, dy) <= 4;
      const value = (isBright ? brightness : 60) + light + noise * sensor.normal();
      drawn.data[i] = Math.min(255, Math.max(0, Math.round(value)));
    }
    // Points count from the outer corner of the top left pixel, so a pixel's center is at + 0.5.
    return { image: drawn, annotation: { x: x + 0.5, y: y + 0.5 } };
  };
}

const quick: TrainingRecipe = {
  steps: 200,
  batchSize: 16,
  optimizer: { kind: 'adam', beta1: 0.5 },
  learningRate: 1e-3,
  lambda: { start: 2, target: 0.1 },
  refinerUpdates: 1,
  discriminatorUpdates: 1,
  historySize: 256,
  warmup: { refiner: 0, discriminator: 20 },
  averaging: 0.98,
};

export default pluginFactory(options, ({ size }) => {
  const image: SizedForm = { width: size, height: size, channels: 1, bits: 8 };
  return definePlugin({
    name: 'crosses',
    image,
    annotation,
    simulator: crosses(image, 0, 0),
    standIn: crosses(image, 25, 12),
    refiner: residualRefiner({
      width: 8,
      blocks: 1,
      output: 'residual',
      padding: 'reflect',
      noiseChannels: 1,
    }),
    discriminator: patchDiscriminator([{ convolution: 3, stride: 2, filters: 16 }, { maxPool: 3 }]),
    regularizer: l1Regularizer(),
    recipes: { quick },
  });
});
