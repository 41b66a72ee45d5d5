/** What kind of thing went wrong; stable, so that callers may branch on it. */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_PLUGIN'
  | 'INVALID_FILE'
  | 'INVALID_IMAGE'
  | 'NOT_ENOUGH_DATA'
  | 'OUTPUT_EXISTS'
  | 'OUTPUT_FAILED'
  | 'ENGINE_UNAVAILABLE'
  | 'FETCH_FAILED'
  | 'RENDERING_FAILED'
  | 'TRAINING_DIVERGED';

/**
 * An error whose message is meant for the person in front of the program: what was wrong, where, and what
 * to do. Anything else that is thrown is a defect.
 */
export class SimganError extends Error {
  override readonly name = 'SimganError';
  readonly code: ErrorCode;
  /** Everything that was wrong, a sentence each. Default: the message alone. */
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
