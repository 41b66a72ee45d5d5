/** What a convolution covers, and what becomes of its sums. */
import type { Value } from '../trace/graph.ts';
import type { Window2D } from '../trace/window.ts';

export const windowOf = (value: Value) => value.attributes as unknown as Window2D & Epilogue;

/** What a convolution does to its sum before it is stored; `bias` and `residual` follow the filter as inputs. */
export interface Epilogue {
  readonly bias?: 1;
  readonly residual?: 1;
  readonly activation?: string;
}
