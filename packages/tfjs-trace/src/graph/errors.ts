/**
 * Thrown when a step cannot be traced, compiled or run. The message states what is wrong, where in the caller's code,
 * and what to do.
 */
export class StepError extends Error {
  override readonly name = 'StepError';
}
