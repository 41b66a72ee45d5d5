import type { Vec3 } from './geometry.ts';

/** The fingers in the NYU dataset's order. */
export const FINGERS = ['little', 'ring', 'middle', 'index'] as const;
export type Finger = (typeof FINGERS)[number];
export type Digit = Finger | 'thumb';

/** A finger of the mean adult right hand; lengths in mm, in the frame of the wrist. */
export interface FingerAnatomy {
  /** Where the metacarpal meets the wrist. */
  readonly root: Vec3;
  readonly metacarpal: number;
  /** Degrees by which the metacarpal, and the straight finger at rest, lean toward the thumb. */
  readonly metacarpalLean: number;
  readonly lean: number;
  /** Proximal, middle, distal. */
  readonly phalanges: readonly [number, number, number];
  /** Soft tissue beyond the bone of the tip. */
  readonly pulp: number;
  /** Radii of the flesh at knuckle, proximal joint, distal joint and tip. */
  readonly radii: readonly [number, number, number, number];
}

/**
 * Bone lengths and pulps: Buryanov and Kotiuk, "Proportions of hand segments", International Journal of
 * Morphology 28(3), 2010 (X-rays of 66 adults). Where the metacarpals stand and how thick the flesh is:
 * chosen to give the mean adult's 187 mm of hand length and 80 mm of breadth.
 */
export const FINGER_ANATOMY: Readonly<Record<Finger, FingerAnatomy>> = {
  little: {
    root: [-16, 27, 2],
    metacarpal: 53.69,
    metacarpalLean: -18.5,
    lean: -9,
    phalanges: [32.74, 18.11, 15.96],
    pulp: 3.73,
    radii: [8.6, 7.7, 6.8, 5.8],
  },
  ring: {
    root: [-7, 30, 0],
    metacarpal: 58,
    metacarpalLean: -9,
    lean: -3.5,
    phalanges: [41.37, 25.65, 17.3],
    pulp: 3.95,
    radii: [9.6, 8.8, 7.6, 6.5],
  },
  middle: {
    root: [2, 31, -1],
    metacarpal: 64.6,
    metacarpalLean: 1.3,
    lean: 0.5,
    phalanges: [44.63, 26.33, 17.4],
    pulp: 3.95,
    radii: [10.2, 9.4, 8.1, 6.9],
  },
  index: {
    root: [11, 27, 0],
    metacarpal: 68.12,
    metacarpalLean: 11,
    lean: 4.5,
    phalanges: [39.78, 22.38, 15.82],
    pulp: 3.84,
    radii: [10, 9.2, 8, 6.8],
  },
};

/** The thumb of the mean adult right hand: as {@link FINGER_ANATOMY}, with the metacarpal as a free bone. */
export const THUMB_ANATOMY = {
  root: [17, 20, 7] as Vec3,
  metacarpal: 46.22,
  /** At rest the thumb lies beside and in front of the palm, its pad turned to the fingers. */
  direction: [0.6, 0.72, 0.36] as Vec3,
  pad: [-0.72, 0.2, 0.66] as Vec3,
  phalanges: [31.57, 21.67] as readonly [number, number],
  pulp: 5.67,
  /** At the wrist, knuckle, joint and tip. */
  radii: [13, 11.4, 10, 8.2] as readonly [number, number, number, number],
};

type FingerAngle = 'mcpFlexion' | 'mcpAbduction' | 'pipFlexion' | 'dipFlexion';
type ThumbAngle = 'cmcFlexion' | 'cmcAbduction' | 'mcpFlexion' | 'mcpAbduction' | 'ipFlexion';

/** The 25 angles of a hand; with position and orientation it has 31 degrees of freedom. */
export type JointAngle =
  | `${Finger}.${FingerAngle}`
  | `thumb.${ThumbAngle}`
  | 'ring.cmcFlexion'
  | 'little.cmcFlexion'
  | 'wrist.flexion'
  | 'wrist.deviation';

/** Degrees per angle. Flexion bends toward the palm; abduction and deviation swing toward the thumb. */
export type Pose = Readonly<Record<JointAngle, number>>;

type Limits = readonly [low: number, high: number];

/**
 * The limits of active motion in degrees. Fingers: Lin, Wu and Huang, "Modeling the constraints of human
 * hand motion", 2000 (MCP 0 to 90 and 15 to each side, PIP to 110, DIP to 90), with the hyperextension of
 * the knuckles measured by Hume et al., Journal of Hand Surgery 15A, 1990. Thumb: Cooney et al., Journal of
 * Bone and Joint Surgery 63A, 1981 (53 degrees of flexion and 42 of abduction at its root), Hume et al. for
 * its joints. Wrist: American Academy of Orthopaedic Surgeons, "Joint motion", 1965. The middle
 * finger hardly abducts (Lin et al.); the roots of ring and little finger cup the palm.
 */
export const JOINT_LIMITS: Readonly<Record<JointAngle, Limits>> = {
  'little.mcpFlexion': [-20, 90],
  'little.mcpAbduction': [-15, 15],
  'little.pipFlexion': [0, 110],
  'little.dipFlexion': [0, 90],
  'little.cmcFlexion': [0, 20],
  'ring.mcpFlexion': [-20, 90],
  'ring.mcpAbduction': [-15, 15],
  'ring.pipFlexion': [0, 110],
  'ring.dipFlexion': [0, 90],
  'ring.cmcFlexion': [0, 10],
  'middle.mcpFlexion': [-20, 90],
  'middle.mcpAbduction': [-5, 5],
  'middle.pipFlexion': [0, 110],
  'middle.dipFlexion': [0, 90],
  'index.mcpFlexion': [-20, 90],
  'index.mcpAbduction': [-15, 15],
  'index.pipFlexion': [0, 110],
  'index.dipFlexion': [0, 90],
  'thumb.cmcFlexion': [-25, 28],
  'thumb.cmcAbduction': [-20, 22],
  'thumb.mcpFlexion': [0, 56],
  'thumb.mcpAbduction': [-10, 10],
  'thumb.ipFlexion': [-5, 73],
  'wrist.flexion': [-70, 80],
  'wrist.deviation': [-30, 20],
};

/** The names of {@link JOINT_LIMITS}, in a fixed order. */
export const JOINT_ANGLES = Object.keys(JOINT_LIMITS) as readonly JointAngle[];
