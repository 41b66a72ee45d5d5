import type { Dataset } from '../dataset.ts';
import type { Sample } from '../sample.ts';

/**
 * Something that is done to synthetic pictures before anyone trains on them: their annotations follow. Ids stay the
 * same, and a sample's result depends on the treatment, its id and nothing else.
 */
export interface Treatment {
  /** The rung of the ladder that it stands on: `randomized`. */
  readonly name: string;
  /** What is done, with figures, as text for people. */
  describe(): string;
  /** Treats one sample. */
  apply<Annotation>(sample: Sample<Annotation>): Sample<Annotation>;
  treat<Annotation>(samples: Dataset<Sample<Annotation>>): Dataset<Sample<Annotation>>;
}

/** Applies treatments, the first one first. Without any, the dataset itself is returned. */
export function applyTreatments<Annotation>(
  treatments: readonly Treatment[],
  samples: Dataset<Sample<Annotation>>,
): Dataset<Sample<Annotation>> {
  return treatments.reduce((treated, treatment) => treatment.treat(treated), samples);
}
