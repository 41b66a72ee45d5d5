import type { CameraIntrinsics } from '../camera-frame.ts';
import type { DepthFrame } from './depth-frame.ts';

/** Connected pixels, none of which is far behind its neighbor. */
export interface Surface {
  /** Indices into the frame's depths. */
  readonly pixels: Int32Array;
  /** mm², as if it faced the camera. */
  readonly area: number;
  /** The depth of its nearest part, mm from the camera, without specks and spikes. */
  readonly front: number;
}

/** Adjacent pixels whose depths differ by more, in mm, belong to different surfaces. */
const STEP = 30;
/** A smaller part, in mm², does not count as the front of a surface. */
const SPECK = 400;
/** The width of a bin of the histogram of depths, mm. */
const BIN = 5;

/** The surfaces of a frame of at least `least` mm², in no particular order. */
export function surfacesOf(frame: DepthFrame, camera: CameraIntrinsics, least: number): Surface[] {
  const { width, depths } = frame;
  const isSeen = new Uint8Array(depths.length);
  const open = new Int32Array(depths.length);
  const perArea = 1 / (camera.fx * camera.fy);
  const surfaces: Surface[] = [];
  for (let start = 0; start < depths.length; start++) {
    if (isSeen[start] === 1 || !Number.isFinite(depths[start]!)) continue;
    // Visited pixels stay in the list, which in the end is the surface.
    let count = 0;
    open[count++] = start;
    isSeen[start] = 1;
    let area = 0;
    for (let next = 0; next < count; next++) {
      const pixel = open[next]!;
      const column = pixel % width;
      const depth = depths[pixel]!;
      area += depth * depth * perArea;
      for (let side = 0; side < 4; side++) {
        if (side === 0 && column === 0) continue;
        if (side === 1 && column === width - 1) continue;
        const other = pixel + (side === 0 ? -1 : side === 1 ? 1 : side === 2 ? -width : width);
        // Differences to what lies beyond the frame and to holes are NaN, to background infinite.
        if (isSeen[other] === 1 || !(Math.abs(depths[other]! - depth) <= STEP)) continue;
        isSeen[other] = 1;
        open[count++] = other;
      }
    }
    if (area < least) continue;
    const pixels = open.slice(0, count);
    surfaces.push({ pixels, area, front: frontOf(pixels, depths, perArea) });
  }
  return surfaces;
}

function frontOf(pixels: Int32Array, depths: Float32Array, perArea: number): number {
  const binOf = (pixel: number) => Math.floor(depths[pixel]! / BIN);
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const pixel of pixels) {
    const bin = binOf(pixel);
    if (bin < first) first = bin;
    if (bin > last) last = bin;
  }
  // Adjacent pixels are in bins that are close, so there are at most a few bins for each pixel.
  const areas = new Float64Array(last - first + 1);
  for (const pixel of pixels) areas[binOf(pixel) - first]! += depths[pixel]! * depths[pixel]! * perArea;
  let within = 0;
  for (let bin = 0; bin < areas.length; bin++) {
    within += areas[bin]!;
    if (within > SPECK) return (first + bin) * BIN;
  }
  return Number.POSITIVE_INFINITY;
}
