import type { Rng } from '@simgan/core';
import { around, between, chance } from './draw.ts';

/**
 * The shape of one person's lids, seen from the front of the face: heights over the line between the two
 * corners of the eye. Millimeters in the eye's frame.
 */
export interface LidShape {
  readonly inner: readonly [x: number, y: number];
  readonly outer: readonly [x: number, y: number];
  /** Highest point of the upper lid and deepest of the lower one when the gaze is level. */
  readonly upperHeight: number;
  readonly lowerHeight: number;
  /** Exponents of the two arches, `s^a (1 - s)^b` from the inner corner to the outer. */
  readonly upperArch: readonly [a: number, b: number];
  readonly lowerArch: readonly [a: number, b: number];
  /** The fold of the upper lid: how far above the margin, and how deep (0: a lid without a fold). */
  readonly creaseHeight: number;
  readonly creaseDepth: number;
  /** The furrow under the lower lid: how far below the margin, and how deep. */
  readonly furrowHeight: number;
  readonly furrowDepth: number;
  /** How far the two lids go down with the eye that looks down, as fractions of what the pupil does. */
  readonly follow: readonly [upper: number, lower: number];
  /** How far above the lower margin the lids meet, as a fraction of the opening. */
  readonly seam: number;
}

export function drawLidShape(rng: Rng): LidShape {
  const width = around(rng, 28.6, 1.1);
  const middle = between(rng, -2, -0.6);
  const tilt = around(rng, 1.3, 0.9);
  const drop = between(rng, 0.3, 1.3);
  return {
    inner: [middle - width / 2, drop + tilt / 2],
    outer: [middle + width / 2, drop - tilt / 2],
    upperHeight: drop + around(rng, 4.8, 0.75),
    lowerHeight: around(rng, 5.3, 0.5) - drop,
    upperArch: [between(rng, 0.68, 0.92), between(rng, 0.6, 0.8)],
    lowerArch: [between(rng, 0.95, 1.2), between(rng, 0.66, 0.9)],
    creaseHeight: between(rng, 1.6, 5),
    creaseDepth: chance(rng, 0.15) ? between(rng, 0, 0.25) : between(rng, 0.5, 1),
    furrowHeight: between(rng, 4.5, 8),
    furrowDepth: between(rng, 0.1, 0.75),
    seam: between(rng, 0, 0.2),
    follow: [between(rng, 1.15, 1.6), between(rng, -0.15, 0.15)],
  };
}

/** Lids at one moment. */
export interface Lids {
  readonly shape: LidShape;
  /** How far the upper and the lower lid have gone down with the gaze, mm. */
  readonly upperDrop: number;
  readonly lowerDrop: number;
  /** 1: not blinking. 0: closed. */
  readonly blink: number;
}

/**
 * Lids that follow the eye. Looking down, the upper lid goes further than the eye and cuts the iris, and the lower stays:
 * the opening collapses onto the seam. Looking up, the upper lid keeps up with the eye and the lower comes along a little.
 */
export function poseLids(shape: LidShape, gazePitch: number, blink: number): Lids {
  const down = -12 * Math.sin(gazePitch);
  if (down <= 0) return { shape, upperDrop: 0.8 * down, lowerDrop: 0.22 * down, blink };
  const lowerDrop = shape.follow[1] * down;
  const level = shape.upperHeight + shape.lowerHeight + lowerDrop;
  // The opening never shuts by looking down: a smooth maximum of what is left and of the narrowest slit.
  const left = level - shape.follow[0] * down;
  const root = Math.hypot(left - narrowest, 1.5);
  const atLevel = 0.5 * (level + narrowest + Math.hypot(level - narrowest, 1.5)) - level;
  const opening = 0.5 * (left + narrowest + root) - atLevel;
  return { shape, upperDrop: level - opening, lowerDrop, blink };
}

/** The opening that is left when an eye looks down as far as it can, mm. */
const narrowest = 1.8;

