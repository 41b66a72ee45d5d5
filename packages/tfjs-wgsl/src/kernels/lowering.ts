import type { Scope } from './finish.ts';
import type { Kernel } from './shader.ts';

/** The kernels of a cluster whose first member has the operator, in the order in which they run. */
export type Lowering = (scope: Scope, label: string) => Kernel[];
