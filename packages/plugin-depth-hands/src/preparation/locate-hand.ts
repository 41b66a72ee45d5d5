import { unproject } from '../camera.ts';
import type { CameraIntrinsics } from '../camera-frame.ts';
import type { Vec3 } from '../simulator/geometry.ts';
import type { DepthFrame } from './depth-frame.ts';
import { type Surface, surfacesOf } from './surfaces.ts';

/** A surface of less, in mm² as if it faced the camera, is a fingertip or a piece of a sleeve. */
const LEAST_AREA = 1500;
/** A surface that fills a larger share of the search window is a body. An open hand and its wrist fill half of it. */
const MOST_SHARE = 0.65;
/** How often the center is moved to the mean of what lies about it. */
const ROUNDS = 6;
/** The search begins with so many mm of a surface from its front on: a fingertip or a knuckle. */
const FIRST = 25;
/** By how many mm the middle of the palm lies behind the mean of the visible hand: the median of simulated hands. */
const PALM_BEHIND = 17;

/**
 * Finds the palm of a hand that nothing stands in front of: behind the mean of the surface within a window about it,
 * starting from its nearest part (as Oberweger and Lepetit do, DeepPrior++, 2017, before their refinement). Surfaces are
 * tried from the nearest to the farthest, and the first that has the size of a hand is taken: what is smaller is noise,
 * what fills the whole window is a body.
 *
 * @param cube - edge of the cube, mm.
 * @returns `[x, y, z]` in mm in the camera frame, y up; `undefined` if no surface has the size of a hand.
 */
export function locateHand(frame: DepthFrame, camera: CameraIntrinsics, cube: number): Vec3 | undefined {
  const surfaces = surfacesOf(frame, camera, LEAST_AREA).sort((a, b) => a.front - b.front);
  for (const surface of surfaces) {
    const middle = (belongs: (x: number, y: number, z: number) => boolean) =>
      middleOf(surface, frame, camera, belongs);
    let found = middle((_, __, z) => z <= surface.front + FIRST);
    // No hand is deeper than half the cube; the arm and the body behind it may be connected to it.
    const farthest = surface.front + cube / 2;
    const reach = cube / 3;
    for (let round = 0; found && round < ROUNDS; round++) {
      const [cx, cy] = found.center;
      found = middle((x, y, z) => z <= farthest && Math.abs(x - cx) <= reach && Math.abs(y - cy) <= reach);
    }
    if (found && found.area >= LEAST_AREA && found.area <= MOST_SHARE * (2 * reach) ** 2) {
      const [x, y, z] = found.center;
      return [x, y, z + PALM_BEHIND];
    }
  }
  return undefined;
}

/** The mean of the surface's points that belong, each weighted by the area of its pixel, and their area in mm². */
function middleOf(
  { pixels }: Surface,
  { width, depths }: DepthFrame,
  camera: CameraIntrinsics,
  belongs: (x: number, y: number, z: number) => boolean,
): { readonly center: Vec3; readonly area: number } | undefined {
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
    center: [sumX / weight, sumY / weight, sumZ / weight],
    area: weight / (camera.fx * camera.fy),
  };
}
