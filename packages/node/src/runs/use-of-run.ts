/** @file What the judge within a training said of the refiner that the training ended with. */
import { join } from 'node:path';
import type { RefinementFindings } from '@simgan/core/evaluation';
import { readLooks } from './looks-log.ts';
import { readOutcome } from './report-files.ts';
import { runFiles } from './run-folder.ts';

/**
 * The last verdict on use before the step that the refiner was taken from; `undefined` if use was not judged until then.
 *
 * @throws SimganError INVALID_FILE if a file of the run is damaged.
 */
export async function useOfRun(run: string): Promise<RefinementFindings['use']> {
  const { best = Number.POSITIVE_INFINITY } = (await readOutcome(run)) ?? {};
  const looks = await readLooks(join(run, runFiles.looks));
  const judged = looks.findLast(({ step, use }) => use !== undefined && step <= best);
  if (!judged?.use) return undefined;
  const { verdict, reason } = judged.use;
  return { verdict, reason: `${reason} This was judged at step ${judged.step} of the training.` };
}
