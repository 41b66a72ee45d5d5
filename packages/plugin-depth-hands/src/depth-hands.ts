import { definePlugin, type Plugin } from '@simgan/core';
import { type HandAnnotation, handAnnotation } from './annotation.ts';
import { handProbe } from './evaluation/hand-probe.ts';
import { handImage } from './hand-image.ts';
import { paperDiscriminator, paperRefiner } from './networks.ts';
import { handReaders } from './readers/index.ts';
import { paperRecipe, quickRecipe } from './recipes.ts';
import { holesMasked } from './regularizer.ts';
import type { HandSimulatorOptions } from './simulator/hand-scene.ts';
import { handSimulator } from './simulator/hand-simulator.ts';
import { standInDepthCamera } from './stand-in/stand-in-camera.ts';

/**
 * Hand pose from depth, as in section 3.2 of the paper: square 16-bit images in millimetres. The options are
 * the simulator's; `size` of 64 trains in minutes on a CPU, where the paper's 224 takes days.
 *
 * @throws SimganError INVALID_ARGUMENT naming the option that cannot be used.
 */
export function depthHands(options: HandSimulatorOptions = {}): Plugin<HandAnnotation> {
  const image = handImage(options.size, options.cube);
  return definePlugin({
    name: 'depth-hands',
    image,
    annotation: handAnnotation,
    simulator: handSimulator(options),
    standIn: standInDepthCamera(options),
    refiner: paperRefiner,
    discriminator: paperDiscriminator,
    regularizer: holesMasked(image),
    recipes: { paper: paperRecipe, quick: quickRecipe },
    readers: handReaders,
    realFormat: 'depth',
    probe: handProbe(image),
  });
}
