import { displacementMap, LEAST_STRETCH, scaleGrid, stretchOf } from '../geometry/displacement.ts';
import { affineMap, composeMaps, type PictureMap } from '../geometry/picture-map.ts';
import { turnOf } from '../geometry/turn.ts';
import type { Size } from '../image.ts';
import type { Rng } from '../rng.ts';
import type { LabelLimits } from './label-limits.ts';
import type { RandomizationOptions } from './randomization.ts';

/** Control points of an elastic displacement along each axis; two of them lie beyond the picture. */
const CONTROL_POINTS = 6;

/** A random map within the options' and the labels' limits; `undefined` if they allow none. */
export function randomMap(
  size: Size,
  options: Required<RandomizationOptions>,
  limits: LabelLimits,
  rng: Rng,
): PictureMap | undefined {
  const { scale, shift, elastic } = options;
  const shear = limits.bends ? options.shear : 0;
  const rotation = Math.min(options.rotation, limits.rotation);
  if (
    !limits.moves ||
    [scale, shift, shear, rotation, limits.bends ? elastic : 0].every((one) => one === 0)
  ) {
    return undefined;
  }
  const side = Math.min(size.width, size.height);
  const uniform = (most: number) => most * (2 * rng.next() - 1);
  const log = Math.log(1 + scale);
  const drawn = {
    scale: [Math.exp(uniform(log)), Math.exp(uniform(log))] as const,
    shift: [uniform(shift * side), uniform(shift * side)] as const,
    shear: uniform(shear),
    rotation: uniform(rotation),
  };
  const affine = withinTurn(limits, (share) =>
    affineMap(size, { ...drawn, shear: share * drawn.shear, rotation: share * drawn.rotation }),
  );
  if (elastic === 0 || !limits.bends) return affine;
  const grid = {
    rows: CONTROL_POINTS,
    columns: CONTROL_POINTS,
    values: Float64Array.from({ length: 2 * CONTROL_POINTS ** 2 }, () => elastic * side * rng.normal()),
  };
  return withinTurn(limits, (share) => {
    let smooth = scaleGrid(grid, share);
    while (stretchOf(size, smooth) < 3 * LEAST_STRETCH) smooth = scaleGrid(smooth, 0.7);
    return composeMaps(affine, displacementMap(size, smooth));
  });
}

/** The map at the largest share of its strength at which it turns the picture's middle no further than labels follow. */
function withinTurn({ rotation }: LabelLimits, mapAt: (share: number) => PictureMap): PictureMap {
  for (let share = 1; share > 0.01; share *= 0.6) {
    const map = mapAt(share);
    if (Math.abs(turnOf(map).angle) <= rotation) return map;
  }
  return mapAt(0);
}
