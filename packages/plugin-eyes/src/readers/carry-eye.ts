import {
  carryLabels,
  type ImageTransform,
  isMirrored,
  type LabelMoves,
  movePoint,
  turnAngles,
  turnDirection,
  unmoved,
} from '@simgan/core';
import { type EyeAnnotation, landmarkCounts } from '../annotation.ts';

/**
 * An annotation in the picture that a change of geometry makes: points go along, gaze and head turn when the
 * picture is mirrored, and a mirrored left eye is a right one.
 */
export function carryEye(transform: ImageTransform, annotation: EyeAnnotation): EyeAnnotation {
  return carryLabels(transform, annotation, moves);
}

type Points = [x: number, y: number][];

const points = (transform: ImageTransform, all: Points): Points =>
  all.map((point) => movePoint(transform, point));

const moves: LabelMoves<EyeAnnotation> = {
  gaze: (transform, { direction, ...angles }) => ({
    direction: turnDirection(transform, direction),
    ...turnAngles(transform, angles),
  }),
  headPose: turnAngles,
  pupilCenter: movePoint,
  irisCenter: movePoint,
  iris: (transform, all) => clockwiseFromRight(points(transform, all)),
  lidMargin: points,
  caruncle: points,
  openness: unmoved,
  side: (transform, side) => (isMirrored(transform) ? otherSide[side] : side),
};

const otherSide = { left: 'right', right: 'left' } as const;

/** The points of an iris in the annotation's order, whichever way round they come and wherever they begin. */
export function clockwiseFromRight(all: Points): Points {
  let area = 0;
  let rightmost = 0;
  for (const [index, [x, y]] of all.entries()) {
    const [nextX, nextY] = all[(index + 1) % all.length]!;
    area += x * nextY - nextX * y;
    if (x > all[rightmost]![0] + 1e-9) rightmost = index;
  }
  // With y downwards, a positive area is a clockwise walk.
  const step = area >= 0 ? 1 : all.length - 1;
  return Array.from({ length: landmarkCounts.iris }, (_, k) => all[(rightmost + k * step) % all.length]!);
}
