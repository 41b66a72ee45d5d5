import { patchDiscriminator, residualRefiner } from '@simgan/core';

/**
 * The refiner of the paper, section 3.1: 64 maps, four ResNet blocks of 3x3 convolutions. On one channel
 * 296,129 parameters, 19x19 pixels seen. The paper names no output activation; this has tanh.
 */
export const paperRefiner = residualRefiner({ width: 64, blocks: 4, kernel: 3 });

/**
 * The discriminator of the paper, section 3.1. On one channel 75,906 parameters, 23x23 pixels seen, a map of
 * 9x14 patches for a 35x55 image. (The text counts two max-pooling layers; its list has this one.)
 */
export const paperDiscriminator = patchDiscriminator([
  { convolution: 3, stride: 2, filters: 96 },
  { convolution: 3, stride: 2, filters: 64 },
  { maxPool: 3 },
  { convolution: 3, filters: 32 },
  { convolution: 1, filters: 32 },
]);

/**
 * A refiner for minutes on a CPU: half the maps and half the blocks, a difference that is added to the image
 * and starts at zero (no warm-up needed), mirrored borders (zero padding draws a frame), and a noise channel
 * to make texture from.
 */
export const quickRefiner = residualRefiner({
  width: 32,
  blocks: 2,
  kernel: 3,
  padding: 'reflect',
  output: 'residual',
  noiseChannels: 1,
  noiseDeviation: 0.5,
});
