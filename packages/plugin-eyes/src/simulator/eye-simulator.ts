import type { Simulator } from '@simgan/core';
import type { CompleteEyeAnnotation } from '../annotation.ts';
import { drawAppearance, renderedStyle } from './appearance.ts';
import { develop, meter, quantize } from './develop.ts';
import { labelsOf } from './labels.ts';
import { completeOptions, type EyeSimulatorOptions } from './options.ts';
import { render } from './render.ts';
import { drawScene } from './scene.ts';

/**
 * A clean rendering of an eye and its exact labels: `height * width` grey bytes, or `height * width * 3` RGB.
 *
 * The eye is a small 3-D model (ball, cornea, iris, lids, face, hair) before a pinhole camera. Approximate
 * are: the cornea's refraction (the iris stands where it appears on the axis), light within the skin (by
 * softened shading), and shadows (lids shade the eye, hollows darken; the nose casts none).
 *
 * @throws SimganError INVALID_ARGUMENT naming every option that is out of bounds.
 */
export function eyeSimulator(options: EyeSimulatorOptions = {}): Simulator<CompleteEyeAnnotation> {
  const complete = completeOptions(options);
  return (rng) => {
    const scene = drawScene(rng.fork('scene'), complete);
    const appearance = drawAppearance(rng.fork('appearance'), scene, renderedStyle);
    const radiance = render(rng.fork('render'), scene, appearance, complete.width, complete.height);
    const exposure = meter(radiance, appearance.lighting.exposure);
    return { image: quantize(develop(radiance, exposure, complete.color)), annotation: labelsOf(scene) };
  };
}
