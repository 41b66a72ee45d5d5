import { toFrame, unproject } from '../camera.ts';
import type { CameraIntrinsics, HandCrop } from '../camera-frame.ts';
import type { Vec3 } from './geometry.ts';
import type { HandSurface } from './surface.ts';

/** A joint deeper in the flesh than this, in mm, counts as occluded: 40 after the picture's rounding. */
export const DEEPEST_VISIBLE_MM = 39;

/**
 * Finds joints that are not visible: the first skin on a joint's ray is not the skin over the joint or lies too far
 * in front of it, or the joint lies outside the cube. The pixel on which a joint falls must not show something too far
 * in front of it either: at the edge of what occludes, that ray decides what a picture shows.
 */
export function occludedJoints(
  surface: HandSurface,
  xyz: readonly Vec3[],
  uvd: readonly Vec3[],
  { crop, camera, size }: { crop: HandCrop; camera: CameraIntrinsics; size: number },
): boolean[] {
  return xyz.map((joint, index) => {
    const [u, v, d] = uvd[index]!;
    const inside = [u, v].every((pixel) => pixel >= -0.5 && pixel < size - 0.5);
    if (!inside || d < crop.near || d > crop.near + crop.cube) return true;
    const [x, y, z] = joint;
    const first = surface.firstDepth(x / z, y / z, surface.nearest, z);
    const [px, py] = unproject(toFrame([Math.round(u), Math.round(v), 1], crop), camera);
    const shown = surface.firstDepth(px, py, surface.nearest, z);
    if (z - Math.min(first, shown) > DEEPEST_VISIBLE_MM || first < crop.near) return true;
    return skinOver(surface, joint) - first > 1;
  });
}

/** The depth at which the line from a joint to the camera leaves the flesh about the joint. */
function skinOver(surface: HandSurface, [x, y, z]: Vec3): number {
  const [dx, dy] = [x / z, y / z];
  let depth = z;
  for (let step = 0; step < 64; step++) {
    const distance = surface.distance(dx * depth, dy * depth, depth);
    if (distance > -0.1) break;
    // Inside, the field may overestimate the distance: half of it is safe.
    depth -= Math.max(0.1, -0.5 * distance);
  }
  return depth;
}
