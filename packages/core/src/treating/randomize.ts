import { mapDataset } from '../dataset.ts';
import { carryLabels, type LabelGeometry } from '../geometry/labels.ts';
import { moveCompanions } from '../geometry/move-companions.ts';
import { resampleBy } from '../geometry/resample-by.ts';
import { formOf, type ImageForm } from '../image.ts';
import { createRng } from '../rng.ts';
import type { Sample } from '../sample.ts';
import { labelLimits } from './label-limits.ts';
import { randomizeLight } from './random-light.ts';
import { randomMap } from './random-map.ts';
import { completeRandomization, type RandomizationOptions } from './randomization.ts';
import type { Treatment } from './treatment.ts';

/**
 * Classic augmentation with the annotation carried along: affine maps, smooth displacements, blur, noise, JPEG, hidden
 * parts and light, each drawn for each picture within limits. What labels cannot follow is left out: pictures with a
 * single `x` or `y` are not sheared, bent or rotated, those with a single `pitch` or `yaw` hardly rotated, and those
 * with companions not moved at all. Pictures of 16 bits or floats hold measurements, of which only the place changes.
 *
 * @param domain - the form of the pictures and the geometry of their annotations, as a plugin has them.
 * @param options - in place of {@link classicRandomization}.
 * @throws SimganError INVALID_ARGUMENT naming every option that is unknown or out of range.
 * @example
 * const { image, annotation, randomization } = plugin;
 * const randomized = randomize({ image, annotation }, { seed: 1, ...randomization }).treat(samples);
 */
export function randomize(
  { image, annotation }: RandomizedDomain,
  { seed, ...options }: RandomizationOptions & { readonly seed: number },
): Treatment {
  const wanted = completeRandomization(options);
  const geometry = annotation.geometry as LabelGeometry<unknown>;
  const limits = labelLimits(geometry);
  const rng = createRng(seed).fork('randomize');
  const isLight = image.bits === 8;
  const treatOne = <Annotation>(sample: Sample<Annotation>): Sample<Annotation> => {
    const source = rng.fork(sample.id);
    const map = randomMap(sample.image, wanted, limits, source.fork('map'));
    const moved = map
      ? {
          ...sample,
          image: resampleBy(sample.image, map),
          annotation: carryLabels<unknown>(map, sample.annotation, geometry) as Annotation,
          ...moveCompanions(sample, map),
        }
      : sample;
    if (!isLight) return moved;
    const form = formOf(moved.image, image);
    return { ...moved, image: randomizeLight(moved.image, form, wanted, source.fork('light')) };
  };
  return {
    name: 'randomized',
    describe() {
      const moves = ['rotation', 'shear', 'scale', 'shift', 'elastic'] as const;
      const lights = ['gamma', 'contrast', 'offset', 'shading', 'blur', 'noise', 'jpeg', 'cutout'] as const;
      const effective = {
        ...wanted,
        ...(!limits.moves && { scale: 0, shift: 0 }),
        ...(!limits.bends && { shear: 0, elastic: 0 }),
        rotation: Math.min(wanted.rotation, limits.rotation),
      };
      const named = [...moves, ...(isLight ? lights : [])].filter((name) => effective[name] > 0);
      return named.length === 0
        ? 'nothing: the labels of these pictures can follow no change'
        : `each picture changed at random, up to ${named.map((name) => `${name} ${Number(effective[name].toPrecision(2))}`).join(', ')}`;
    },
    apply: treatOne,
    treat: (samples) => mapDataset(samples, treatOne),
  };
}

/** What {@link randomize} knows of a domain; a plugin is one. */
export interface RandomizedDomain {
  readonly image: ImageForm;
  // biome-ignore lint/suspicious/noExplicitAny: the geometry of any annotation
  readonly annotation: { readonly geometry: LabelGeometry<any> };
}
