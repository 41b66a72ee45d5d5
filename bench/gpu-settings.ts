import type { Setting, StepName } from './subjects.ts';

/** What is run on a GPU. */
export interface GpuSetting extends Omit<Setting, 'threads'> {
  readonly steps: readonly StepName[];
}

export const GPU_SETTINGS: readonly GpuSetting[] = [
  ...[32, 128, 512].map((batch) => ({ network: 'eyes', batch, steps: ['G', 'D', 'refine'] }) as const),
  { network: 'quick', batch: 16, steps: ['G', 'D'] },
  { network: 'hands', batch: 8, steps: ['G'] },
];
