/** A step that cannot be traced, compiled or fed; the message says what was wrong, where, and what to do. */
export class OnnxError extends Error {
  override readonly name = 'OnnxError';
}
