import type { Rng } from '@simgan/core';

/**
 * Milliseconds to wait before a request is sent again: twice as long each time up to a limit, half of it at random so
 * that many who failed together do not all come back together (Brooker, "Exponential Backoff And Jitter", 2015: equal
 * jitter).
 *
 * @param failures - how often the request has failed, from 1.
 */
export function backoffDelay(
  failures: number,
  rng: Rng,
  { backoffMs, maxBackoffMs }: { readonly backoffMs: number; readonly maxBackoffMs: number },
): number {
  const longest = Math.min(maxBackoffMs, backoffMs * 2 ** (failures - 1));
  return (longest / 2) * (1 + rng.next());
}
