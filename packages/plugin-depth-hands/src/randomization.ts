import type { RandomizationOptions } from '@simgan/core/treating';

/**
 * How far a hand's picture may change: a crop that is a little off, and a wrist that is turned. Depth is a measurement,
 * so nothing changes but places, and scale hardly: a hand must have the size that its depth asks for.
 */
export const handRandomization: RandomizationOptions = {
  rotation: 0.4,
  shear: 0,
  scale: 0.03,
  shift: 0.03,
  elastic: 0,
};
