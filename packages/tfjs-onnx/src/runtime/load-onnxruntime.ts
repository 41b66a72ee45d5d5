/** Loads ONNX Runtime, an optional dependency: npm leaves it out where its install script fails. */
import { OnnxError } from '../errors.ts';

/**
 * The module `onnxruntime-node`.
 *
 * @throws OnnxError with the way out if it is not installed or does not load.
 */
export async function loadOnnxruntime(): Promise<typeof import('onnxruntime-node')> {
  return import('onnxruntime-node').catch((cause: Error) => {
    throw new OnnxError(reasonFor(cause), { cause });
  });
}

function reasonFor(cause: Error): string {
  const isMissing = 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
  return isMissing
    ? 'onnxruntime-node is not installed. npm leaves it out where its install script, which downloads CUDA libraries, fails, as behind a proxy; install again with ONNXRUNTIME_NODE_INSTALL=skip in the environment, or with npm install --ignore-scripts.'
    : `onnxruntime-node is installed but does not load here (${cause.message.split('\n')[0]}).`;
}
