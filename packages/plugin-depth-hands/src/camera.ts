import type { CameraIntrinsics, HandCrop } from './camera-frame.ts';
import type { Vec3 } from './simulator/geometry.ts';

/** Kinect 1 of the NYU hand pose dataset, from the dataset's own conversion script. */
export const NYU_KINECT: CameraIntrinsics = {
  fx: 588.036865,
  fy: 587.075073,
  cx: 320,
  cy: 240,
  width: 640,
  height: 480,
};

/** `[x, y, z]`, mm in the camera frame, y up, to `[u, v, d]`: pixels of the whole frame and mm. */
export function project([x, y, z]: Vec3, camera: CameraIntrinsics): Vec3 {
  return [camera.cx + (camera.fx * x) / z, camera.cy - (camera.fy * y) / z, z];
}

/** `[u, v, d]`, pixels of the whole frame and mm, to `[x, y, z]`, mm in the camera frame, y up. */
export function unproject([u, v, d]: Vec3, camera: CameraIntrinsics): Vec3 {
  return [((u - camera.cx) * d) / camera.fx, ((camera.cy - v) * d) / camera.fy, d];
}

/** `[u, v, d]` from pixels of the whole frame to pixels of the crop. */
export function toCrop([u, v, d]: Vec3, crop: HandCrop): Vec3 {
  return [(u - crop.u) / crop.scaleU, (v - crop.v) / crop.scaleV, d];
}

/** `[u, v, d]` from pixels of the crop to pixels of the whole frame. */
export function toFrame([u, v, d]: Vec3, crop: HandCrop): Vec3 {
  return [crop.u + crop.scaleU * u, crop.v + crop.scaleV * v, d];
}

/**
 * The crop of a cube of `cube` mm about a point from a camera's frame, as Oberweger and Lepetit do (DeepPrior++,
 * 2017): the window is as wide and as high as the cube's section through its center, and fills
 * `size` x `size` pixels. The near face is rounded to whole mm, so that whole depths stay whole.
 *
 * @param center - `[x, y, z]`, mm in the camera frame, y up.
 */
export function cropAround(
  center: Vec3,
  camera: CameraIntrinsics,
  { size, cube }: { size: number; cube: number },
): HandCrop {
  const [u, v, d] = project(center, camera);
  const scaleU = (cube * camera.fx) / d / size;
  const scaleV = (cube * camera.fy) / d / size;
  return {
    u: u - (scaleU * (size - 1)) / 2,
    v: v - (scaleV * (size - 1)) / 2,
    scaleU,
    scaleV,
    near: Math.max(0, Math.round(d - cube / 2)),
    cube,
  };
}
