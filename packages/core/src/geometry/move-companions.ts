import type { Companion, Sample } from '../sample.ts';
import type { PictureMap } from './picture-map.ts';
import { resampleBy } from './resample-by.ts';

/** Files whose values are lengths or directions in the picture: moved pixels would hold values that are no longer true. */
const IN_PICTURE_UNITS = /(^|[^a-z])(flow|disparity|normals?)($|[^a-z])/i;

/**
 * The companions of a sample whose picture is moved by a map: resampled by their nearest pixels when they are asked for, as
 * a value between two classes or two surfaces belongs to neither. What is no picture, or holds directions or lengths in
 * pixels, is left out with the reason.
 *
 * @returns what replaces the sample's companions: nothing if it has none.
 */
export function moveCompanions(
  { companions }: Pick<Sample<unknown>, 'companions'>,
  map: PictureMap,
): Pick<Sample<unknown>, 'companions'> {
  return companions ? { companions: companions.map((companion) => moved(companion, map)) } : {};
}

function moved({ stored: _, pixels, ...companion }: Companion, map: PictureMap): Companion {
  if (companion.problem !== undefined) return companion;
  if (!pixels)
    return { ...companion, problem: 'Its picture was moved, and it is no picture that can follow.' };
  if (IN_PICTURE_UNITS.test(companion.name)) {
    return {
      ...companion,
      problem:
        'Its picture was moved, and its values are directions or lengths in the picture it was made for.',
    };
  }
  return { ...companion, pixels: async () => resampleBy(await pixels(), map, { filter: 'nearest' }) };
}
