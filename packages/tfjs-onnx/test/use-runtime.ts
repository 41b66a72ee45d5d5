import { afterAll, beforeAll } from 'vitest';
import { createOnnxRuntime, type OnnxRuntime, type OnnxRuntimeOptions } from '../src/index.ts';

/** One runtime for all tests of a file. */
export function useRuntime(options: OnnxRuntimeOptions): () => OnnxRuntime {
  let runtime: OnnxRuntime | undefined;
  beforeAll(async () => {
    runtime = await createOnnxRuntime({ threads: 1, ...options });
  });
  afterAll(() => runtime?.dispose());
  return () => runtime!;
}
