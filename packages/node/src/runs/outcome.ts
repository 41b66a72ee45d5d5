import type { Symptom } from '@simgan/core/monitoring';

/** How a training ended. */
export interface Outcome {
  /** Steps done, warm-up included. */
  readonly steps: number;
  /** The step whose refiner is the run's; absent if no look was valid, and the last refiner is used. */
  readonly best?: number;
  /** Why it ended, as a clause. */
  readonly ended: string;
  /** What is wrong with the last look, the most serious first. */
  readonly symptoms: readonly Symptom[];
}
