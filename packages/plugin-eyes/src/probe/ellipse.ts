/** An ellipse in a picture, pixels; `angle` is that of the major axis, from the x axis towards the y axis, radians. */
export interface Ellipse {
  readonly x: number;
  readonly y: number;
  /** The semi-major axis. */
  readonly major: number;
  /** The semi-minor axis. */
  readonly minor: number;
  readonly angle: number;
}

/** The ellipse through the projected points of an evenly sampled circle, by their moments. */
export function ellipseThrough(points: readonly (readonly [x: number, y: number])[]): Ellipse {
  const count = points.length;
  const x = points.reduce((sum, point) => sum + point[0], 0) / count;
  const y = points.reduce((sum, point) => sum + point[1], 0) / count;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (const [px, py] of points) {
    xx += (2 * (px - x) ** 2) / count;
    xy += (2 * (px - x) * (py - y)) / count;
    yy += (2 * (py - y) ** 2) / count;
  }
  const middle = (xx + yy) / 2;
  const half = Math.hypot((xx - yy) / 2, xy);
  return {
    x,
    y,
    major: Math.sqrt(middle + half),
    minor: Math.sqrt(Math.max(0, middle - half)),
    angle: Math.atan2(xy, (xx - yy) / 2) / 2,
  };
}

/** The distance of two outlines: the root mean square over points in the same directions from the centers, pixels. */
export function outlineDistance(a: Ellipse, b: Ellipse): number {
  const count = 32;
  let squares = 0;
  for (let k = 0; k < count; k++) {
    const direction = (2 * Math.PI * k) / count;
    const [ra, rb] = [radiusAlong(a, direction), radiusAlong(b, direction)];
    const dx = a.x - b.x + (ra - rb) * Math.cos(direction);
    const dy = a.y - b.y + (ra - rb) * Math.sin(direction);
    squares += dx * dx + dy * dy;
  }
  return Math.sqrt(squares / count);
}

/** The distance from the center to the outline in a direction, pixels. */
export function radiusAlong({ major, minor, angle }: Ellipse, direction: number): number {
  const turned = direction - angle;
  return (major * minor) / Math.hypot(minor * Math.cos(turned), major * Math.sin(turned));
}
