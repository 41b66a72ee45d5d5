/** Limits on what a model may take: a file of a few kilobytes can describe any amount of work. */
import { OnnxError } from '../errors.ts';

/** Nodes that the computed value depends on; large networks have a few thousand. */
export const MOST_STEPS = 10_000;
/** Axes of a value; TensorFlow.js has kernels for 6. */
export const MOST_AXES = 8;
/** Rows or columns of a filter or pooling window, and of padding. */
export const MOST_WINDOW = 4096;
/** Values of all filters that are expanded, and of weights that are rearranged, at import. */
export const MOST_EXPANDED = 2 ** 28;
/** Rows or columns that a value is resized to. */
export const MOST_RESIZED = 2 ** 16;
/** Values of one result; they fill 1 GiB. */
const MOST_VALUES = 2 ** 28;
/** Values of all results together, for each image of a batch; they fill 1 GiB. */
const MOST_VALUES_PER_IMAGE = 2 ** 28;
/** Multiplications for each image of a batch; the largest networks take a quarter of it. */
const MOST_WORK_PER_IMAGE = 2 ** 38;

/** The budgets of the model that is being computed. */
let current: { readonly values: Budget; readonly work: Budget } | undefined;

/** Computes a model for a batch of images, with limits on what it takes up and on the work. */
export function withinBudgets<Result>(images: number, compute: () => Result): Result {
  const outer = current;
  const most = Math.max(1, images);
  current = {
    values: budgetOf(most * MOST_VALUES_PER_IMAGE, 'the results up to here have too many values'),
    work: budgetOf(most * MOST_WORK_PER_IMAGE, 'the results up to here take too many multiplications'),
  };
  try {
    return compute();
  } finally {
    current = outer;
  }
}

/** Counts a result. @throws OnnxError if all results have too many values. */
export function spendValues(values: number): void {
  current?.values.spend(values);
}

/**
 * Checks a result before it is computed.
 *
 * @param work - multiplications for each value. Default: 1.
 * @throws OnnxError if it would not fit into memory or would take too long.
 */
export function checkSize(shape: readonly number[], work = 1): void {
  const values = shape.reduce((product, length) => product * length, 1);
  if (values > MOST_VALUES) {
    throw new OnnxError(
      `its result of shape [${shape}] has ${values} values; at most ${MOST_VALUES} are allowed`,
    );
  }
  current?.work.spend(values * work);
}

/** Counts values down to a limit. */
export interface Budget {
  /** @throws OnnxError if that is more than what is left. */
  spend(values: number): void;
}

/** @param what - the message if too much is spent, up to the number of values that are allowed. */
export function budgetOf(most: number, what: string): Budget {
  let spent = 0;
  return {
    spend(values) {
      spent += values;
      if (!(spent <= most)) throw new OnnxError(`${what}; at most ${most} are allowed`);
    },
  };
}

/** The values of an attribute or input that counts rows, columns or steps. @throws OnnxError if one is out of range. */
export function checkLengths(what: string, lengths: readonly number[], least: 0 | 1): void {
  if (lengths.every((length) => Number.isInteger(length) && length >= least && length <= MOST_WINDOW)) return;
  throw new OnnxError(
    `its ${what} is [${lengths}]; whole numbers from ${least} to ${MOST_WINDOW} are supported`,
  );
}
