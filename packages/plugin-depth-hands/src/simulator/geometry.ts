/** A point or direction; lengths in mm. */
export type Vec3 = readonly [x: number, y: number, z: number];

/** Three orthonormal axes of a body part of a right hand: x radial, y toward the fingertips, z out of the palm. */
export interface Frame {
  readonly x: Vec3;
  readonly y: Vec3;
  readonly z: Vec3;
}

export const IDENTITY: Frame = { x: [1, 0, 0], y: [0, 1, 0], z: [0, 0, 1] };

export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function subtract(a: Vec3, b: Vec3): Vec3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function scaled(a: Vec3, factor: number): Vec3 {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

/** `origin + distance * direction`. */
export function along(origin: Vec3, direction: Vec3, distance: number): Vec3 {
  return [
    origin[0] + direction[0] * distance,
    origin[1] + direction[1] * distance,
    origin[2] + direction[2] * distance,
  ];
}

/** Linear interpolation from `a` (share 0) to `b` (share 1). */
export function between(a: Vec3, b: Vec3, share: number): Vec3 {
  return along(a, subtract(b, a), share);
}

export function length(a: Vec3): number {
  return Math.sqrt(dot(a, a));
}

export function unit(a: Vec3): Vec3 {
  return scaled(a, 1 / length(a));
}

/** A frame whose y is `tip` and whose z is as near to `palmar` as that allows. */
export function frameAlong(tip: Vec3, palmar: Vec3): Frame {
  const y = unit(tip);
  const z = unit(along(palmar, y, -dot(palmar, y)));
  return { x: cross(y, z), y, z };
}

/** The frame bent toward its own palm, about its x. */
export function flex(frame: Frame, degrees: number): Frame {
  const [y, z] = turn(frame.y, frame.z, degrees);
  return { x: frame.x, y, z };
}

/** The frame swung toward its own radial side, about its z. */
export function swing(frame: Frame, degrees: number): Frame {
  const [y, x] = turn(frame.y, frame.x, degrees);
  return { x, y, z: frame.z };
}

/** The frame twisted about its own y, so that its palm turns toward its radial side. */
export function twist(frame: Frame, degrees: number): Frame {
  const [z, x] = turn(frame.z, frame.x, degrees);
  return { x, y: frame.y, z };
}

/** Two orthogonal directions turned in their plane, the first toward the second. */
function turn(first: Vec3, second: Vec3, degrees: number): readonly [Vec3, Vec3] {
  const angle = (degrees * Math.PI) / 180;
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  return [along(scaled(first, c), second, s), along(scaled(second, c), first, -s)];
}
