import { type Plane, valueAt } from './plane.ts';

/** The side of a view, pixels. */
export const VIEW_SIDE = 24;

/** Values beyond this many standard deviations from a view's mean are clamped. */
const REACH = 2.5;

/** A view whose standard deviation is below this, in those of the picture, is empty; stretching it would amplify noise. */
const LEAST_DEVIATION = 0.15;

/** How a view is sampled: `pitch` in pixels of the picture per pixel of the view, `turn` in radians. */
export interface ViewPose {
  readonly pitch: number;
  readonly turn: number;
  /** Whether left and right are exchanged. */
  readonly isMirrored: boolean;
}

/** Neither scaled, turned nor mirrored. */
export const upright: ViewPose = { pitch: 1, turn: 0, isMirrored: false };

/**
 * The surroundings of a place, `[VIEW_SIDE, VIEW_SIDE]`, normalized to mean 0 and a common contrast within [-1, 1]. The
 * border of the picture is replicated.
 */
export function viewAt(plane: Plane, x: number, y: number, pose: ViewPose = upright): Float32Array {
  const view = new Float32Array(VIEW_SIDE * VIEW_SIDE);
  const c = pose.pitch * Math.cos(pose.turn);
  const s = pose.pitch * Math.sin(pose.turn);
  const side = pose.isMirrored ? -1 : 1;
  let sum = 0;
  let squares = 0;
  for (let row = 0; row < VIEW_SIDE; row++) {
    const v = row - (VIEW_SIDE - 1) / 2;
    for (let column = 0; column < VIEW_SIDE; column++) {
      const u = side * (column - (VIEW_SIDE - 1) / 2);
      const value = valueAt(plane, x + u * c - v * s, y + u * s + v * c);
      view[row * VIEW_SIDE + column] = value;
      sum += value;
      squares += value * value;
    }
  }
  const mean = sum / view.length;
  const deviation = Math.sqrt(Math.max(0, squares / view.length - mean * mean));
  const scale = 1 / (REACH * Math.max(LEAST_DEVIATION, deviation));
  for (let i = 0; i < view.length; i++) view[i] = Math.max(-1, Math.min(1, (view[i]! - mean) * scale));
  return view;
}
