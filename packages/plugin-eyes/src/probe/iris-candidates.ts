import { blurred, type Plane, type Slopes, slopesOf } from './plane.ts';

/** A usual iris' radius in a crop around an eye, pixels at width 55. */
const RADIUS = 7.9;
/** Share of the outline's evidence that counts at the sides only, where no lid comes. */
const SIDES = 0.75;
/** Most rise that one place of an outline may contribute, so that no lash or glint decides alone. */
const CAP = 2.2;
/** Distance between the places at which irises are tried, and from the border to the first, pixels. */
const GRID = 1.5;
const MARGIN = 6.5;
/** Candidates are further apart than this, pixels. */
const APART = 3;

/**
 * Where coarse outlines of irises fit best, the best first, at most `count` places. The sum of rises of brightness
 * over the outline follows Daugman, "High confidence visual recognition of persons", 1993.
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

/** A place of an outline against its centre, its normal, and how much its evidence counts. */
interface OutlinePoint {
  readonly dx: number;
  readonly dy: number;
  readonly nx: number;
  readonly ny: number;
  readonly weight: number;
}

/** Round, seen from the side, and seen from below or above: half the width and the height in radii. */
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
