import { type Discriminator, type NetworkBuilder, patchDiscriminator, residualRefiner } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { networkValues } from './hand-image.ts';
import { sensorRefiner } from './sensor-refiner.ts';

/**
 * The refiner of the paper for hands, section 3.2: as for eyes with a 7x7 first convolution and ten ResNet
 * blocks. The wording leaves open whether the blocks are 7x7 as well; with 3x3 blocks, as here, it has 741,825
 * parameters and a receptive field of 47x47 pixels.
 */
export const paperRefiner = residualRefiner({ width: 64, blocks: 10, kernel: 3, stem: 7 });

/**
 * The discriminator of the paper for hands: 178,050 parameters, a receptive field of 71x71 pixels, a map of 7x7 patches
 * for a 224x224 image.
 */
export const paperDiscriminator = patchDiscriminator([
  { convolution: 7, stride: 4, filters: 96 },
  { convolution: 5, stride: 2, filters: 64 },
  { maxPool: 3, stride: 2 },
  { convolution: 3, stride: 2, filters: 32 },
  { convolution: 1, filters: 32 },
]);

/**
 * A refiner for lower resolution and minutes on a CPU, which changes depth as a sensor does and by 8 mm at most. Its
 * trunk has a receptive field of 19x19 pixels, because the shadow of an edge falls at some distance.
 */
export const quickRefiner = sensorRefiner({ width: 16, blocks: 3, stem: 7, reach: 8, noiseChannels: 1 });

/**
 * A discriminator for lower resolution: a receptive field of 25x25 pixels, a map of 16x16 patches for a 64x64 image,
 * all of which every patch of the paper's discriminator would see.
 */
export const quickDiscriminator = seeingKinds(
  patchDiscriminator([
    { convolution: 5, stride: 2, filters: 64 },
    { convolution: 3, stride: 2, filters: 64 },
    { maxPool: 3 },
    { convolution: 3, filters: 32 },
    { convolution: 1, filters: 32 },
  ]),
);

/**
 * Gives a discriminator three channels: the picture; -1 at depths and 1 elsewhere; 1 in holes and -1 elsewhere. In the
 * picture alone, a hole beside the background is a small difference, which the discriminator learned too late to
 * constrain the refiner.
 */
function seeingKinds(build: NetworkBuilder<Discriminator>): NetworkBuilder<Discriminator> {
  return (image, seed) => {
    const { background, hole } = networkValues(image);
    const network = build({ ...image, channels: 3 }, seed);
    return {
      ...network,
      apply(batch) {
        const gap = hole - background;
        // The background is as far from the farthest depth as from a hole.
        const beyond = (value: number) =>
          tf.sub(tf.mul(tf.clipByValue(tf.div(tf.sub(batch, value), gap), 0, 1), 2), 1) as tf.Tensor4D;
        return network.apply(
          tf.concat([batch, beyond(background - gap), beyond(background)], 3) as tf.Tensor4D,
        );
      },
    };
  };
}
