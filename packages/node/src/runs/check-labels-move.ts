import { SimganError } from '@simgan/core';
import { followProblem } from './labels-follow.ts';
import type { SyntheticSource } from './sources.ts';

/**
 * Refuses labels that a refiner that moves things cannot move along. Pictures without labels are fine.
 *
 * @throws SimganError INVALID_ARGUMENT if there are labels that cannot follow, saying which.
 */
export async function checkLabelsMove(source: SyntheticSource): Promise<void> {
  const problem = await followProblem(source);
  if (problem === undefined) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `A refiner that moves what pictures show has to move their labels too, and those of ${source.origin} cannot follow. ${problem} Or refine without \`displacement\`.`,
  );
}
