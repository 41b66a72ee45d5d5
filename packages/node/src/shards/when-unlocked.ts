import { setTimeout } from 'node:timers/promises';
import { SimganError } from '@simgan/core';

/** How often to look whether another process is done with the shard. */
const POLL_MS = 500;

/** How another process is waited for. */
export interface WaitOptions {
  /** Called once if another process is writing the same shard, which is waited for. */
  readonly onWait?: ((reason: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Tries to write a shard until no other process is writing it. @throws what `write` throws, except OUTPUT_LOCKED. */
export async function whenUnlocked<Result>(
  write: () => Promise<Result>,
  { onWait, signal }: WaitOptions,
): Promise<Result> {
  for (let isWaiting = false; ; isWaiting = true) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof SimganError) || error.code !== 'OUTPUT_LOCKED') throw error;
      if (!isWaiting) onWait?.(error.message);
      await setTimeout(POLL_MS);
      signal?.throwIfAborted();
    }
  }
}
