import type { Simulator } from '@simgan/core';
import type { CompleteHandAnnotation } from '../annotation.ts';
import { storeDepths } from '../hand-image.ts';
import { depthMap } from './depth-map.ts';
import { type HandSimulatorOptions, randomScene, resolveHandOptions } from './hand-scene.ts';

/**
 * Simulates depth pictures of hands: a kinematic hand of 31 degrees of freedom (25 angles within anatomical
 * limits, orientation, position), of a random adult's shape, left or right, before a pinhole camera, cut out
 * in a metric cube. Pictures have the form `handImage(size, cube)`: 16-bit, whole millimetres behind the near
 * face of the cube, without noise.
 *
 * @throws SimganError INVALID_ARGUMENT naming the option that cannot be used.
 */
export function handSimulator(options: HandSimulatorOptions = {}): Simulator<CompleteHandAnnotation> {
  const resolved = resolveHandOptions(options);
  return (rng) => {
    const { surface, annotation } = randomScene(rng, resolved);
    const depths = depthMap(surface, annotation, resolved.size);
    return { image: storeDepths(depths, annotation.crop), annotation };
  };
}
