/** @file Losses are read while the next update runs, so that a GPU does not wait for the reading. */
import type { Training } from './training.ts';

/** An update that an engine was given, and the losses that it will report. */
export interface Started<Losses> {
  readonly losses: Promise<Losses>;
}

/** Starts an update, then reads the losses of the one before. What it reports itself is kept when it is read. */
export async function startUpdate<Losses>(
  training: Training,
  begin: () => Promise<Started<Losses>>,
  keep: (losses: Losses) => void,
): Promise<void> {
  const { losses } = await begin();
  const kept = losses.then(keep);
  // Thrown where it is awaited, which it is not if the update before failed.
  kept.catch(() => {});
  await settle(training);
  training.unread = kept;
}

/** Waits until the losses of all updates were read: the training is then at rest. */
export async function settle(training: Training): Promise<void> {
  const { unread } = training;
  training.unread = undefined;
  await unread;
}
