import { JOINT_ANGLES, type JointAngle, type Pose } from './anatomy.ts';
import { type Cone, fleshOn } from './flesh.ts';
import { along, dot, length, subtract, type Vec3 } from './geometry.ts';
import { OPEN_POSE } from './pose.ts';
import type { HandShape } from './shape.ts';
import { articulate } from './skeleton.ts';

/**
 * How deep two parts of a hand may press into each other, in mm: finger pads yield by 2 to 3 mm under a few
 * newtons (Serina, Mote and Rempel, Journal of Biomechanics 30(10), 1997), on both sides.
 */
export const CONTACT_TOLERANCE_MM = 4;

/** Two parts that press into each other, and how deep in mm. */
export interface Contact {
  readonly parts: readonly [Cone['part'], Cone['part']];
  readonly depth: number;
}

/** The deepest contact between parts that no joint connects; `depth` is below 0 where none touch. */
export function deepestContact(cones: readonly Cone[]): Contact {
  let deepest: Contact = { parts: ['palm', 'palm'], depth: Number.NEGATIVE_INFINITY };
  const links = linkNumbers(cones);
  for (let i = 0; i < cones.length; i++) {
    for (let j = i + 1; j < cones.length; j++) {
      const a = cones[i]!;
      const b = cones[j]!;
      // The palm blends into itself and connects to the first link of each digit.
      if (a.part === b.part || (a.part === 'palm' && links[j] === 0)) continue;
      const depth = penetration(a, b);
      if (depth > deepest.depth) deepest = { parts: [a.part, b.part], depth };
    }
  }
  return deepest;
}

/**
 * Opens a pose until no contact is deeper than the tolerance: repeatedly, the digits that collide move by a tenth toward
 * {@link OPEN_POSE}. The pose stays within the limits, because both ends do.
 */
export function withoutSelfPenetration(shape: HandShape, pose: Pose): Pose {
  let current = pose;
  for (let attempt = 0; attempt < 60; attempt++) {
    const { parts, depth } = deepestContact(fleshOn(articulate(shape, current), shape));
    if (depth <= CONTACT_TOLERANCE_MM) return current;
    // A thumb that collides with a finger yields, because it has more room.
    const yielding = parts.includes('thumb') ? ['thumb'] : parts;
    const opened: Record<JointAngle, number> = { ...current };
    for (const angle of JOINT_ANGLES) {
      if (yielding.some((part) => angle.startsWith(`${part}.`)))
        opened[angle] += 0.1 * (OPEN_POSE[angle] - opened[angle]);
    }
    current = opened;
  }
  return OPEN_POSE;
}

/** The index of each cone within its part, from 0. */
function linkNumbers(cones: readonly Cone[]): number[] {
  return cones.map((cone, index) => index - cones.findIndex(({ part }) => part === cone.part));
}

/** The depth of the contact of two rounded cones where their axes are nearest. */
function penetration(a: Cone, b: Cone): number {
  const { s, t } = nearestOnSegments(a.from, subtract(a.to, a.from), b.from, subtract(b.to, b.from));
  const onA = along(a.from, subtract(a.to, a.from), s);
  const onB = along(b.from, subtract(b.to, b.from), t);
  const radii =
    a.fromRadius + s * (a.toRadius - a.fromRadius) + b.fromRadius + t * (b.toRadius - b.fromRadius);
  return radii - length(subtract(onA, onB));
}

/** The nearest points of two segments, as shares of their lengths (Ericson, "Real-Time Collision Detection", 5.1.9). */
function nearestOnSegments(p: Vec3, d: Vec3, q: Vec3, e: Vec3): { s: number; t: number } {
  const r = subtract(p, q);
  const dd = dot(d, d);
  const ee = dot(e, e);
  const de = dot(d, e);
  const er = dot(e, r);
  const dr = dot(d, r);
  const parallel = dd * ee - de * de;
  let s = parallel > 1e-9 ? share((de * er - dr * ee) / parallel) : 0;
  let t = (de * s + er) / ee;
  if (t < 0 || t > 1) {
    t = share(t);
    s = share((t * de - dr) / dd);
  }
  return { s, t };
}

function share(value: number): number {
  return Math.min(1, Math.max(0, value));
}
