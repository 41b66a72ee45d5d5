import { type Dataset, hasSize, type Plugin, type RealImage, type TrainingRecipe } from '@simgan/core';
import type { MatchSetting } from '@simgan/core/matching';
import { DEFAULT_DISPLACEMENT } from '@simgan/core/training';
import {
  applyTreatments,
  type FramingPlan,
  frame,
  labelLimits,
  matchLight,
  planFraming,
  planGrounds,
  putOnGrounds,
  randomize,
  type Treatment,
} from '@simgan/core/treating';
import type { Job } from '../runs/job.ts';
import { followProblem, withLabelsOf } from '../runs/labels-follow.ts';
import { openMatching } from '../runs/matching.ts';
import { commonSize } from '../runs/picture-sizes.ts';
import type { RealSource, SyntheticSource } from '../runs/sources.ts';
import type { PreparedRung } from './climb.ts';
import { setsInOneForm } from './common-form.ts';
import type { JudgedTask } from './judged-task.ts';
import { type RungName, withRung } from './rungs.ts';
import type { Stack } from './stack.ts';

/** What rungs are made of. */
export interface RungMeans {
  readonly plugin: Plugin;
  readonly recipe: TrainingRecipe;
  readonly synthetic: SyntheticSource;
  readonly real: RealSource;
  readonly seed: number;
  readonly job: Job;
  /** What pictures are judged by, or why they cannot be. */
  readonly task: JudgedTask | string;
  /** Trains a refiner by a recipe. */
  train(given: LearnedFrom): Promise<NonNullable<Stack['refiner']>>;
}

/** How a refiner is trained. */
export interface LearnedFrom {
  /** How far it moves things, px²; `undefined` for what the options say. */
  readonly displacement: number | undefined;
  /** How its pictures are framed before they are refined, if they are. */
  readonly framing: FramingPlan | undefined;
  /** Corrections of light, in place of the recipe's. */
  readonly match: MatchSetting | undefined;
}

