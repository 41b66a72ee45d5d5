import type { Rng } from '@simgan/core';
import { FINGERS, JOINT_ANGLES, JOINT_LIMITS, type JointAngle, type Pose } from './anatomy.ts';
import { GESTURES, type GestureSet } from './gestures.ts';

/** A flat hand with slightly spread fingers and the thumb away from the palm, without self-contact. */
export const OPEN_POSE: Pose = {
  ...(Object.fromEntries(JOINT_ANGLES.map((angle) => [angle, 0])) as Record<JointAngle, number>),
  'little.mcpAbduction': -8,
  'ring.mcpAbduction': -3,
  'middle.mcpAbduction': 0,
  'index.mcpAbduction': 5,
  'thumb.cmcFlexion': -15,
  'thumb.cmcAbduction': 10,
};

/**
 * A random pose within the limits of {@link JOINT_LIMITS}. Half of them are grasps of any closure, in which all fingers
 * close together: that one synergy explains most of the variance of natural hand shapes (Santello, Flanders and
 * Soechting, Journal of Neuroscience 18(23), 1998). Half start from a gesture; with letters, all do. The individual motion of each finger
 * is correlated with its neighbors', the end joint mostly follows the middle one (two thirds, Lin et al.),
 * and a bent finger cannot be abducted.
 *
 * @param closure - range of the closure of hands, 1 being a fist; there are then no gestures, only grasps.
 * @param gestures - which gestures there are.
 */
export function randomPose(
  rng: Rng,
  closure?: readonly [low: number, high: number],
  gestures: GestureSet = 'common',
): Pose {
  const [low, high] = closure ?? [0, 1];
  const grasp = low + (high - low) * rng.next();
  const asGesture = rng.next() >= 0.5 || gestures === 'letters';
  const known = GESTURES[gestures];
  const drawn = asGesture ? known[rng.int(known.length)]! : undefined;
  const gesture = closure ? undefined : drawn;
  const individual = correlated(rng, FINGERS.length, 0.7);
  const hook = varied(gesture?.hook, 0.05, 0, 0.16, rng);
  const spread = varied(gesture?.spread, 2, 5, 9, rng);
  const pose: Record<JointAngle, number> = { ...OPEN_POSE };
  let closed = 0;
  for (const [index, finger] of FINGERS.entries()) {
    const closure = clamp(
      (gesture?.closure[index] ?? grasp) + (gesture ? 0.08 : 0.13) * individual[index]!,
      0,
      1,
    );
    const knuckle = clamp(closure - hook * closure, 0, 1);
    const middle = clamp(closure + hook * closure, 0, 1.1);
    closed += closure / FINGERS.length;
    pose[`${finger}.mcpFlexion`] = -6 + 88 * knuckle + 6 * rng.normal();
    pose[`${finger}.pipFlexion`] = 4 + 96 * middle + 4 * rng.normal();
    pose[`${finger}.dipFlexion`] = (2 / 3) * pose[`${finger}.pipFlexion`] * (1 + 0.12 * rng.normal());
    // The collateral ligaments tighten as the knuckle bends.
    const freedom = 1 - 0.85 * knuckle;
    pose[`${finger}.mcpAbduction`] = freedom * (spread * SPLAY[finger] + 2.5 * rng.normal());
  }
  pose['ring.cmcFlexion'] = 8 * closed + 2 * rng.normal();
  pose['little.cmcFlexion'] = 15 * closed + 3 * rng.normal();
  // The thumb opposes as the fingers close, and independently.
  const natural = 0.6 * closed + 0.4 * rng.next();
  const opposition = clamp(varied(gesture?.opposition, 0.08, natural, 0.25, rng), 0, 1);
  pose['thumb.cmcFlexion'] = -22 + 48 * opposition + 5 * rng.normal();
  pose['thumb.cmcAbduction'] = -4 + 18 * opposition + 8 * rng.normal();
  pose['thumb.mcpFlexion'] = 4 + 34 * opposition + 7 * rng.normal();
  pose['thumb.mcpAbduction'] = 4 * rng.normal();
  pose['thumb.ipFlexion'] = 5 + 40 * opposition + 14 * rng.normal();
  pose['wrist.flexion'] = 16 * rng.normal();
  pose['wrist.deviation'] = -4 + 8 * rng.normal();
  for (const angle of JOINT_ANGLES) pose[angle] = clamp(pose[angle], ...JOINT_LIMITS[angle]);
  return pose;
}

/** A normal draw: about what a gesture states, closely, or about what is natural, widely. */
function varied(
  stated: number | undefined,
  closely: number,
  natural: number,
  widely: number,
  rng: Rng,
): number {
  return stated === undefined ? natural + widely * rng.normal() : stated + closely * rng.normal();
}

/** How much each finger abducts when the hand spreads: outward from the middle. */
const SPLAY = { little: -1, ring: -0.4, middle: 0.05, index: 0.8 } as const;

/** Standard normals whose neighbors have a correlation of `correlation`. */
function correlated(rng: Rng, count: number, correlation: number): number[] {
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    const fresh = rng.normal();
    values.push(i === 0 ? fresh : correlation * values[i - 1]! + Math.sqrt(1 - correlation ** 2) * fresh);
  }
  return values;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
