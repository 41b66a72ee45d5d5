import type { CompleteHandAnnotation } from '../annotation.ts';
import type { HandSurface } from './surface.ts';
import { tilesOf } from './tiles.ts';

/** Pixels along a side of the squares that share a list of near cones. */
const TILE = 4;

/**
 * Renders the depth of the skin at every pixel of the crop.
 *
 * @returns `[size, size]`, mm from the camera; Infinity where there is no skin.
 */
export function depthMap(
  surface: HandSurface,
  { camera, crop }: CompleteHandAnnotation,
  size: number,
): Float32Array {
  const depths = new Float32Array(size * size).fill(Number.POSITIVE_INFINITY);
  const project = ([x, y, z]: readonly [number, number, number], radius: number) => ({
    u: (camera.cx + (camera.fx * x) / z - crop.u) / crop.scaleU,
    v: (camera.cy - (camera.fy * y) / z - crop.v) / crop.scaleV,
    ru: (silhouette(x, z, radius) * camera.fx) / crop.scaleU,
    rv: (silhouette(y, z, radius) * camera.fy) / crop.scaleV,
  });
  for (const { left, top, cones, near, far } of tilesOf(surface.cones, size, TILE, project)) {
    const right = Math.min(size, left + TILE);
    const bottom = Math.min(size, top + TILE);
    for (let row = top; row < bottom; row++) {
      const dy = (camera.cy - crop.v - crop.scaleV * row) / camera.fy;
      for (let column = left; column < right; column++) {
        const dx = (crop.u + crop.scaleU * column - camera.cx) / camera.fx;
        depths[row * size + column] = surface.firstDepth(dx, dy, near, far, cones);
      }
    }
  }
  return depths;
}

/** An upper bound of the tangent by which a ball at `[x, z]` extends to each side of its center in a picture. */
function silhouette(x: number, z: number, radius: number): number {
  const free = Math.max(1, z - radius);
  return (radius / free) * Math.hypot(1, x / free);
}
