import {
  l1Regularizer,
  meanOfChannels,
  patchDiscriminator,
  type Regularizer,
  regionMeans,
  residualRefiner,
  weightedSum,
} from '@simgan/core';

/**
 * A refiner for pictures of any kind and size: fully convolutional without normalization, so that large pictures can be
 * refined in tiles; a residual output that starts at zero, reflection padding (zero padding draws a frame), and a noise
 * channel as a source of texture. A receptive field of 11 pixels: it changes texture, light and blur, not shapes.
 */
export const pictureRefiner = residualRefiner({
  width: 32,
  blocks: 2,
  kernel: 3,
  padding: 'reflect',
  output: 'residual',
  noiseChannels: 1,
  noiseStd: 0.5,
});

/** Patches of 23 pixels, as in section 3.1 of the paper, with two thirds of its filters. */
export const pictureDiscriminator = patchDiscriminator([
  { convolution: 3, stride: 2, filters: 64 },
  { convolution: 3, stride: 2, filters: 64 },
  { maxPool: 3 },
  { convolution: 3, filters: 32 },
  { convolution: 1, filters: 32 },
]);

/** What refined pictures keep of synthetic ones: each value, or in color the brightness of each pixel and the colors of regions. */
export function pictureRegularizer(channels: 1 | 3): Regularizer {
  if (channels === 1) return l1Regularizer();
  return weightedSum([
    [1, l1Regularizer(meanOfChannels)],
    [0.5, l1Regularizer(regionMeans(5))],
  ]);
}
