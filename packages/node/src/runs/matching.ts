import type { Dataset, Plugin, RealImage, TrainingRecipe } from '@simgan/core';
import {
  createMatcher,
  formatMatch,
  type Matcher,
  type MatchPlan,
  type MatchSetting,
  planCorrections,
} from '@simgan/core/matching';
import { cropsOf, trainingForm } from '@simgan/core/training';
import type { Job } from './job.ts';

/** Corrections of light that were decided on, ready to be applied. */
export interface Matching {
  readonly plan: MatchPlan;
  /** The corrections with their strengths in one line, as `match` takes it. */
  readonly text: string;
  readonly matcher: Matcher;
}

/** Decides on corrections of light, and tells which and why. The same pictures, setting and seed give the same. */
export async function openMatching(
  setting: MatchSetting,
  {
    synthetic,
    real,
    plugin,
    recipe,
    seed,
  }: {
    synthetic: Dataset<RealImage>;
    real: Dataset<RealImage>;
    plugin: Pick<Plugin, 'image'>;
    recipe: TrainingRecipe;
    seed: number;
  },
  job: Job,
): Promise<Matching> {
  const form = trainingForm(plugin.image, recipe);
  const sets = { synthetic: cropsOf(synthetic, form, seed), real: cropsOf(real, form, seed) };
  const plan = await planCorrections(setting, { ...sets, image: form, seed });
  const text = formatMatch(plan.corrections);
  if (setting !== 'none') {
    job.emit({ type: 'match', text, corrections: plan.corrections, omitted: plan.omitted });
  }
  return { plan, text, matcher: await createMatcher(plan.corrections, sets.real, { image: form, seed }) };
}
