/** A point or direction in 3-D, millimeters where it is a point. */
export type Vector = readonly [x: number, y: number, z: number];

/** A 3 x 3 matrix, row by row. */
export type Matrix = readonly [Vector, Vector, Vector];

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function add(a: Vector, b: Vector): Vector {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

export function scale(a: Vector, factor: number): Vector {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

export function normalize(a: Vector): Vector {
  return scale(a, 1 / Math.hypot(a[0], a[1], a[2]));
}

export function apply(matrix: Matrix, a: Vector): Vector {
  return [dot(matrix[0], a), dot(matrix[1], a), dot(matrix[2], a)];
}

export function transpose([a, b, c]: Matrix): Matrix {
  return [
    [a[0], b[0], c[0]],
    [a[1], b[1], c[1]],
    [a[2], b[2], c[2]],
  ];
}

export function multiply(a: Matrix, b: Matrix): Matrix {
  const columns = transpose(b);
  return [apply(columns, a[0]), apply(columns, a[1]), apply(columns, a[2])];
}

/** Pitch up and yaw to the picture's left, radians, of a direction in the frame of the annotation. */
export function anglesOf([x, y, z]: Vector): { pitch: number; yaw: number } {
  return { pitch: Math.asin(Math.max(-1, Math.min(1, -y))), yaw: Math.atan2(-x, -z) };
}

/** The unit vector of a pitch and a yaw, radians: the inverse of {@link anglesOf}. */
export function directionOf(pitch: number, yaw: number): Vector {
  return [-Math.sin(yaw) * Math.cos(pitch), -Math.sin(pitch), -Math.cos(yaw) * Math.cos(pitch)];
}

/** The rotation from head to camera: `Ry(yaw) Rx(-pitch) Rz(roll)`; it takes (0, 0, -1) to `directionOf(pitch, yaw)`. */
export function headRotation({ pitch, yaw, roll }: { pitch: number; yaw: number; roll: number }): Matrix {
  const [cp, sp] = [Math.cos(pitch), Math.sin(-pitch)];
  const [cy, sy] = [Math.cos(yaw), Math.sin(yaw)];
  const [cr, sr] = [Math.cos(roll), Math.sin(roll)];
  const aboutY: Matrix = [
    [cy, 0, sy],
    [0, 1, 0],
    [-sy, 0, cy],
  ];
  const aboutX: Matrix = [
    [1, 0, 0],
    [0, cp, -sp],
    [0, sp, cp],
  ];
  const aboutZ: Matrix = [
    [cr, -sr, 0],
    [sr, cr, 0],
    [0, 0, 1],
  ];
  return multiply(multiply(aboutY, aboutX), aboutZ);
}
