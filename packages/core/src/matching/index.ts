export {
  type Correction,
  type CorrectionName,
  type CorrectionSpec,
  correctionKinds,
  correctionNames,
  type MatchKind,
  type MatchSetting,
  matchProblems,
} from './corrections.ts';
export { formatMatch, parseMatch } from './match-text.ts';
export { createMatcher, type Matcher, matcherOf, type Reference } from './matcher.ts';
export { type MatchPlan, type PlannedCorrection, type PlanOptions, planCorrections } from './plan.ts';
export { isOfMatcher, restoreMatcher, type StoredMatcher, storeMatcher } from './stored-matcher.ts';
