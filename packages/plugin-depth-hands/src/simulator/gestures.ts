/** A handshape that people make; what it leaves out varies as in any other hand. */
export interface Gesture {
  /** How closed each finger is, little finger first, 1 being a fist. */
  readonly closure: readonly [little: number, ring: number, middle: number, index: number];
  /** How much more the fingers bend at their middle joints than at their knuckles, as a fraction of the closure. */
  readonly hook?: number;
  /** Degrees by which the fingers spread. */
  readonly spread?: number;
  /** Where the thumb is: 0 beside the palm, 1 across it. */
  readonly opposition?: number;
}

/** What option `gestures` can name. */
export const GESTURE_SETS = ['common', 'letters'] as const;
export type GestureSet = (typeof GESTURE_SETS)[number];

/**
 * How closed each finger is in common gestures. One finger apart from its neighbors takes those along that share its
 * tendons (Häger-Ross and Schieber, Journal of Neuroscience 20(22), 2000), hence the half values.
 */
const COMMON: readonly Gesture[] = [
  { closure: [0, 0, 0, 0] },
  { closure: [0.95, 0.95, 0.95, 0] },
  { closure: [0.95, 0.9, 0, 0] },
  { closure: [0.9, 0, 0, 0] },
  { closure: [0, 0, 0, 0.7] },
  { closure: [0, 0.85, 0.95, 0.9] },
  { closure: [0, 0.9, 0.95, 0] },
  { closure: [0, 0, 0.15, 0.6] },
  { closure: [1, 1, 1, 1] },
  { closure: [0.95, 0.95, 0.75, 0.35] },
];

/**
 * The handshapes of the American manual alphabet that differ in depth, in its order: A, B, C, D, E, F, I, L, O, R or U,
 * S, V, W, Y. Crossed fingers are shown as fingers side by side.
 */
const LETTERS: readonly Gesture[] = [
  { closure: [1, 1, 1, 1], spread: 0, opposition: 0.1 },
  { closure: [0, 0, 0, 0], spread: -2, opposition: 1 },
  { closure: [0.42, 0.42, 0.42, 0.42], hook: 0.2, spread: 0, opposition: 0.55 },
  { closure: [0.72, 0.75, 0.75, 0], spread: 0, opposition: 0.85 },
  { closure: [0.75, 0.75, 0.75, 0.75], hook: 0.35, spread: 0, opposition: 1 },
  { closure: [0, 0, 0.05, 0.65], spread: 9, opposition: 0.8 },
  { closure: [0, 0.95, 1, 1], spread: 0, opposition: 0.95 },
  { closure: [1, 1, 0.95, 0], spread: 4, opposition: 0 },
  { closure: [0.6, 0.6, 0.6, 0.6], spread: 0, opposition: 0.8 },
  { closure: [0.95, 0.95, 0, 0], spread: -4, opposition: 0.95 },
  { closure: [1, 1, 1, 1], spread: 0, opposition: 0.9 },
  { closure: [0.95, 0.95, 0, 0], spread: 14, opposition: 0.95 },
  { closure: [0.9, 0, 0, 0], spread: 10, opposition: 0.95 },
  { closure: [0, 0.95, 1, 1], spread: 6, opposition: 0 },
];

/** The gestures of each set. */
export const GESTURES: Readonly<Record<GestureSet, readonly Gesture[]>> = {
  common: COMMON,
  letters: LETTERS,
};
