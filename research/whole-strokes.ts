import { patchDiscriminator } from '@simgan/core';

/** A discriminator of patches of 31x31 pixels, which sees whole digits and more than the middle of an eye. */
export const wholeStrokes = patchDiscriminator([
  { convolution: 3, stride: 2, filters: 32 },
  { convolution: 3, stride: 2, filters: 48 },
  { convolution: 3, stride: 2, filters: 64 },
  { convolution: 3, filters: 64 },
]);
