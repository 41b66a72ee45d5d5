/** @file How many pixels may be decoded at the same time, in all of the process. */
import { AsyncLocalStorage } from 'node:async_hooks';

/** The default budget: a hundred pictures of a megapixel, or two of the largest that are read. */
export const PIXEL_BUDGET = 100_000_000;

interface Waiting {
  readonly weight: number;
  readonly budget: number;
  begin(): void;
}

let inFlight = 0;
/** In the order in which they came: a large picture is not overtaken by small ones for ever. */
const waiting: Waiting[] = [];
/** Set within a job: what it decodes itself must not wait for it. */
const within = new AsyncLocalStorage<true>();

/**
 * Does a job that holds decoded pixels once the pixels of all jobs in progress fit the budget. A job that does not fit
 * it by itself is done alone. Jobs begin in the order in which they came; a job within a job begins at once.
 *
 * @param weight - pixels.
 * @param budget - pixels.
 */
export async function withinPixelBudget<Value>(
  weight: number,
  budget: number,
  job: () => Promise<Value>,
): Promise<Value> {
  if (within.getStore()) return job();
  await new Promise<void>((begin) => {
    waiting.push({ weight, budget, begin });
    beginNext();
  });
  try {
    return await within.run(true, job);
  } finally {
    inFlight -= weight;
    beginNext();
  }
}

function beginNext(): void {
  for (let next = waiting[0]; next; next = waiting[0]) {
    if (inFlight > 0 && !(inFlight + next.weight <= next.budget)) return;
    waiting.shift();
    inFlight += next.weight;
    next.begin();
  }
}
