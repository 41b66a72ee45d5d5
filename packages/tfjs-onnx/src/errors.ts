/**
 * Thrown when a step cannot be exported as an ONNX file, and when a model cannot be imported. The message states what
 * is wrong, where, and what to do.
 */
export class OnnxError extends Error {
  override readonly name = 'OnnxError';
}
