import { type Ellipse, radiusAlong } from './ellipse.ts';
import { blurred, type Plane, riseAt, type Slopes, slopesOf, valueAt } from './plane.ts';
import { climb } from './simplex.ts';

/** The width at which an eye is measured, pixels: that of the paper. All lengths below are at this width. */
export const MEASURED_WIDTH = 55;

/** An iris that was found, and how plain it is. */
export interface FoundIris {
  /** Of the picture that it was found in, for those who measure on. */
  readonly slopes: Slopes;
  readonly ellipse: Ellipse;
  /** Mean rise of brightness over the outline, in deviations of the picture per pixel, with what speaks for an eye. */
  readonly score: number;
  /** The same over the left and the right quarter of the outline alone, the smaller of the two: whether both can be seen. */
  readonly sides: number;
  /** How much darker the iris is than what lies left and right of it, in deviations of the picture; the smaller of the two. */
  readonly darkness: number;
  /** How far the centre moves when other evidence is trusted more, pixels. */
  readonly unsteadiness: number;
}

/**
 * What speaks for an iris. An iris is dark within, its outline is an ellipse that left and right borders the
 * white and above and below hides behind lids, and the pupil in it is concentric. The numbers were found on
 * simulated eyes and are the same for real ones.
 */
const model = {
  /** The usual radius of an iris in a crop around an eye, and how much it varies. */
  radius: 7.9,
  radiusSpread: 0.8,
  /** Share of the outline's evidence that counts at the sides only, where no lid comes. */
  sides: 0.75,
  /** Most rise that one place of the outline may contribute, so that no lash or glint decides alone. */
  cap: 2.2,
  pupil: 0.7,
  dark: 0.05,
  roundness: 0.15,
  size: 0.13,
} as const;

/** Pupils of these shares of the iris are looked for. */
const PUPILS = [0.3, 0.42, 0.54] as const;

/** Evenly spread directions: cosine and sine. */
const directions = Array.from({ length: 24 }, (_, k) => {
  const angle = (2 * Math.PI * (k + 0.5)) / 24;
  return [Math.cos(angle), Math.sin(angle)] as const;
});

/**
 * Looks for the iris: everywhere with a few coarse shapes, then from the best places on with a free ellipse. The
 * integral over the outline follows Daugman, "High confidence visual recognition of persons", 1993.
 */
export function fitIris(plane: Plane): FoundIris {
  const soft = blurred(plane, 1.1);
  const softSlopes = slopesOf(soft);
  const sharp = blurred(plane, 0.5);
  const sharpSlopes = slopesOf(sharp);
  const coarse = (at: readonly number[]) => evidence(at, soft, softSlopes, model.pupil);
  const fine = (pupil: number) => (at: readonly number[]) => evidence(at, sharp, sharpSlopes, pupil);

  const climbed = candidates(soft, softSlopes)
    .map((start) => climb(coarse, start, [1, 1, 0.5, 0.1, 0.1], 15))
    .sort((a, b) => b.value - a.value)
    .slice(0, 2)
    .map(({ at }) => climb(fine(model.pupil), at, [0.5, 0.5, 0.3, 0.08, 0.08], 36))
    .sort((a, b) => b.value - a.value);
  const best = climbed[0]!;
  const other = climb(fine(0.25), best.at, [0.4, 0.4, 0.2, 0.05, 0.05], 20);
  return {
    ellipse: ellipseOf(best.at),
    slopes: sharpSlopes,
    score: best.value,
    sides: sideEvidence(ellipseOf(best.at), sharpSlopes),
    darkness: darkness(ellipseOf(best.at), soft),
    unsteadiness: Math.hypot(best.at[0]! - other.at[0]!, best.at[1]! - other.at[1]!),
  };
}

/** Distance between the places at which coarse irises are tried, and from the border to the first, pixels. */
const GRID = 1.5;
const MARGIN = 6.5;

/** Where coarse irises fit best, at most three places that are not neighbours. */
function candidates({ width, height }: Plane, slopes: Slopes): number[][] {
  const columns = Math.max(1, Math.ceil((width - 2 * MARGIN) / GRID));
  const rows = Math.max(1, Math.ceil((height - 2 * MARGIN) / GRID));
  const values = new Float32Array(columns * rows).fill(-1);
  const shapes = new Uint8Array(columns * rows);
  for (const [shape, outline] of coarseOutlines.entries()) {
    for (let cell = 0; cell < values.length; cell++) {
      const x = MARGIN + GRID * (cell % columns);
      const y = MARGIN + GRID * Math.floor(cell / columns);
      let value = 0;
      for (const { dx, dy, nx, ny, weight } of outline) {
        const column = Math.floor(x + dx);
        const row = Math.floor(y + dy);
        if (column < 0 || row < 0 || column >= width || row >= height) continue;
        const at = 2 * (row * width + column);
        const rise = slopes.values[at]! * nx + slopes.values[at + 1]! * ny;
        if (rise > 0) value += weight * Math.min(model.cap, rise);
      }
      if (value > values[cell]!) {
        values[cell] = value;
        shapes[cell] = shape;
      }
    }
  }
  return Array.from({ length: 3 }, () => {
    const best = values.reduce((top, value, cell) => (value > values[top]! ? cell : top), 0);
    const [column, row] = [best % columns, Math.floor(best / columns)];
    for (let cell = 0; cell < values.length; cell++) {
      const [dx, dy] = [(cell % columns) - column, Math.floor(cell / columns) - row];
      if (Math.hypot(dx, dy) * GRID <= 3) values[cell] = -1;
    }
    return [MARGIN + GRID * column, MARGIN + GRID * row, model.radius, stretches[shapes[best]!]!, 0];
  });
}

