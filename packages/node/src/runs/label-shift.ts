import type { Plugin } from '@simgan/core';
import type { LabelProbe } from '@simgan/core/evaluation';

/** The plugin's probe for labels of this kind: of annotations that the plugin's schema never saw it expects nothing. */
export function probeFor({ probe }: Plugin, annotations: 'plugin' | 'foreign'): LabelProbe | undefined {
  return probe && annotations === 'foreign' ? { ...probe, expected: () => ({}) } : probe;
}
