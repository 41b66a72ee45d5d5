import { patchDiscriminator, residualRefiner } from '@simgan/core';

/**
 * The refiner of the paper, section 3.1: 64 filters, four ResNet blocks of 3x3 convolutions. 296,129 parameters on one
 * channel, a receptive field of 19x19 pixels. The paper names no output activation; this uses tanh.
 */
export const paperRefiner = residualRefiner({ width: 64, blocks: 4, kernel: 3 });

/**
 * The discriminator of the paper, section 3.1. 75,906 parameters on one channel, a receptive field of 23x23 pixels, a
 * map of 9x14 patches for a 55x35 image. (The text counts two max-pooling layers; its list has this one.)
 */
export const paperDiscriminator = patchDiscriminator([
  { convolution: 3, stride: 2, filters: 96 },
  { convolution: 3, stride: 2, filters: 64 },
  { maxPool: 3 },
  { convolution: 3, filters: 32 },
  { convolution: 1, filters: 32 },
]);

/**
 * A refiner that trains in minutes on a CPU: half the filters and blocks, a residual output that starts at zero (no
 * warm-up needed), reflection padding (zero padding draws a frame), and a noise channel as a source of texture.
 */
export const quickRefiner = residualRefiner({
  width: 32,
  blocks: 2,
  kernel: 3,
  padding: 'reflect',
  output: 'residual',
  noiseChannels: 1,
  noiseStd: 0.5,
});
