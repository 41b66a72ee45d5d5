import {
  createMatcher,
  type Dataset,
  type Matcher,
  type MatchPlan,
  type MatchSetting,
  type Plugin,
  planCorrections,
  type RealImage,
} from '@simgan/core';
import { formatMatch } from './match-text.ts';
import type { Output } from './output.ts';

/** Corrections that were decided on, ready to be applied. */
export interface Matching {
  readonly plan: MatchPlan;
  /** The corrections with their strengths in one line, as `--match` takes it. */
  readonly text: string;
  readonly matcher: Matcher;
}

/** Decides on corrections and says which and why. The same pictures, setting and seed give the same. */
export async function openMatching(
  setting: MatchSetting,
  { synthetic, real, seed }: { synthetic: Dataset<RealImage>; real: Dataset<RealImage>; seed: number },
  { image }: Plugin,
  output: Output,
): Promise<Matching> {
  const plan = await planCorrections(setting, { synthetic, real, image, seed });
  const text = formatMatch(plan.corrections);
  if (setting !== 'none') {
    output.note(
      `match     ${text}${setting === 'auto' ? ', as the two sets suggest' : ''} (--match none leaves light as it is)`,
    );
    output.event('match', { corrections: plan.corrections, omitted: plan.omitted });
  }
  return { plan, text, matcher: await createMatcher(plan.corrections, real, { image, seed }) };
}
