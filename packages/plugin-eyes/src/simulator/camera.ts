import { apply, type Matrix, transpose, type Vector } from './vector.ts';

/**
 * A pinhole camera in front of one eye. The eye's frame has its origin in the center of the eyeball, x towards
 * the temple, y downwards and z into the head, millimeters; the frame of a right eye is
 * thus mirrored, which is why its `rotation` includes a reflection and the rest of the simulator handles left eyes only.
 */
export interface Camera {
  /** From the eye's frame to the camera's. */
  readonly rotation: Matrix;
  /** From the camera to the center of the eyeball along the optical axis, mm. */
  readonly distance: number;
  /** Pixels. */
  readonly focalLength: number;
  /** Where the optical axis meets the picture, pixels; far off the middle if the picture is a crop. */
  readonly principalPoint: readonly [x: number, y: number];
}

/** The projection of a point of the eye's frame into the picture, pixels. */
export function project(camera: Camera, point: Vector): [x: number, y: number] {
  const [x, y, z] = apply(camera.rotation, point);
  const factor = camera.focalLength / (z + camera.distance);
  return [camera.principalPoint[0] + x * factor, camera.principalPoint[1] + y * factor];
}

/** The rays of a picture's pixels in the eye's frame: `direction(column, row)` is `base + column * right + row * down`, not normalized. */
export interface Rays {
  readonly origin: Vector;
  readonly base: Vector;
  readonly right: Vector;
  readonly down: Vector;
}

/** The rays through the pixel centers. */
export function raysOf(camera: Camera): Rays {
  const back = transpose(camera.rotation);
  const step = 1 / camera.focalLength;
  const [cx, cy] = camera.principalPoint;
  return {
    origin: apply(back, [0, 0, -camera.distance]),
    base: apply(back, [(0.5 - cx) * step, (0.5 - cy) * step, 1]),
    right: apply(back, [step, 0, 0]),
    down: apply(back, [0, step, 0]),
  };
}
