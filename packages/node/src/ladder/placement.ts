/** @file Where a rung puts what the pictures of a stack show, and on what ground. */
import type { Dataset, Sample } from '@simgan/core';
import type { JudgedTask } from './judged-task.ts';
import type { Stack } from './stack.ts';

/**
 * Gives a sample of a stack the place that it has on top of a rung, whose labels are right by construction. Another
 * `variant` of it stands on another ground.
 */
export type Place = (sample: Sample<unknown>, variant?: string) => Sample<unknown>;

/** Framing and grounds come before all else that a stack does, so that they start from pictures as they were. */
export async function placementBy(
  { framing, grounds, randomization }: Stack,
  samples: Dataset<Sample<unknown>>,
  { fit }: JudgedTask,
): Promise<Place> {
  const originals = new Map<string, Sample<unknown>>();
  for await (const sample of samples) originals.set(sample.id, fit(sample));
  return (sample, variant = '') => {
    const { id } = sample;
    const original = originals.get(id) ?? sample;
    const framed = framing ? framing.apply(original) : original;
    const grounded = grounds ? { ...grounds.apply({ ...framed, id: `${id}${variant}` }), id } : framed;
    return randomization ? randomization.apply(grounded) : grounded;
  };
}
