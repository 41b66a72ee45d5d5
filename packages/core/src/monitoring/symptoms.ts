/** @file Failures of a run, recognized by what looks at it found. */
import { LAMBDA_RANGE, type LambdaTarget, type TrainingRecipe } from '../training/recipe.ts';
import type { Signals } from './signals.ts';

/** The failures that a run is checked for. */
export type SymptomName =
  | 'no effect'
  | 'discriminator won'
  | 'discriminator learns nothing'
  | 'collapse'
  | 'content redrawn'
  | 'fixed pattern'
  | 'frame'
  | 'labels move'
  | 'labels lost'
  | 'real pictures memorized'
  | 'target out of reach'
  | 'farther from real'
  | 'less useful';

/** One failure, with the figures that show it and what helps. */
export interface Symptom {
  readonly name: SymptomName;
  /** A sentence for people. */
  readonly finding: string;
  readonly advice: string;
}

/**
 * When a signal is a symptom. The figures are those of about fifty trainings on eyes; failures provoked on eyes, hands and
 * digits are named by them (docs/steering.md).
 */
export const thresholds = {
  /** Turns before which signals are those of a beginning. */
  settled: 300,
  /** Mean change of gray levels in [0, 1] below which nothing happened, or this share of the target if that is less. */
  noEffect: 0.005,
  ofTarget: 0.1,
  /** Accuracy of a discriminator that has won, on both kinds. */
  won: 0.95,
  /** Loss of a discriminator that guesses; ln 2 is 0.693. */
  guessing: 0.67,
  /** Diversity, relative to the synthetic pictures. */
  collapse: 0.6,
  gradientCorrelation: 0.6,
  fixedPattern: 0.2,
  /** Change at the border, relative to the inside. */
  frame: 2,
  /** Share of labels that are no longer found. */
  lost: 0.05,
  /** Accuracy on real pictures trained on, less that on held-out ones. */
  memorized: 0.2,
  /** Distance to real, relative to the synthetic pictures' and beyond the control. */
  farther: 1.1,
} as const;

