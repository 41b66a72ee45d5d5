/** The kind of error. Stable, so that callers may branch on it. */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_PLUGIN'
  | 'INVALID_FILE'
  | 'INVALID_IMAGE'
  | 'NOT_ENOUGH_DATA'
  | 'OUTPUT_EXISTS'
  | 'OUTPUT_FAILED'
  | 'OUTPUT_LOCKED'
  | 'ENGINE_UNAVAILABLE'
  | 'ENGINE_FAILED'
  | 'FETCH_FAILED'
  | 'RENDERING_FAILED'
  | 'TRAINING_DIVERGED'
  | 'REFINEMENT_WORSE';

/**
 * An error whose message is meant for the user: what was wrong, where, and what to do. Anything else that is
 * thrown is a bug.
 */
export class SimganError extends Error {
  override readonly name = 'SimganError';
  readonly code: ErrorCode;
  /** Everything that was wrong, one sentence each. Default: the message alone. */
  readonly problems: readonly string[];

  constructor(
    code: ErrorCode,
    message: string,
    options: ErrorOptions & { problems?: readonly string[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.problems = options.problems ?? [message];
  }
}
