import type { Simulator } from '@simgan/core';
import { parseOptions } from '@simgan/core/plugin';
import type { CompleteHandAnnotation } from '../annotation.ts';
import { KINECT } from '../sensor/structured-light.ts';
import { randomScene } from './hand-scene.ts';
import { observe } from './observe.ts';
import { type HandSimulatorOptions, handSimulatorOptions } from './options.ts';

/**
 * Simulates depth pictures of hands: a kinematic hand with 31 degrees of freedom (25 angles within anatomical
 * limits, orientation, position) and the shape of a random adult's, left or right, in front of a pinhole camera, cropped
 * to a metric cube. Pictures have the form `handImage(size, cube)`: 16-bit, whole millimeters behind the near
 * face of the cube. By default there is nothing behind the hand, and depth is exact; `behind` and `measurement` change
 * that, and no annotation.
 *
 * @throws SimganError INVALID_ARGUMENT naming every option that cannot be used.
 * @example
 * ```ts
 * import { simulate } from '@simgan/core';
 * import { handSimulator, loadDepths } from '@simgan/plugin-depth-hands';
 *
 * const hands = simulate(handSimulator({ size: 64, side: 'left', distance: [500, 700] }), { seed: 1, length: 100 });
 * const { image, annotation } = await hands.at(0);
 * const { depths } = loadDepths(image, annotation.crop); // 64 x 64, mm from the camera
 * const palm = annotation.joints.xyz[32]; // mm in the camera frame
 * ```
 */
export function handSimulator(options: HandSimulatorOptions = {}): Simulator<CompleteHandAnnotation> {
  const resolved = parseOptions(handSimulatorOptions, options);
  const { size, behind, measurement } = resolved;
  const sensor = measurement === 'kinect' ? KINECT : undefined;
  return (rng) => {
    const { surface, annotation } = randomScene(rng, resolved);
    return { image: observe(surface, annotation, { size, behind, sensor }, rng), annotation };
  };
}
