import type { Rng } from '@simgan/core';
import type { CompleteHandAnnotation } from '../annotation.ts';

/** The least distance of anything behind the farthest joint, in mm. */
const CLEARANCE_MM = 45;

/**
 * The depths of what stands behind a hand: a wall beyond the cube and, with probability 0.4, the person's
 * body, whose front may reach into the cube. Joints stay in front of it, so annotations stay true.
 *
 * @returns `[size, size]`, mm from the camera.
 */
export function randomBackground(
  rng: Rng,
  { joints, crop }: CompleteHandAnnotation,
  size: number,
): Float32Array {
  const far = crop.near + crop.cube;
  const wall = far + 150 + 1400 * rng.next();
  const lean = [0.25 * rng.normal(), 0.25 * rng.normal()] as const;
  const hasBody = rng.next() < 0.4;
  const behindHand = Math.max(...joints.xyz.map(([, , z]) => z)) + CLEARANCE_MM;
  const front = Math.max(behindHand, far - 70 + 250 * rng.next());
  // Relative to the palm, in mm: the body's center, width and depth.
  const middle = 130 * rng.normal();
  const halfWidth = 150 + 50 * rng.next();
  const bulge = 110 + 30 * rng.next();
  const shoulder = 200 * rng.normal();

  const depths = new Float32Array(size * size);
  for (let row = 0; row < size; row++) {
    const y = ((row + 0.5) / size - 0.5) * crop.cube;
    for (let column = 0; column < size; column++) {
      const x = ((column + 0.5) / size - 0.5) * crop.cube;
      let depth = Math.max(far + 100, wall + lean[0] * x + lean[1] * y);
      const across = (x - middle) / halfWidth;
      if (hasBody && Math.abs(across) < 1 && y > shoulder - 150 + 120 * across * across) {
        depth = Math.min(depth, front + bulge * (1 - Math.sqrt(1 - across * across)));
      }
      depths[row * size + column] = depth;
    }
  }
  return depths;
}
