import { SimganError } from '@simgan/core';
import type { SyntheticSource } from './sources.ts';

/**
 * Refuses labels that a refiner that moves things cannot move along. Pictures without labels are fine.
 *
 * @throws SimganError INVALID_ARGUMENT if there are labels and they are not of the plugin's kind.
 */
export async function checkLabelsMove(
  { annotations, samples, origin }: Pick<SyntheticSource, 'annotations' | 'samples' | 'origin'>,
  plugin: string,
): Promise<void> {
  if (annotations === 'plugin' || samples.length === 0) return;
  const { annotation } = await samples.at(0);
  if (typeof annotation !== 'object' || annotation === null || Object.keys(annotation).length === 0) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `A refiner that moves what pictures show has to move their labels too, and those of ${origin} are not of the kind that the plugin ${plugin} knows. Refine without \`displacement\`, or bring the labels into the plugin's form.`,
  );
}
