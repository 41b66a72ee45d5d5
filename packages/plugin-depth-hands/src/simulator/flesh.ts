import { type Digit, FINGER_ANATOMY, FINGERS, THUMB_ANATOMY } from './anatomy.ts';
import { along, between, type Vec3 } from './geometry.ts';
import type { HandShape } from './shape.ts';
import { atWrist, type Skeleton } from './skeleton.ts';

/** A rounded cone: a ball that moves in a line and whose radius changes linearly. In mm. */
export interface Cone {
  readonly part: 'palm' | Digit;
  readonly from: Vec3;
  readonly to: Vec3;
  readonly fromRadius: number;
  readonly toRadius: number;
}

const DIGITS = [...FINGERS, 'thumb'] as const;

/** The length of a whole forearm: it ends beyond a cube of the default size, out of sight. */
export const WHOLE_FOREARM_MM = 280;

/**
 * The flesh on a skeleton: rounded cones, palm and forearm first, then each digit from the knuckle outward.
 * `HandSurface` blends them.
 *
 * @param forearm - length of the forearm from the wrist, mm.
 */
export function fleshOn(skeleton: Skeleton, shape: HandShape, forearm = WHOLE_FOREARM_MM): Cone[] {
  const size = shape.size;
  const girth = size * shape.girth;
  const cones: Cone[] = [];
  const add = (part: Cone['part'], from: Vec3, to: Vec3, fromRadius: number, toRadius: number) =>
    cones.push({ part, from, to, fromRadius: fromRadius * girth, toRadius: toRadius * girth });
  const bones = skeleton.digits;
  const points = (digit: Digit) => bones[digit].points as readonly [Vec3, Vec3, Vec3, Vec3];

  for (const finger of FINGERS) {
    const [root, knuckle] = points(finger);
    add('palm', root, knuckle, 12, FINGER_ANATOMY[finger].radii[0] + 0.9);
  }
  const wrist = (x: number, y: number, z: number) => atWrist([x, y, z], shape);
  const { x: across, y: toWrist } = skeleton.forearm;
  for (const side of [-1, 1]) {
    add('palm', wrist(side * 9, 2, 0), wrist(side * 11, 26, 2), 17, 13);
    const start = along([0, 0, 0], across, side * 9.5 * size);
    const share = forearm / WHOLE_FOREARM_MM;
    const end = along(along([0, 0, 0], toWrist, -forearm), across, side * (9.5 + 6.5 * share) * size);
    add('palm', start, end, 17.5, 17.5 + 16.5 * share);
  }
  const [thumbRoot, thumbKnuckle] = points('thumb');
  const [indexRoot, indexKnuckle] = points('index');
  add('palm', thumbRoot, thumbKnuckle, 13, THUMB_ANATOMY.radii[1]);
  // The balls of the thumb and of the little finger.
  add('palm', wrist(12, 20, 9), between(thumbRoot, thumbKnuckle, 0.75), 14, 12.5);
  add('palm', wrist(-19, 20, 6), wrist(-27, 60, 5), 13, 10.5);
  // The web of the thumb: folds of skin between the two metacarpals.
  for (const [onThumb, onIndex, radius] of [
    [0.45, 0.3, 9],
    [0.75, 0.5, 7.5],
    [1, 0.68, 6],
  ] as const) {
    add(
      'palm',
      between(thumbRoot, thumbKnuckle, onThumb),
      between(indexRoot, indexKnuckle, onIndex),
      radius,
      radius,
    );
  }
  // The webs of the fingers.
  for (const [index, finger] of FINGERS.slice(0, -1).entries()) {
    const [, a, aEnd] = points(finger);
    const [, b, bEnd] = points(FINGERS[index + 1]!);
    add('palm', between(a, aEnd, 0.24), between(b, bEnd, 0.24), 6.6, 6.6);
  }
  for (const digit of DIGITS) {
    const { radii, pulp } = digit === 'thumb' ? THUMB_ANATOMY : FINGER_ANATOMY[digit];
    const chain = bones[digit].points.slice(-4);
    const tipRadius = radii[3] * girth;
    // The flesh of the tip ends `pulp` mm beyond the bone and is thicker on the side of the pad.
    const beyond = Math.max(pulp * size, 3) - tipRadius;
    const tip = along(along(chain.at(-1)!, bones[digit].tip, beyond), bones[digit].palmar, 0.08 * tipRadius);
    const first = digit === 'thumb' ? 1 : 0;
    const ends = [...chain.slice(first, 3), tip];
    const widths = digit === 'thumb' ? radii.slice(1) : radii;
    for (let i = 0; i + 1 < ends.length; i++) add(digit, ends[i]!, ends[i + 1]!, widths[i]!, widths[i + 1]!);
  }
  return cones;
}
