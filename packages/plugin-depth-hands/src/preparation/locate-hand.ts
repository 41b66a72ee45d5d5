import type { CameraIntrinsics } from '../annotation.ts';
import { unproject } from '../camera.ts';
import type { Vec3 } from '../simulator/geometry.ts';
import type { DepthFrame } from './depth-frame.ts';
import { type Surface, surfacesOf } from './surfaces.ts';

/** Less of a surface than this, in mm² as if it faced the camera, is a fingertip or a shred of a sleeve. */
const LEAST_AREA = 1500;
/** A surface that fills more of the window that is looked at is a body. An open hand and its wrist fill half of it. */
const MOST_SHARE = 0.65;
/** How often the centre is moved to the middle of what lies about it. */
const ROUNDS = 6;
/** What of a surface is looked at first, in mm behind where it begins: a fingertip or a knuckle. */
const FIRST = 25;
/** How far behind the middle of what is seen of a hand the middle of its palm lies, mm: the simulator's hands' median. */
const PALM_BEHIND = 17;

/**
 * Where the palm is of a hand that nothing stands before: behind the middle of the surface within a window about it,
 * found from its nearest part on (as Oberweger and Lepetit do, DeepPrior++, 2017, before their refinement). Surfaces are looked at
 * from the nearest to the farthest, and the first that has the size of a hand is taken: what is smaller is noise,
 * what fills the whole window a body.
 *
 * @param cube Edge of the cube, mm.
 * @returns `[x, y, z]` in mm before the camera, y up; `undefined` if no surface has the size of a hand.
 */
export function locateHand(frame: DepthFrame, camera: CameraIntrinsics, cube: number): Vec3 | undefined {
  const surfaces = surfacesOf(frame, camera, LEAST_AREA).sort((a, b) => a.front - b.front);
  for (const surface of surfaces) {
    const middle = (belongs: (x: number, y: number, z: number) => boolean) =>
      middleOf(surface, frame, camera, belongs);
    let found = middle((_, __, z) => z <= surface.front + FIRST);
    // No hand is deeper than half the cube; the arm and the body behind it may hang together with it.
    const farthest = surface.front + cube / 2;
    const reach = cube / 3;
    for (let round = 0; found && round < ROUNDS; round++) {
      const [cx, cy] = found.centre;
      found = middle((x, y, z) => z <= farthest && Math.abs(x - cx) <= reach && Math.abs(y - cy) <= reach);
    }
    if (found && found.area >= LEAST_AREA && found.area <= MOST_SHARE * (2 * reach) ** 2) {
      const [x, y, z] = found.centre;
      return [x, y, z + PALM_BEHIND];
    }
  }
  return undefined;
}

/** The mean of the surface's points that belong, each weighed by the area of its pixel, and their area in mm². */
function middleOf(
  { pixels }: Surface,
  { width, depths }: DepthFrame,
  camera: CameraIntrinsics,
  belongs: (x: number, y: number, z: number) => boolean,
): { readonly centre: Vec3; readonly area: number } | undefined {
  let [sumX, sumY, sumZ, weight] = [0, 0, 0, 0];
  for (const pixel of pixels) {
    const depth = depths[pixel]!;
    const [x, y, z] = unproject([pixel % width, Math.floor(pixel / width), depth], camera);
    if (!belongs(x, y, z)) continue;
    const area = depth ** 2;
    sumX += area * x;
    sumY += area * y;
    sumZ += area * z;
    weight += area;
  }
  if (weight === 0) return undefined;
  return {
    centre: [sumX / weight, sumY / weight, sumZ / weight],
    area: weight / (camera.fx * camera.fy),
  };
}