/** Both margins at `s`, 0 at the inner corner and 1 at the outer: heights in the eye's frame, mm. Upper is never below lower. */
export function marginsAt(lids: Lids, s: number): { x: number; upper: number; lower: number } {
  const { shape } = lids;
  const x = shape.inner[0] + s * (shape.outer[0] - shape.inner[0]);
  const line = shape.inner[1] + s * (shape.outer[1] - shape.inner[1]);
  if (s <= 0 || s >= 1) return { x, upper: line, lower: line };
  const open = line - (shape.upperHeight - lids.upperDrop) * arch(s, shape.upperArch);
  const lower = line + (shape.lowerHeight + lids.lowerDrop) * arch(s, shape.lowerArch);
  const upper = Math.min(open, lower);
  // The upper lid does most of the closing.
  const seam = lower - shape.seam * (lower - upper);
  return { x, upper: seam + lids.blink * (upper - seam), lower: seam + lids.blink * (lower - seam) };
}

/** The fold of the upper lid at `s`, which may lie a little outside the corners. It follows the lid by less than half. */
export function creaseAt(lids: Lids, s: number): number {
  const { shape } = lids;
  const line = shape.inner[1] + s * (shape.outer[1] - shape.inner[1]);
  const stretched = (s + 0.1) / 1.22;
  if (stretched <= 0 || stretched >= 1) return line;
  const closing = (1 - lids.blink) * (shape.upperHeight + shape.lowerHeight) * 0.3;
  const drop = 0.4 * lids.upperDrop + closing;
  return line - (shape.upperHeight + shape.creaseHeight - drop) * arch(stretched, [0.62, 0.62]);
}

/** `s^a (1 - s)^b`, scaled to a highest value of 1. */
function arch(s: number, [a, b]: readonly [a: number, b: number]): number {
  const top = a / (a + b);
  return (s / top) ** a * ((1 - s) / (1 - top)) ** b;
}

/** Steps of a {@link LidTable} across its range of `s`. */
const steps = 200;
const first = -0.5;
const last = 1.5;

/** Values of one row of a {@link LidTable}. */
const stride = 5;

/** The margins and folds along the eye, tabulated once per picture because every pixel looks them up. */
export interface LidTable {
  readonly values: Float64Array;
  readonly scale: number;
  readonly offset: number;
}

/** What {@link lookUp} finds: heights of the margins and the fold, and the cosines of the margins' slopes. */
export interface LidRow {
  upper: number;
  lower: number;
  upperCosine: number;
  lowerCosine: number;
  crease: number;
}

export function tabulate(lids: Lids): LidTable {
  const values = new Float64Array((steps + 1) * stride);
  const width = lids.shape.outer[0] - lids.shape.inner[0];
  const dx = ((last - first) / steps) * width;
  for (let i = 0; i <= steps; i++) {
    const s = first + ((last - first) * i) / steps;
    const { upper, lower } = marginsAt(lids, s);
    const row = i * stride;
    values[row] = upper;
    values[row + 1] = lower;
    values[row + 4] = creaseAt(lids, s);
  }
  for (let i = 0; i <= steps; i++) {
    const before = Math.max(0, i - 1) * stride;
    const after = Math.min(steps, i + 1) * stride;
    const span = ((after - before) / stride) * dx;
    for (const margin of [0, 1]) {
      const slope = (values[after + margin]! - values[before + margin]!) / span;
      values[i * stride + 2 + margin] = 1 / Math.sqrt(1 + slope * slope);
    }
  }
  return {
    values,
    scale: steps / ((last - first) * width),
    offset: (-lids.shape.inner[0] / width - first) * (steps / (last - first)),
  };
}

/** Writes margins and folds above and below `x` into `out`. */
export function lookUp({ values, scale, offset }: LidTable, x: number, out: LidRow): void {
  const position = Math.min(steps - 1e-9, Math.max(0, x * scale + offset));
  const index = position | 0;
  const t = position - index;
  const row = index * stride;
  out.upper = values[row]! + t * (values[row + 5]! - values[row]!);
  out.lower = values[row + 1]! + t * (values[row + 6]! - values[row + 1]!);
  out.upperCosine = values[row + 2]! + t * (values[row + 7]! - values[row + 2]!);
  out.lowerCosine = values[row + 3]! + t * (values[row + 8]! - values[row + 3]!);
  out.crease = values[row + 4]! + t * (values[row + 9]! - values[row + 4]!);
}
