import { type Digit, FINGER_ANATOMY, FINGERS, type Pose, THUMB_ANATOMY } from './anatomy.ts';
import {
  along,
  between,
  type Frame,
  flex,
  frameAlong,
  IDENTITY,
  scaled,
  swing,
  twist,
  type Vec3,
} from './geometry.ts';
import type { HandShape } from './shape.ts';

/** The bones of one digit from the wrist outward: end points in mm, metacarpal first. */
export interface DigitBones {
  /** Root, knuckle, joint(s), end of the last bone: 5 points of a finger, 4 of a thumb. */
  readonly points: readonly Vec3[];
  /** The direction of the last bone. */
  readonly tip: Vec3;
  readonly palmar: Vec3;
}

/** A right hand's bones in the frame of its wrist: x toward the thumb, y toward the fingers, z out of the palm. */
export interface Skeleton {
  readonly digits: Readonly<Record<Digit, DigitBones>>;
  /** The forearm, whose y points to the wrist. */
  readonly forearm: Frame;
}

/** Places the bones of a hand of this shape in this pose: forward kinematics. */
export function articulate(shape: HandShape, pose: Pose): Skeleton {
  const digits = {} as Record<Digit, DigitBones>;
  for (const finger of FINGERS) {
    const bones = FINGER_ANATOMY[finger];
    const stretch = shape.size * shape.digits[finger];
    const root = atWrist(bones.root, shape);
    const cupping = finger === 'ring' || finger === 'little' ? pose[`${finger}.cmcFlexion`] : 0;
    const palm = flex(IDENTITY, cupping);
    const metacarpal = swing(palm, bones.metacarpalLean * shape.breadth);
    const knuckle = along(root, metacarpal.y, bones.metacarpal * shape.size);
    const straight = swing(palm, bones.lean + pose[`${finger}.mcpAbduction`]);
    const proximal = flex(straight, pose[`${finger}.mcpFlexion`]);
    const middle = flex(proximal, pose[`${finger}.pipFlexion`]);
    const distal = flex(middle, pose[`${finger}.dipFlexion`]);
    const first = along(knuckle, proximal.y, bones.phalanges[0] * stretch);
    const second = along(first, middle.y, bones.phalanges[1] * stretch);
    const end = along(second, distal.y, bones.phalanges[2] * stretch);
    digits[finger] = { points: [root, knuckle, first, second, end], tip: distal.y, palmar: distal.z };
  }
  digits.thumb = thumbBones(shape, pose);
  const forearm = swing(flex(IDENTITY, -pose['wrist.flexion']), -pose['wrist.deviation']);
  return { digits, forearm };
}

function thumbBones(shape: HandShape, pose: Pose): DigitBones {
  const stretch = shape.size * shape.digits.thumb;
  const root = atWrist(THUMB_ANATOMY.root, shape);
  const rest = frameAlong(THUMB_ANATOMY.direction, THUMB_ANATOMY.pad);
  const flexion = pose['thumb.cmcFlexion'];
  const swung = flex(swing(rest, pose['thumb.cmcAbduction']), flexion);
  // The saddle joint turns the thumb's pad to the fingers as it flexes: 17 degrees over its range (Cooney et al.).
  const metacarpal = twist(swung, -(17 / 53) * flexion);
  const proximal = flex(swing(metacarpal, pose['thumb.mcpAbduction']), pose['thumb.mcpFlexion']);
  const distal = flex(proximal, pose['thumb.ipFlexion']);
  const knuckle = along(root, metacarpal.y, THUMB_ANATOMY.metacarpal * stretch);
  const joint = along(knuckle, proximal.y, THUMB_ANATOMY.phalanges[0] * stretch);
  const end = along(joint, distal.y, THUMB_ANATOMY.phalanges[1] * stretch);
  return { points: [root, knuckle, joint, end], tip: distal.y, palmar: distal.z };
}

/** Maps a point of the mean palm to a palm of this shape. */
export function atWrist(point: Vec3, shape: HandShape): Vec3 {
  const [x, y, z] = scaled(point, shape.size);
  return [x * shape.breadth, y, z];
}

/**
 * The 36 joints of the NYU dataset on these bones, in its order. The dataset's are balls fixed to a mesh, not
 * centers of rotation. Judged by the distances between its 14 evaluated ones, `KNU2_B` lies a tenth of a bone
 * inward of the middle joint; with that they agree to about 5 mm for hands of the same length, and to 10 mm on
 * the thumb, which is longer there than in anatomy. The others are not published as places on a hand: here
 * `KNU3_B` and `KNU1_B` are the joints where those bones begin, `A` lies at 70 % of a bone or at the end of the
 * last, and `PALM_4` to `PALM_6` are the heels of little finger and thumb, and the wrist.
 */
export function jointPositions(skeleton: Skeleton, shape: HandShape): Vec3[] {
  const digits = [...FINGERS, 'thumb'] as const;
  const knuckles = digits.flatMap((digit) => {
    const [base, middle, last, end] = skeleton.digits[digit].points.slice(-4) as [Vec3, Vec3, Vec3, Vec3];
    return [
      end,
      last,
      between(middle, last, 0.7),
      between(middle, base, 0.1),
      between(base, middle, 0.7),
      base,
    ];
  });
  const palm: Vec3[] = [
    [-16, -8, 0],
    [16, -8, 0],
    [0, 62, 0],
    [-23, 50, 3],
    [20, 42, 5],
    [0, 0, 0],
  ];
  return [...knuckles, ...palm.map((point) => atWrist(point, shape))];
}
