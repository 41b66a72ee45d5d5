import type { Plugin } from '@simgan/core';
import { type LabelProbe, placesMeter, probeMeter, type ShiftMeter } from '@simgan/core/evaluation';

/** The plugin's probe for labels of this kind: of annotations that the plugin's schema never saw it expects nothing. */
export function probeFor({ probe }: Plugin, annotations: 'plugin' | 'foreign'): LabelProbe | undefined {
  return probe && annotations === 'foreign' ? { ...probe, expected: () => ({}) } : probe;
}

/** What measures how far the label of one picture moved: the plugin's probe, or what is seen where labels are. */
export function meterFor(plugin: Plugin, annotations: 'plugin' | 'foreign'): ShiftMeter | undefined {
  const probe = probeFor(plugin, annotations);
  if (probe) return probeMeter(probe);
  if (annotations === 'foreign') return undefined;
  return placesMeter(plugin.annotation.geometry, plugin.image);
}
