import { blurred, type Plane, type Slopes, slopesOf } from './plane.ts';

/** The typical radius of an iris in a crop around an eye, pixels at width 55. */
const RADIUS = 7.9;
/** The weight of the outline's left and right sides, which no lid covers, against all of it. */
const SIDES = 0.75;
/** The largest gradient that one point of an outline may contribute, so that no lash or glint decides alone. */
const CAP = 2.2;
/** The spacing of the grid of tried centers, and its distance from the border, pixels. */
const GRID = 1.5;
const MARGIN = 6.5;
/** The smallest distance between candidates, pixels. */
const APART = 3;

/**
 * The `count` centers where coarse outlines of irises fit best, the best first. The sum of brightness gradients along
 * the outline follows Daugman, "High confidence visual recognition of persons", 1993.
 */
export function candidates(plane: Plane, count: number): [x: number, y: number][] {
  const soft = blurred(plane, 1.1);
  const slopes = slopesOf(soft);
  const columns = Math.max(1, Math.ceil((plane.width - 2 * MARGIN) / GRID));
  const rows = Math.max(1, Math.ceil((plane.height - 2 * MARGIN) / GRID));
  const values = new Float32Array(columns * rows);
  for (let cell = 0; cell < values.length; cell++) {
    const x = MARGIN + GRID * (cell % columns);
    const y = MARGIN + GRID * Math.floor(cell / columns);
    for (const outline of outlines) values[cell] = Math.max(values[cell]!, evidence(outline, x, y, slopes));
  }
  return Array.from({ length: count }, () => {
    const best = values.reduce((top, value, cell) => (value > values[top]! ? cell : top), 0);
    const [column, row] = [best % columns, Math.floor(best / columns)];
    for (let cell = 0; cell < values.length; cell++) {
      const [dx, dy] = [(cell % columns) - column, Math.floor(cell / columns) - row];
      if (Math.hypot(dx, dy) * GRID <= APART) values[cell] = -1;
    }
    return [MARGIN + GRID * column, MARGIN + GRID * row] as [number, number];
  });
}

/** A point of an outline relative to its center, its normal, and its weight. */
interface OutlinePoint {
  readonly dx: number;
  readonly dy: number;
  readonly nx: number;
  readonly ny: number;
  readonly weight: number;
}

/** Circular, seen from the side, and seen from below or above: semi-axes in radii. */
const outlines = [outline(1, 1), outline(0.75, 1), outline(1, 0.85)];

function outline(across: number, down: number): readonly OutlinePoint[] {
  const points = 24;
  return Array.from({ length: points }, (_, k) => {
    const angle = (2 * Math.PI * (k + 0.5)) / points;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const normal = Math.hypot(cos / across, sin / down);
    const nx = cos / across / normal;
    return {
      dx: RADIUS * across * cos,
      dy: RADIUS * down * sin,
      nx,
      ny: sin / down / normal,
      weight: 1 - SIDES + SIDES * nx * nx,
    };
  });
}

function evidence(
  points: readonly OutlinePoint[],
  x: number,
  y: number,
  { values, width, height }: Slopes,
): number {
  let sum = 0;
  for (const { dx, dy, nx, ny, weight } of points) {
    const column = Math.floor(x + dx);
    const row = Math.floor(y + dy);
    if (column < 0 || row < 0 || column >= width || row >= height) continue;
    const at = 2 * (row * width + column);
    const rise = values[at]! * nx + values[at + 1]! * ny;
    if (rise > 0) sum += weight * Math.min(CAP, rise);
  }
  return sum;
}
