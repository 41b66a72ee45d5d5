import {
  createImage,
  definePlugin,
  type ImageSpec,
  l1Regularizer,
  patchDiscriminator,
  residualRefiner,
  type Simulator,
  type TrainingRecipe,
} from '@simgan/core';
import { z } from 'zod';

const image: ImageSpec = { width: 24, height: 24, channels: 1, bits: 8 };

/** The middle of the cross, in pixels. */
const annotation = z.object({ x: z.number(), y: z.number() });

/** A cross as a simulator draws it; a camera adds light and noise. */
function crosses(light: number, noise: number): Simulator<z.infer<typeof annotation>> {
  return (rng) => {
    const place = rng.fork('place');
    const [x, y] = [6 + place.int(12), 6 + place.int(12)];
    const brightness = 150 + place.int(80);
    const sensor = rng.fork('sensor');
    const pixels = createImage(image);
    for (const i of pixels.keys()) {
      const [dx, dy] = [Math.abs((i % image.width) - x), Math.abs(Math.floor(i / image.width) - y)];
      const bright = Math.min(dx, dy) === 0 && Math.max(dx, dy) <= 4;
      const value = (bright ? brightness : 60) + light + noise * sensor.normal();
      pixels[i] = Math.min(255, Math.max(0, Math.round(value)));
    }
    return { image: pixels, annotation: { x, y } };
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

export default () =>
  definePlugin({
    name: 'crosses',
    image,
    annotation,
    simulator: crosses(0, 0),
    standIn: crosses(25, 12),
    refiner: residualRefiner({
      width: 8,
      blocks: 1,
      output: 'residual',
      padding: 'reflect',
      noiseChannels: 1,
    }),
    discriminator: patchDiscriminator([{ convolution: 3, stride: 2, filters: 16 }, { maxPool: 3 }]),
    regularizer: l1Regularizer(),
    recipes: { paper: quick, quick },
  });