/** What the width (positive) or the height of coarse irises lacks. */
const stretches = [0, 0.25, -0.15] as const;

const coarseOutlines = stretches.map(coarseOutline);

/** A place of an outline against its centre, its normal, and how much its evidence counts. */
interface OutlinePoint {
  readonly dx: number;
  readonly dy: number;
  readonly nx: number;
  readonly ny: number;
  readonly weight: number;
}

function coarseOutline(stretch: number): readonly OutlinePoint[] {
  const short = 1 - Math.abs(stretch);
  const [across, down] = stretch >= 0 ? [short, 1] : [1, short];
  return directions.map(([cos, sin]) => {
    const normal = Math.hypot(cos / across, sin / down);
    const nx = cos / across / normal;
    return {
      dx: model.radius * across * cos,
      dy: model.radius * down * sin,
      nx,
      ny: sin / down / normal,
      weight: 1 - model.sides + model.sides * nx * nx,
    };
  });
}

/**
 * How well an iris fits.
 *
 * @param at centre x and y, radius, and the foreshortening as a vector: its length is what the shorter axis
 * lacks, its angle twice that of the shorter axis.
 */
function evidence(at: readonly number[], plane: Plane, slopes: Slopes, pupilWeight: number): number {
  const [x, y, radius, ex, ey] = at as readonly [number, number, number, number, number];
  const lack = Math.hypot(ex, ey);
  const short = Math.max(0.5, 1 - lack);
  const turn = Math.atan2(ey, ex) / 2;
  const c = Math.cos(turn);
  const s = Math.sin(turn);
  let outline = 0;
  let weights = 0;
  let p0 = 0;
  let p1 = 0;
  let p2 = 0;
  const atPupil = (dx: number, dy: number, nx: number, ny: number, share: number) =>
    Math.min(model.cap, Math.max(-0.3 * model.cap, riseAt(slopes, x + share * dx, y + share * dy, nx, ny)));
  for (const [cos, sin] of directions) {
    const dx = radius * (short * cos * c - sin * s);
    const dy = radius * (short * cos * s + sin * c);
    const ux = (cos / short) * c - sin * s;
    const uy = (cos / short) * s + sin * c;
    const length = Math.hypot(ux, uy);
    const nx = ux / length;
    const ny = uy / length;
    const weight = 1 - model.sides + model.sides * nx * nx;
    weights += weight;
    outline += weight * Math.max(0, Math.min(model.cap, riseAt(slopes, x + dx, y + dy, nx, ny)));
    p0 += atPupil(dx, dy, nx, ny, PUPILS[0]);
    p1 += atPupil(dx, dy, nx, ny, PUPILS[1]);
    p2 += atPupil(dx, dy, nx, ny, PUPILS[2]);
  }
  const pupil = Math.max(0, p0, p1, p2) / directions.length;
  const within =
    (valueAt(plane, x - 0.3 * radius, y + 0.2 * radius) +
      valueAt(plane, x + 0.3 * radius, y + 0.2 * radius) +
      valueAt(plane, x, y) +
      valueAt(plane, x, y + 0.4 * radius)) /
    4;
  const beside = 1.35 * radius * short;
  const contrast = (place: number) =>
    Math.max(-1, Math.min(1.5, valueAt(plane, place, y + 0.2 * radius) - within));
  return (
    outline / weights +
    pupilWeight * pupil +
    model.dark * (contrast(x - beside) + contrast(x + beside)) -
    model.size * ((radius - model.radius) / model.radiusSpread) ** 2 -
    model.roundness * (lack / 0.25) ** 2
  );
}

/** The mean rise over the left and over the right quarter of the outline; the smaller one. */
function sideEvidence(ellipse: Ellipse, slopes: Slopes): number {
  const sums: [left: number, right: number] = [0, 0];
  for (let k = -3; k <= 3; k++) {
    for (const side of [0, 1] as const) {
      const direction = Math.PI * (1 - side) + (k / 3) * (Math.PI / 4);
      const [nx, ny] = [Math.cos(direction), Math.sin(direction)];
      const radius = radiusAlong(ellipse, direction);
      const rise = riseAt(slopes, ellipse.x + radius * nx, ellipse.y + radius * ny, nx, ny);
      sums[side] += Math.max(0, Math.min(model.cap, rise)) / 7;
    }
  }
  return Math.min(...sums);
}

/** How much brighter it is beside the iris than within, left and right; the smaller one. */
function darkness(ellipse: Ellipse, plane: Plane): number {
  const contrasts = [Math.PI, 0].map((middle) => {
    let contrast = 0;
    for (const turn of [-0.5, 0, 0.5]) {
      const direction = middle + turn;
      const radius = radiusAlong(ellipse, direction);
      const along = (share: number) =>
        valueAt(
          plane,
          ellipse.x + share * radius * Math.cos(direction),
          ellipse.y + share * radius * Math.sin(direction),
        );
      contrast += (along(1.3) - along(0.65)) / 3;
    }
    return contrast;
  });
  return Math.min(...contrasts);
}

function ellipseOf(at: readonly number[]): Ellipse {
  const [x, y, radius, ex, ey] = at as readonly [number, number, number, number, number];
  const turn = Math.atan2(ey, ex) / 2;
  return {
    x,
    y,
    major: radius,
    minor: radius * Math.max(0.5, 1 - Math.hypot(ex, ey)),
    angle: Math.atan2(Math.sin(2 * turn + Math.PI), Math.cos(2 * turn + Math.PI)) / 2,
  };
}
