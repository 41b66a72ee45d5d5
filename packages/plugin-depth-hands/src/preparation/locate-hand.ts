import type { CameraIntrinsics } from '../annotation.ts';
import { unproject } from '../camera.ts';
import type { Vec3 } from '../simulator/geometry.ts';
import type { DepthFrame } from './depth-frame.ts';

/** Less of a surface than this, in mm², is no hand but a speck of noise. */
const SPECK = 400;
/** The depths of a surface are gathered in steps of so many mm. */
const STEP = 5;
/** How often the centre is moved to the middle of what lies about it. */
const ROUNDS = 4;
/** What of the nearest surface is looked at first, in mm behind where it begins: a fingertip or a knuckle. */
const FIRST = 25;

/**
 * Where a hand is that nothing stands before: the middle of the surface within a cube about it, found from the
 * nearest surface on (as Oberweger and Lepetit do, DeepPrior++, 2017, before their refinement).
 *
 * @param cube Edge of the cube, mm.
 * @returns `[x, y, z]` in mm before the camera, y up; `undefined` if no surface is large enough.
 */
export function locateHand(frame: DepthFrame, camera: CameraIntrinsics, cube: number): Vec3 | undefined {
  const nearest = nearestSurface(frame, camera);
  if (nearest === undefined) return undefined;
  // No hand is deeper than half the cube; what lies behind may be as near as that, and larger.
  const farthest = nearest + cube / 2;
  let centre = middleOf(frame, camera, (_, __, z) => z <= nearest + FIRST);
  for (let round = 0; centre && round < ROUNDS; round++) {
    const [cx, cy] = centre;
    const reach = cube / 3;
    centre = middleOf(
      frame,
      camera,
      (x, y, z) => z <= farthest && Math.abs(x - cx) <= reach && Math.abs(y - cy) <= reach,
    );
  }
  return centre;
}

/** The depth in mm at which a surface begins, specks left out. */
function nearestSurface({ depths }: DepthFrame, { fx, fy }: CameraIntrinsics): number | undefined {
  const areas: number[] = [];
  for (const depth of depths) {
    if (!Number.isFinite(depth)) continue;
    const step = Math.floor(depth / STEP);
    areas[step] = (areas[step] ?? 0) + depth ** 2 / (fx * fy);
  }
  let area = 0;
  for (const [step, within] of areas.entries()) {
    area += within ?? 0;
    if (area > SPECK) return step * STEP;
  }
  return undefined;
}

/** The mean of the surface's points that belong, each weighed by the area of its pixel. */
function middleOf(
  { width, depths }: DepthFrame,
  camera: CameraIntrinsics,
  belongs: (x: number, y: number, z: number) => boolean,
): Vec3 | undefined {
  let [sumX, sumY, sumZ, weight] = [0, 0, 0, 0];
  for (const [pixel, depth] of depths.entries()) {
    if (!Number.isFinite(depth)) continue;
    const [x, y, z] = unproject([pixel % width, Math.floor(pixel / width), depth], camera);
    if (!belongs(x, y, z)) continue;
    const area = depth ** 2;
    sumX += area * x;
    sumY += area * y;
    sumZ += area * z;
    weight += area;
  }
  return weight > 0 ? [sumX / weight, sumY / weight, sumZ / weight] : undefined;
}
