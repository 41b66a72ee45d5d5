import { availableParallelism } from 'node:os';
import { inParallel as runInParallel } from '../in-parallel.ts';

/** How many files are worked on at once: enough to keep the decoders busy, few enough to bound memory. */
export const PARALLEL_FILES = Math.min(8, Math.max(2, availableParallelism()));

/** As the core's, at most {@link PARALLEL_FILES} at a time unless given. */
export function inParallel(
  count: number,
  job: (index: number) => Promise<void>,
  { limit = PARALLEL_FILES, signal }: { limit?: number; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  return runInParallel(count, job, { limit, signal });
}