/** The symptoms of a run's latest looks, the most serious first; none before the run has settled. */
export function symptomsOf(
  looks: readonly Signals[],
  recipe: Pick<TrainingRecipe, 'lambda' | 'steering' | 'warmup'>,
): Symptom[] {
  const last = looks.at(-1);
  const turns = last ? last.step - recipe.warmup.refiner - recipe.warmup.discriminator : 0;
  const settled = Math.min(thresholds.settled, recipe.steering?.least ?? thresholds.settled);
  if (!last || turns < settled) return [];
  const found: Symptom[] = [];
  const note = (name: SymptomName, finding: string, advice: string) => found.push({ name, finding, advice });
  const isMoved = last.moved >= leastChange(recipe.lambda);
  const { labels } = last;
  const limit = recipe.steering?.labelShift ?? LABEL_SHIFT;
  if (labels && labels.found >= FEW && labels.median > limit) {
    note(
      'labels move',
      `Labels move by ${labels.median.toFixed(2)} ${labels.unit} in the median, more than ${limit}.`,
      'Lower the lambda target, or train for fewer steps: the best look before is used.',
    );
  }
  if (labels && labels.found >= FEW && labels.lost > thresholds.lost) {
    note(
      'labels lost',
      `${percent(labels.lost)} of the labels that are visible before refinement are not found after it.`,
      'Lower the lambda target, or train for fewer steps.',
    );
  }
  if (last.gradientCorrelation < thresholds.gradientCorrelation) {
    note(
      'content redrawn',
      `Edges do not stay where they were: gradients correlate by ${last.gradientCorrelation.toFixed(2)} before and after.`,
      'The regularizer is too weak. Raise lambda, or lower its target.',
    );
  }
  if (last.diversity < thresholds.collapse) {
    note(
      'collapse',
      `Refined pictures resemble each other: their diversity is ${last.diversity.toFixed(2)} of the synthetic ones'.`,
      'Use the history buffer, a lower learning rate, or a lower lambda target.',
    );
  }
  if (last.fixedPattern > thresholds.fixedPattern && isMoved) {
    note(
      'fixed pattern',
      `${percent(last.fixedPattern)} of the fine change is the same in all pictures.`,
      'Give the refiner a noise channel, take batch norm out of the discriminator, or lower the target.',
    );
  }
  if (last.border > thresholds.frame && isMoved) {
    note(
      'frame',
      `Pictures change ${last.border.toFixed(1)} times as much at the border as inside.`,
      "Use padding: 'reflect' in the refiner.",
    );
  }
  if (!isMoved) {
    // The cause first, where the discriminator shows one.
    const accuracy = Math.min(last.accuracyOnRefined, last.accuracyOnReal);
    if (accuracy > thresholds.won) {
      note(
        'discriminator won',
        `The discriminator is right on ${percent(accuracy)} of both kinds, and the refiner finds no way past it.`,
        'Take more refiner steps per turn (refinerUpdates), raise the learning rate, or take batch norm out of the discriminator.',
      );
    } else if (last.discriminatorLoss > thresholds.guessing) {
      note(
        'discriminator learns nothing',
        `The discriminator guesses: its loss is ${last.discriminatorLoss.toFixed(2)}, which teaches the refiner nothing.`,
        'Raise the learning rate, or use Adam.',
      );
    }
    note(
      'no effect',
      `Refined pictures equal the synthetic ones: a gray level changes by ${percent(last.moved)} of the range.`,
      'Raise the lambda target or lower lambda, raise the learning rate, or train for more steps.',
    );
  }
  const { accuracyOnHeldOut } = last;
  if (accuracyOnHeldOut !== undefined && last.accuracyOnReal - accuracyOnHeldOut > thresholds.memorized) {
    note(
      'real pictures memorized',
      `The discriminator knows ${percent(last.accuracyOnReal)} of the real pictures it trains on and ${percent(accuracyOnHeldOut)} of others.`,
      'Add real pictures, or train for fewer steps.',
    );
  }
  if (isOutOfReach(looks, recipe.lambda)) {
    const { target } = recipe.lambda as LambdaTarget;
    note(
      'target out of reach',
      `Lambda has been too light to hold anything back for ${STUCK} looks, ${last.lambda.toPrecision(2)} at the last, and the regularizer is at ${last.regularization.toFixed(3)} of a target of ${target}.`,
      'The adversarial loss asks for no more change: let the discriminator see wider patches, or lower the target to what is reached. If the run is short, train for more steps.',
    );
  }
  const before = last.distanceBefore - last.distanceControl;
  // On flat grounds, such as the black of digits, distances see a change that no eye does.
  if (isMoved && before > 0 && last.distance - last.distanceControl > thresholds.farther * before) {
    note(
      'farther from real',
      `Refined pictures are farther from real ones (${last.distance.toPrecision(3)}) than synthetic ones are (${last.distanceBefore.toPrecision(3)}).`,
      'Use the synthetic pictures as they are, or a lower target; see what differs with `inspect`.',
    );
  }
  const judged = looks.findLast(({ use }) => use)?.use;
  if (judged && (judged.verdict === 'worse' || judged.verdict === 'refused')) {
    note(
      'less useful',
      `Networks learn less from refined pictures than from raw ones, by a quick judgment: ${judged.reason}`,
      'See with `compare` what helps, or lower the target. Looks are no sign of use.',
    );
  }
  return found;
}

/** The default of `steering.labelShift`. */
export const LABEL_SHIFT = 0.8;
/** Labels found in fewer pictures say nothing. */
const FEW = 8;
/** A lambda at which the regularizer is hardly a part of the loss: a target of 0.2 weighs 0.01 beside about 0.7. */
const WEIGHTLESS = 0.05;
/** Looks in a row with lambda at its floor, or weightless. */
const STUCK = 3;

/** The change below which nothing happened: less where a target asks for less. */
export function leastChange(lambda: TrainingRecipe['lambda']): number {
  const { noEffect, ofTarget } = thresholds;
  return typeof lambda === 'number' ? noEffect : Math.min(noEffect, ofTarget * lambda.target);
}

function isOutOfReach(looks: readonly Signals[], lambda: TrainingRecipe['lambda']): boolean {
  if (typeof lambda === 'number' || looks.length < STUCK) return false;
  const [floor] = lambda.range ?? LAMBDA_RANGE;
  return looks
    .slice(-STUCK)
    .every(
      (look) =>
        look.lambda <= Math.max(floor * 1.01, WEIGHTLESS) && look.regularization < 0.9 * lambda.target,
    );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
}
