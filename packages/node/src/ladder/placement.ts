/** @file Where framing puts what the pictures of a stack show. */
import type { Dataset, Sample } from '@simgan/core';
import type { Treatment } from '@simgan/core/treating';
import type { JudgedTask } from './judged-task.ts';
import type { Stack } from './stack.ts';

/** Gives a sample of a stack the place that it has where the stack is framed as well. */
export type Place = (sample: Sample<unknown>) => Sample<unknown>;

/** Framing comes before all else that a stack does, so that it starts from pictures as they were. */
export async function placementBy(
  framing: Treatment,
  { randomization }: Stack,
  samples: Dataset<Sample<unknown>>,
  { fit }: JudgedTask,
): Promise<Place> {
  const originals = new Map<string, Sample<unknown>>();
  for await (const sample of samples) originals.set(sample.id, fit(sample));
  return (sample) => {
    const framed = framing.apply(originals.get(sample.id) ?? sample);
    return randomization ? randomization.apply(framed) : framed;
  };
}
