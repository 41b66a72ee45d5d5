/** @file Where a picture's labels are: the points, and the outlines, that its annotation's geometry declares. */
import {
  elementGeometry,
  fieldGeometry,
  type LabelGeometry,
  type LabelKind,
  type LabelKinds,
  type LabelMove,
} from '../../geometry/labels.ts';
import type { Direction } from './register.ts';

type Point = readonly [x: number, y: number];

/** A place that a label speaks of. */
export interface LabelPlace {
  /** `points`: a labeled point. `boxes`, `outlines`: a point on the edge of a box or outline. */
  readonly kind: 'points' | 'boxes' | 'outlines';
  /** Pixels from the outer corner of the top left pixel. */
  readonly point: Point;
  /** Across the edge that the point is on: along an edge, no motion changes the label. */
  readonly across?: Direction;
}

/** The distance between places along an outline, pixels, and how many an outline has at most. */
const SPACING = 8;
const MOST_ON_OUTLINE = 24;

/**
 * The places of an annotation, in a fixed order: of each `point`, `points` and `uvd`, of an object's single `x` and `y`,
 * and along each `box`, `corners` and `polygon`, and each border that a label's own function knows. Labels of other kinds
 * are at no place.
 *
 * @param geometry - the geometry of the annotation's schema.
 * @example
 * const places = placesOf(annotation, plugin.annotation.geometry);
 */
export function placesOf<Annotation>(
  annotation: Annotation,
  geometry: LabelGeometry<NoInfer<Annotation>>,
): LabelPlace[] {
  return placesOfValue(annotation, geometry as Geometry).filter(({ point }) => point.every(Number.isFinite));
}

type Geometry = LabelKind | LabelMove<never> | { readonly [field: string]: Geometry };

function placesOfValue(value: unknown, geometry: Geometry | undefined): LabelPlace[] {
  if (value === undefined || value === null || geometry === undefined) return [];
  if (typeof geometry === 'function') {
    const outlines = geometry.outlines?.(value as never) ?? [];
    return outlines.flatMap((outline) => along(outline, 'outlines'));
  }
  if (typeof geometry === 'string') return placesOfKind(geometry, value);
  if (Array.isArray(value))
    return value.flatMap((element) => placesOfValue(element, elementGeometry(geometry) as Geometry));
  if (typeof value !== 'object') return [];
  const fields = Object.entries(value);
  const single = pointOfFields(fields, geometry);
  return [
    ...(single ? [pointAt(single)] : []),
    ...fields.flatMap(([field, member]) =>
      placesOfValue(member, fieldGeometry(geometry, field) as Geometry | undefined),
    ),
  ];
}

/** The point that an object's only `x` and only `y` are. */
function pointOfFields(
  fields: readonly (readonly [string, unknown])[],
  geometry: { readonly [field: string]: Geometry },
): Point | undefined {
  const of = (kind: LabelKind) =>
    fields.filter(([field]) => Object.hasOwn(geometry, field) && geometry[field] === kind);
  const [[x, ...moreX], [y, ...moreY]] = [of('x'), of('y')];
  const isOne = x && y && moreX.length === 0 && moreY.length === 0;
  return isOne && typeof x[1] === 'number' && typeof y[1] === 'number' ? [x[1], y[1]] : undefined;
}

function placesOfKind(kind: LabelKind, value: unknown): LabelPlace[] {
  switch (kind) {
    case 'point':
    case 'uvd': {
      const [x, y] = value as LabelKinds['point'];
      return [pointAt([x, y])];
    }
    case 'points':
      return (value as LabelKinds['points']).map(pointAt);
    case 'polygon':
      return along(value as LabelKinds['polygon'], 'outlines');
    case 'box': {
      const [left, top, width, height] = value as LabelKinds['box'];
      return along(rectangle(left, top, left + width, top + height), 'boxes');
    }
    case 'corners':
      return along(rectangle(...(value as LabelKinds['corners'])), 'boxes');
    default:
      return [];
  }
}

const pointAt = (point: Point): LabelPlace => ({ kind: 'points', point });

function rectangle(left: number, top: number, right: number, bottom: number): Point[] {
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

/** Places along a closed outline, at equal distances. */
function along(corners: readonly Point[], kind: LabelPlace['kind']): LabelPlace[] {
  const sides = corners.map((from, i) => {
    const to = corners[(i + 1) % corners.length]!;
    return { from, run: [to[0] - from[0], to[1] - from[1]] as const };
  });
  const whole = sides.reduce((sum, { run }) => sum + Math.hypot(...run), 0);
  if (!(whole > 0 && Number.isFinite(whole))) return [];
  const count = Math.min(MOST_ON_OUTLINE, Math.max(4, Math.round(whole / SPACING)));
  const places: LabelPlace[] = [];
  let passed = 0;
  for (const { from, run } of sides) {
    const length = Math.hypot(...run);
    // The middles of `count` equal parts of the outline.
    for (; places.length < count; ) {
      const at = ((places.length + 0.5) * whole) / count - passed;
      if (at >= length) break;
      const share = at / length;
      places.push({
        kind,
        point: [from[0] + share * run[0], from[1] + share * run[1]],
        across: [-run[1] / length, run[0] / length],
      });
    }
    passed += length;
  }
  return places;
}
