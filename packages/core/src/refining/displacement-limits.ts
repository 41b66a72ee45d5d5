/** @file How far a refiner may move things before labels that follow stop being true. */
import { SimganError } from '../errors.ts';
import type { ControlGrid, LabelKind } from '../geometry/index.ts';
import {
  elementGeometry,
  fieldGeometry,
  LEAST_STRETCH,
  SINGLE_ANGLE_LIMIT,
  stretchOf,
} from '../geometry/index.ts';
import type { Size } from '../image.ts';
import { measureField } from './measure-field.ts';

/** The most that a field may do to a picture with labels of one kind. */
export interface DisplacementLimit {
  /** The largest displacement, as a share of the picture's shorter side. */
  readonly shift: number;
  /** The rotation, radians. */
  readonly turn: number;
  /**
   * What bends: the root mean square of the displacement without its shift, rotation and scale, as a share of the
   * picture's shorter side.
   */
  readonly bend: number;
}

/** The kinds of labels that have a limit; `function` stands for those that a plugin moves by a function of its own. */
export type LimitedKind = LabelKind | 'function';

/** Limits by kind of label. */
export type DisplacementLimits = Readonly<Partial<Record<LimitedKind, Partial<DisplacementLimit>>>>;

const exact: DisplacementLimit = { shift: 0.25, turn: 0.5, bend: 0.1 };
const none: DisplacementLimit = { shift: 0, turn: 0, bend: 0 };
/** A direction turns with the picture; where a picture bends, what it shows points somewhere else. */
const directed: DisplacementLimit = { shift: 0.25, turn: 0.35, bend: 0.015 };

/**
 * The defaults. Points, outlines and boxes follow a field exactly, so their limits only keep pictures recognizable. What
 * never changes, such as a class, holds while pictures bend little. Single coordinates have no answer in a field, and
 * companion pictures are not moved by it, so that pictures with either are not moved at all.
 */
export const DEFAULT_DISPLACEMENT_LIMITS: Readonly<Record<LimitedKind, DisplacementLimit>> = {
  point: exact,
  points: exact,
  polygon: exact,
  uvd: exact,
  orientation: exact,
  side: exact,
  box: { ...exact, turn: 0.25 },
  corners: { ...exact, turn: 0.25 },
  invariant: { shift: 0.25, turn: 0.35, bend: 0.06 },
  direction: directed,
  roll: directed,
  function: directed,
  pitch: { ...directed, turn: SINGLE_ANGLE_LIMIT },
  yaw: { ...directed, turn: SINGLE_ANGLE_LIMIT },
  x: none,
  y: none,
  width: none,
  height: none,
  camera: none,
  companion: none,
};

/** The kinds of the labels that an annotation has. */
export function kindsIn(annotation: unknown, geometry: unknown): Set<LimitedKind> {
  const kinds = new Set<LimitedKind>();
  const walk = (value: unknown, own: unknown): void => {
    if (value === undefined || value === null || own === undefined) return;
    if (typeof own === 'string') kinds.add(own as LabelKind);
    else if (typeof own === 'function') kinds.add('function');
    else if (Array.isArray(value)) for (const element of value) walk(element, elementGeometry(own as object));
    else if (typeof value === 'object') {
      for (const [field, member] of Object.entries(value)) walk(member, fieldGeometry(own as object, field));
    }
  };
  walk(annotation, geometry);
  return kinds;
}

/**
 * What a field must be multiplied by, 0 to 1, for all labels of these kinds to stay true and the picture not to fold.
 *
 * Every measure grows in proportion to the field (a rotation nearly so), so that the answer is a quotient.
 */
export function allowedShare(
  size: Size,
  grid: ControlGrid,
  kinds: Iterable<LimitedKind>,
  limits: DisplacementLimits = {},
): number {
  const { largest, turn, bend } = measureField(size, grid);
  const side = Math.min(size.width, size.height);
  const shares = [share(1 - 2 * LEAST_STRETCH, 1 - stretchOf(size, grid))];
  for (const kind of kinds) {
    const limit = { ...DEFAULT_DISPLACEMENT_LIMITS[kind], ...limits[kind] };
    shares.push(share(limit.shift * side, largest), share(limit.turn, turn), share(limit.bend * side, bend));
  }
  return Math.max(0, Math.min(1, ...shares));
}

function share(limit: number, value: number): number {
  return value > limit ? limit / value : 1;
}

/** @throws SimganError INVALID_ARGUMENT, naming every limit that is not a number of at least 0. */
export function checkLimits(limits: DisplacementLimits): void {
  const problems = Object.entries(limits).flatMap(([kind, limit]) =>
    Object.entries(limit ?? {}).flatMap(([name, value]) =>
      value >= 0 ? [] : [`${kind}.${name} is ${value}`],
    ),
  );
  if (problems.length === 0) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `Limits of displacement must be numbers of at least 0: ${problems.join('; ')}.`,
  );
}
