import { type ControlGrid, sourceBy } from '../geometry/index.ts';
import type { Size } from '../image.ts';

/** What a displacement field does to a picture; lengths in pixels. */
export interface FieldMeasures {
  /** The root mean square, and the largest displacement. */
  readonly rms: number;
  readonly largest: number;
  /** The absolute rotation of the nearest similarity, radians. */
  readonly turn: number;
  /** The root mean square of what remains without its shift, rotation and scale. */
  readonly bend: number;
}

/** Points measured along each side; a field of a few control points has nothing finer. */
const POINTS = 17;

/** Measures a field at points spread evenly over a picture, its edges included. */
export function measureField({ width, height }: Size, grid: ControlGrid): FieldMeasures {
  const source = sourceBy({ width, height }, grid);
  const moved: [x: number, y: number, dx: number, dy: number][] = [];
  for (let row = 0; row < POINTS; row++) {
    for (let column = 0; column < POINTS; column++) {
      const [x, y] = [(width * column) / (POINTS - 1), (height * row) / (POINTS - 1)];
      const [sx, sy] = source([x, y]);
      moved.push([x - width / 2, y - height / 2, sx - x, sy - y]);
    }
  }
  const mean = (of: (point: (typeof moved)[number]) => number) =>
    moved.reduce((sum, point) => sum + of(point), 0) / moved.length;
  const [shiftX, shiftY] = [mean(([, , dx]) => dx), mean(([, , , dy]) => dy)];
  const spread = mean(([x, y]) => x * x + y * y);
  const scale = mean(([x, y, dx, dy]) => x * dx + y * dy) / spread;
  const spin = mean(([x, y, dx, dy]) => x * dy - y * dx) / spread;
  const bent = mean(
    ([x, y, dx, dy]) => (dx - shiftX - scale * x + spin * y) ** 2 + (dy - shiftY - spin * x - scale * y) ** 2,
  );
  return {
    rms: Math.sqrt(mean(([, , dx, dy]) => dx * dx + dy * dy)),
    largest: Math.max(...moved.map(([, , dx, dy]) => Math.hypot(dx, dy))),
    turn: Math.abs(Math.atan2(spin, 1 + scale)),
    bend: Math.sqrt(bent),
  };
}