/** Puts rungs on top of stacks; what both sets show is measured once. */
export function rungMaker(means: RungMeans): (name: RungName, standing: Stack) => Promise<PreparedRung> {
  const { synthetic, real, seed, recipe, job, task } = means;
  const plugin = withLabelsOf(means.plugin, synthetic);
  let following: ReturnType<typeof followProblem> | undefined;
  const unfollowed = () => {
    following ??= followProblem(synthetic);
    return following;
  };
  let sets: ReturnType<typeof setsInOneForm> | undefined;
  const measured = () => {
    sets ??= setsInOneForm(plugin.image, { synthetic: synthetic.training, real: real.images });
    return sets;
  };
  let framing: ReturnType<typeof planFraming> | undefined;
  const plannedFraming = async () => {
    framing ??= planFraming(await measured());
    return framing;
  };
  let grounds: ReturnType<typeof planGrounds> | undefined;
  const randomized = async (): Promise<PreparedRung> => {
    const problem = await unfollowed();
    if (problem !== undefined) return { skipped: cannotFollow(problem) };
    const treatment = randomize(plugin, { ...plugin.randomization, seed });
    return put('randomization', 'randomized', treatment);
  };
  const framed = async (): Promise<PreparedRung> => {
    const problem = await unfollowed();
    if (problem !== undefined) return { skipped: cannotFollow(problem) };
    if (!labelLimits(plugin.annotation.geometry).moves) {
      return { skipped: 'Skipped: the pictures have companions, which would have to move with them.' };
    }
    const { plan, reason } = await plannedFraming();
    if (!plan) return { skipped: `Skipped: ${reason}.` };
    return put('framing', 'framed', frame(plugin, plan));
  };
  const grounded = async (): Promise<PreparedRung> => {
    grounds ??= planGrounds({ ...(await measured()), cutFrom: real.images });
    const { plan, reason } = await grounds;
    if (!plan) return { skipped: `Skipped: ${reason}.` };
    return put('grounds', 'grounded', putOnGrounds(plugin, plan, seed));
  };
  const lit = async (name: 'camera' | 'lit', standing: Stack): Promise<PreparedRung> => {
    const { framing, grounds } = standing;
    const before = applyTreatments(
      [framing, grounds].filter((one) => one !== undefined),
      synthetic.training,
    );
    const pictures: { synthetic: Dataset<RealImage>; real: Dataset<RealImage> } = {
      synthetic: before,
      real: real.images,
    };
    const setting = name === 'camera' ? 'auto' : 'light';
    // What is tried is said with the rung, in its turn.
    const silent = { ...job, emit: () => {} };
    const { matcher } = await openMatching(setting, { ...pictures, plugin, recipe, seed }, silent);
    const names = matcher.corrections.map(({ correction }) => correction);
    if (names.length === 0) {
      return { skipped: 'Skipped: no correction brings the sets closer.' };
    }
    if (name === 'lit' && names.every((one) => one === 'blur' || one === 'noise' || one === 'jpeg')) {
      return { skipped: 'Skipped: nothing differs but what the camera does.' };
    }
    return put('light', name, matchLight(name, matcher));
  };
  const whyNotWarped = async (): Promise<string | undefined> => {
    const problem = await unfollowed();
    if (problem !== undefined) return cannotFollow(problem);
    if (recipe.displacement !== undefined) return 'Skipped: the recipe moves things already, see refined.';
    if (!labelLimits(plugin.annotation.geometry).bends) {
      return 'Skipped: the labels cannot follow where a picture is bent.';
    }
    const size = hasSize(plugin.image) ? plugin.image : await commonSize(synthetic.training, real.images);
    if (!size) return 'Skipped: what moves things takes pictures of one size, and these differ.';
    if (Math.max(size.width, size.height) > LARGEST_WARPED) {
      return `Skipped: pictures of more than ${LARGEST_WARPED} pixels a side take too long to move things in.`;
    }
    return undefined;
  };
  const learned = async (name: 'refined' | 'warped', standing: Stack): Promise<PreparedRung> => {
    if (standing.grounds) {
      return {
        skipped: 'Skipped: a refiner would learn from grounds that are parts of real pictures already.',
      };
    }
    const problem = name === 'warped' ? await whyNotWarped() : undefined;
    if (problem !== undefined) return { skipped: problem };
    const isFramed = standing.names.includes('framed');
    const refiner = await means.train({
      displacement: name === 'warped' ? DEFAULT_DISPLACEMENT.target : undefined,
      framing: isFramed ? (await plannedFraming()).plan : undefined,
      match: standing.names.includes('lit') ? 'light' : undefined,
    });
    const { light: _, ...others } = standing;
    const what = `${refiner.matcher.corrections.length > 0 ? 'corrections of light and ' : ''}a trained refiner`;
    return { stack: { ...others, refiner, names: [] }, what };
  };
  const pseudoLabeled = (): PreparedRung => {
    if (typeof task === 'string') return { skipped: `Skipped: ${task}` };
    const { answer } = task.estimator;
    if (answer?.kind !== 'class' || !answer.annotation) {
      return {
        skipped: 'Skipped: annotations say more than a class, which is all that networks could label.',
      };
    }
    if (real.images.length < 2 * FEWEST_LABELED) {
      return { skipped: `Skipped: it takes at least ${2 * FEWEST_LABELED} real pictures.` };
    }
    return {
      stack: { names: ['pseudo-labeled'] },
      what: `the most certain half of each class of ${task.what}`,
    };
  };
  const put = (
    field: 'framing' | 'grounds' | 'light' | 'randomization',
    name: RungName,
    treatment: Treatment,
  ): PreparedRung => ({ stack: { names: [name], [field]: treatment }, what: treatment.describe() });
  return async (name, standing) => {
    const makers: Readonly<Record<RungName, () => PreparedRung | Promise<PreparedRung>>> = {
      randomized,
      framed,
      grounded,
      camera: () => lit('camera', standing),
      lit: () => lit('lit', standing),
      refined: () => learned('refined', standing),
      warped: () => learned('warped', standing),
      'pseudo-labeled': pseudoLabeled,
    };
    const rung = await makers[name]();
    if (rung.skipped !== undefined) return rung;
    return {
      what: rung.what,
      stack: { ...standing, ...rung.stack, names: namesOf(withRung(standing.names, name)) },
    };
  };
}

/** A field that moves things is as large as the picture, pixels of a side. */
const LARGEST_WARPED = 128;

/** Real pictures to label, and as many others to judge by; fewer say little. */
const FEWEST_LABELED = 50;

const cannotFollow = (problem: string) =>
  `Skipped: the labels could not follow where pictures move. ${problem}`;

/** A refiner brings its own corrections of light. */
function namesOf(names: readonly RungName[]): readonly RungName[] {
  const isLearned = names.some((name) => name === 'refined' || name === 'warped');
  return isLearned ? names.filter((name) => name !== 'camera') : names;
}

/** The stack of rungs that were chosen by hand. @returns a stack, and the rungs that could not be put on it, with reasons. */
export async function stackOf(
  names: readonly RungName[],
  make: ReturnType<typeof rungMaker>,
  start: Stack,
): Promise<{ stack: Stack; skipped: readonly { name: RungName; reason: string }[] }> {
  let stack = start;
  const skipped: { name: RungName; reason: string }[] = [];
  for (const name of names) {
    const rung = await make(name, stack);
    if (rung.skipped === undefined) stack = rung.stack;
    else skipped.push({ name, reason: rung.skipped });
  }
  return { stack, skipped };
}
