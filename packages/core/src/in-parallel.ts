/**
 * Runs a job for each index in [0, count), at most `limit` at a time. The first failure stops new jobs, waits
 * for those under way and is thrown.
 */
export async function inParallel(
  count: number,
  job: (index: number) => Promise<void>,
  { limit, signal }: { limit: number; signal?: AbortSignal | undefined },
): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const worker = async () => {
    while (next < count && failures.length === 0) {
      try {
        signal?.throwIfAborted();
        await job(next++);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, count) }, worker));
  if (failures.length > 0) throw failures[0];
}
