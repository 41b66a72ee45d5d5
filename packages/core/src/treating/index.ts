export { frame } from './frame.ts';
export { type Framing, framingOf, type SetFraming, setFraming } from './framing.ts';
export { contentOf, groundOf } from './ground.ts';
export { type LabelLimits, labelLimits } from './label-limits.ts';
export { matchLight } from './match-light.ts';
export { type FramingPlan, type PlannedFraming, planFraming } from './plan-framing.ts';
export { type GroundsPlan, type PlannedGrounds, planGrounds } from './plan-grounds.ts';
export { putOnGrounds } from './put-on-grounds.ts';
export {
  classicRandomization,
  completeRandomization,
  type RandomizationOptions,
  randomizationProblems,
} from './randomization.ts';
export { type RandomizedDomain, randomize } from './randomize.ts';
export { applyTreatments, type Treatment } from './treatment.ts';
