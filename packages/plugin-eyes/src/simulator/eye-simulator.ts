import type { Simulator } from '@simgan/core';
import { parseOptions } from '@simgan/core/plugin';
import type { CompleteEyeAnnotation } from '../annotation.ts';
import { drawAppearance, renderedStyle } from './appearance.ts';
import { blur, drawBlur } from './blur.ts';
import { develop, meter, quantize, tone } from './develop.ts';
import { labelsOf } from './labels.ts';
import { type EyeSimulatorOptions, eyeOptions, imageForm } from './options.ts';
import { render } from './render.ts';
import { drawScene } from './scene.ts';

/**
 * A simulator that renders an eye and its exact labels: 8-bit images, `[height, width, 1]` grayscale or
 * `[height, width, 3]` RGB.
 *
 * The eye is a small 3-D model (ball, cornea, iris, lids, face, hair) in front of a pinhole camera. Approximations:
 * the cornea's refraction (the iris is placed where it appears on the axis), subsurface scattering (softened
 * shading), and shadows (lids shade the eye and hollows darken; the nose casts no shadow).
 *
 * @throws SimganError INVALID_ARGUMENT naming every option that is unknown or out of range.
 * @example
 * ```ts
 * import { createRng } from '@simgan/core';
 * import { eyeSimulator } from '@simgan/plugin-eyes';
 *
 * const simulator = eyeSimulator({ width: 120, height: 80, closedRate: 0 });
 * const { image, annotation } = await simulator(createRng(1));
 * console.log(image.data.length, annotation.pupilCenter);
 * ```
 */
export function eyeSimulator(options: EyeSimulatorOptions = {}): Simulator<CompleteEyeAnnotation> {
  const parsed = parseOptions(eyeOptions, options);
  const form = imageForm(parsed);
  return (rng) => {
    const scene = drawScene(rng.fork('scene'), parsed);
    const appearance = drawAppearance(rng.fork('appearance'), scene, renderedStyle);
    const sharp = render(rng.fork('render'), scene, appearance, form.width, form.height);
    const radiance = blur(sharp, drawBlur(rng.fork('blur'), parsed));
    const { exposure: level, contrast, balance, veil } = appearance.lighting;
    tone(radiance, { exposure: meter(radiance, level), level, contrast, balance, veil });
    const image = quantize(develop(radiance, 1, parsed.color), form);
    return { image, annotation: labelsOf(scene) };
  };
}
