import { declareFinish, lanesOf } from './finish.ts';
import type { Lowering } from './lowering.ts';
import { Shader } from './shader.ts';

/** A cluster of elementwise operators alone. */
export const elementwise: Lowering = (scope, label) => {
  const shader = new Shader();
  const lanes = lanesOf(scope);
  declareFinish(shader, scope, lanes);
  const threads = Math.ceil(scope.length / lanes);
  return [shader.flat(label, threads, `  finish(t * ${lanes}u);`)];
};
