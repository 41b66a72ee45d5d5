/** Loads ONNX Runtime: `@simgan/onnxruntime`, or where it is installed the same with CUDA. */
import { createRequire } from 'node:module';
import { OnnxError } from '../errors.ts';

/** What `@simgan/onnxruntime` is a copy of. Two versions in one process would share the library that is loaded first. */
export const ONNXRUNTIME_VERSION = '1.30.0';

/**
 * The module `@simgan/onnxruntime`; `onnxruntime-node` where that is installed in the same version, because its install
 * script may have added CUDA.
 *
 * @throws OnnxError with the reason if it does not load here.
 */
export async function loadOnnxruntime(): Promise<typeof import('@simgan/onnxruntime')> {
  const load = hasOnnxruntimeNode() ? import('onnxruntime-node') : import('@simgan/onnxruntime');
  return load.catch((cause: Error) => {
    const platform = `${process.platform}-${process.arch}`;
    const reason = cause.message.split('\n')[0];
    throw new OnnxError(`ONNX Runtime does not load on ${platform} (${reason}).`, { cause });
  });
}

function hasOnnxruntimeNode(): boolean {
  const require = createRequire(import.meta.url);
  try {
    const { version } = require('onnxruntime-node/package.json') as { version: string };
    return version === ONNXRUNTIME_VERSION;
  } catch {
    return false;
  }
}
