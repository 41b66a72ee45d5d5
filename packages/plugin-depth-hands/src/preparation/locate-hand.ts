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
/** Larger frames are searched on a grid of so many pixels at most: where a palm is does not depend on more. */
const MOST_PIXELS = 2 ** 20;
/** By how many mm the middle of the palm lies behind the mean of the visible hand: the median of simulated hands. */
const PALM_BEHIND = 17;

/**
 * Finds the palm of a hand that nothing stands in front of: behind the mean of the surface within a window about it,
 * starting from its nearest part (as Oberweger and Lepetit do, DeepPrior++, 2017, before their refinement). Surfaces are
 * tried from the nearest to the farthest, and the first that has the size of a hand is taken: what is smaller is noise,
 * what fills the whole window is a body. Of frames of more than a megapixel (2^20) every second, third and so on row and
 * column is looked at, so that the time is bounded.
 *
 * @param cube - edge of the cube, mm.
 * @returns `[x, y, z]` in mm in the camera frame, y up; `undefined` if no surface has the size of a hand.
 */
export function locateHand(frame: DepthFrame, camera: CameraIntrinsics, cube: number): Vec3 | undefined {
  const every = Math.ceil(Math.sqrt(frame.depths.length / MOST_PIXELS));
  return every > 1 ? locateIn(...subsampled(frame, camera, every), cube) : locateIn(frame, camera, cube);
}

/** A frame of every n-th row and column, and a camera that sees it so. */
function subsampled(
  { width, height, depths }: DepthFrame,
  camera: CameraIntrinsics,
  every: number,
): [DepthFrame, CameraIntrinsics] {
  const first = Math.floor(every / 2);
  const size = {
    width: Math.ceil((width - first) / every),
    height: Math.ceil((height - first) / every),
  };
  const chosen = new Float32Array(size.width * size.height);
  for (let row = 0; row < size.height; row++) {
    const from = (first + row * every) * width + first;
    for (let column = 0; column < size.width; column++) {
      chosen[row * size.width + column] = depths[from + column * every]!;
    }
  }
  const { fx, fy, cx, cy } = camera;
  return [
    { ...size, depths: chosen },
    { ...size, fx: fx / every, fy: fy / every, cx: (cx - first) / every, cy: (cy - first) / every },
  ];
}

function locateIn(frame: DepthFrame, camera: CameraIntrinsics, cube: number): Vec3 | undefined {
  const surfaces = surfacesOf(frame, camera, LEAST_AREA).sort((a, b) => a.front - b.front);
  for (const surface of surfaces) {
    const middle = (window: Window) => middleOf(surface, frame, camera, window);
    let found = middle({ x: 0, y: 0, reach: Number.POSITIVE_INFINITY, farthest: surface.front + FIRST });
    // No hand is deeper than half the cube; the arm and the body behind it may be connected to it.
    const farthest = surface.front + cube / 2;
    const reach = cube / 3;
    for (let round = 0; found && round < ROUNDS; round++) {
      const [x, y] = found.center;
      found = middle({ x, y, reach, farthest });
    }
    if (found && found.area >= LEAST_AREA && found.area <= MOST_SHARE * (2 * reach) ** 2) {
      const [x, y, z] = found.center;
      return [x, y, z + PALM_BEHIND];
    }
  }
  return undefined;
}

/** What lies within `reach` of a point sideways and upward and is not farther than `farthest` from the camera; mm. */
interface Window {
  readonly x: number;
  readonly y: number;
  readonly reach: number;
  readonly farthest: number;
}

/** The mean of the surface's points within a window, each weighted by the area of its pixel, and their area in mm². */
function middleOf(
  { pixels }: Surface,
  { width, depths }: DepthFrame,
  camera: CameraIntrinsics,
  window: Window,
): { readonly center: Vec3; readonly area: number } | undefined {
  const { fx, fy, cx, cy } = camera;
  let sumX = 0;
  let sumY = 0;
  let sumZ = 0;
  let weight = 0;
  // As `unproject` has it, without an array for each pixel.
  for (const pixel of pixels) {
    const z = depths[pixel]!;
    if (z > window.farthest) continue;
    const column = pixel % width;
    const x = ((column - cx) * z) / fx;
    const y = ((cy - (pixel - column) / width) * z) / fy;
    if (!(Math.abs(x - window.x) <= window.reach && Math.abs(y - window.y) <= window.reach)) continue;
    const area = z * z;
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
