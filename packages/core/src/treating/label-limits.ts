import type { LabelGeometry, LabelKind } from '../geometry/labels.ts';
import { SINGLE_ANGLE_LIMIT } from '../geometry/turn.ts';

/** How a picture may be moved so that its labels can follow. */
export interface LabelLimits {
  /** Whether it may be scaled and shifted at all. */
  readonly moves: boolean;
  /** Whether it may be sheared and bent. */
  readonly bends: boolean;
  /** The largest rotation, radians. */
  readonly rotation: number;
}

/** Kinds whose value depends on where along the other axis it is meant, unless the axes stay apart. */
const axial: readonly LabelKind[] = ['x', 'y', 'width', 'height'];

/**
 * What the labels of an annotation allow. A companion picture would have to move with its picture and is another file,
 * so pictures that have one stay where they are; a label's own function is taken to follow any map.
 */
export function labelLimits(geometry: LabelGeometry<unknown>): LabelLimits {
  const kinds = kindsIn(geometry);
  const moves = !kinds.has('companion');
  const bends = moves && !axial.some((kind) => kinds.has(kind));
  const hasSingleAngle = kinds.has('pitch') || kinds.has('yaw');
  return {
    moves,
    bends,
    rotation: !bends ? 0 : hasSingleAngle ? SINGLE_ANGLE_LIMIT : Number.POSITIVE_INFINITY,
  };
}

function kindsIn(geometry: unknown): Set<LabelKind> {
  if (typeof geometry === 'string') return new Set([geometry as LabelKind]);
  if (typeof geometry !== 'object' || geometry === null) return new Set();
  return new Set(Object.values(geometry).flatMap((part) => [...kindsIn(part)]));
}
