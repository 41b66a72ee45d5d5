import type { Rng, Simulator } from '@simgan/core';
import { parseOptions } from '@simgan/core/plugin';
import type { CompleteEyeAnnotation } from '../annotation.ts';
import { drawAppearance, type Style } from '../simulator/appearance.ts';
import { blur, drawBlur } from '../simulator/blur.ts';
import { develop, meter, quantize } from '../simulator/develop.ts';
import { around, between, chance } from '../simulator/draw.ts';
import { labelsOf } from '../simulator/labels.ts';
import { type EyeSimulatorOptions, eyeOptions, imageForm } from '../simulator/options.ts';
import { render } from '../simulator/render.ts';
import { drawScene, type EyeScene } from '../simulator/scene.ts';
import { compress } from './compression.ts';
import { equalize } from './equalize.ts';
import { halve, shade } from './optics.ts';
import { sense } from './sensor.ts';

/** Rooms with windows and screens, and natural skin. */
const roomStyle: Style = {
  skin: { melanin: [0.04, 0.8], detail: 1.7, shine: [0.04, 0.3] },
  eye: { brown: 3, white: [0.36, 0.58] },
  light: {
    key: [0.6, 2.4],
    lamps: [1, 2, 2, 3],
    spread: 1.4,
    around: [0.3, 0.55],
    ground: [0.25, 0.7],
    tint: 0.22,
    exposure: [0.2, 0.45],
    contrast: [0, 0],
    balance: [0, 0],
    veil: [0, 0],
  },
};

/**
 * A simulator that plays the real camera in demos and tests: the simulator's eyes in the light of rooms, through a
 * soft lens with vignetting, a noisy sensor and JPEG-like compression; grayscale images are histogram-equalized like
 * MPIIGaze's. No step moves anything in the picture, so the labels are exact. Images are those of `eyeSimulator`:
 * 8 bits, `[height, width, 1]` grayscale or `[height, width, 3]` RGB.
 *
 * @throws SimganError INVALID_ARGUMENT naming every option that is unknown or out of range.
 * @example
 * ```ts
 * import { createRng } from '@simgan/core';
 * import { eyeSimulator, standInCamera } from '@simgan/plugin-eyes';
 *
 * const rendered = await eyeSimulator()(createRng(1));
 * const photographed = await standInCamera()(createRng(1));
 * console.log(rendered.annotation.gaze.yaw === photographed.annotation.gaze.yaw);
 * ```
 */
export function standInCamera(options: EyeSimulatorOptions = {}): Simulator<CompleteEyeAnnotation> {
  const parsed = parseOptions(eyeOptions, options);
  const { color } = parsed;
  const form = imageForm(parsed);
  const { width, height, channels } = form;
  // Sensors with more pixels sit behind better lenses.
  const softness = Math.sqrt(width / 55);
  return (rng) => {
    const scene = drawScene(rng.fork('scene'), parsed);
    const appearance = drawAppearance(rng.fork('appearance'), scene, roomStyle);
    const fine = render(rng.fork('render'), enlarged(scene), appearance, 2 * width, 2 * height);
    const optics = rng.fork('optics');
    const lens = softness * between(optics, 0.4, 0.95);
    const seen = blur(halve(fine), Math.hypot(lens, drawBlur(rng.fork('blur'), parsed)));
    shade(seen, {
      vignette: between(optics, 0, 0.4),
      slope: around(optics, 0, 0.6),
      angle: between(optics, 0, 2 * Math.PI),
    });
    const exposure = meter(seen, appearance.lighting.exposure);
    sense(rng.fork('noise'), seen, exposure, drawSensor(rng.fork('sensor')));
    const values = develop(seen, 1, color);
    const compression = rng.fork('compression');
    const step = between(compression, 0.8, 4);
    compress(values, width, height, channels, step, [compression.int(8), compression.int(8)]);
    if (!color) equalize(values);
    return { image: quantize(values, form), annotation: labelsOf(scene) };
  };
}

/** The scene as a camera with twice the pixels sees it. */
function enlarged(scene: EyeScene): EyeScene {
  const { camera } = scene;
  const [x, y] = camera.principalPoint;
  return {
    ...scene,
    camera: { ...camera, focalLength: 2 * camera.focalLength, principalPoint: [2 * x, 2 * y] },
  };
}

function drawSensor(rng: Rng) {
  // Now and then a dark room, where the gain is high.
  const gain = chance(rng, 0.15) ? between(rng, 1.2, 2.4) : between(rng, 0.35, 1.2);
  return {
    readNoise: 0.005 * gain,
    shotNoise: 0.0006 * gain,
    gains: [around(rng, 1, 0.07), 1, around(rng, 1, 0.09)],
  } as const;
}
