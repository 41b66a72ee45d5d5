import type { RandomizationOptions } from '@simgan/core/treating';

/**
 * How far an eye's picture may change: crops as detectors make them, which turn, stretch and shift a little, and the
 * light of other rooms. Gaze and head turn with the picture. Strong light is left out: in real pictures, what is dark is
 * part of what tells a closed eye from an open one.
 */
export const eyeRandomization: RandomizationOptions = {
  rotation: 0.12,
  shear: 0.04,
  scale: 0.08,
  shift: 0.05,
  elastic: 0.008,
  blur: 0.8,
  noise: 0.02,
  jpeg: 0.5,
  gamma: 0.12,
  contrast: 0.12,
  offset: 0.04,
  shading: 0.06,
};
