import type { Plugin } from '@simgan/core';
import { type LabelProbe, placesMeter, probeMeter, type ShiftMeter } from '@simgan/core/evaluation';
import type { LabelGeometry } from '@simgan/core/geometry';
import type { SyntheticSource } from './sources.ts';

/** The plugin's probe for labels of this kind: of annotations that the plugin's schema never saw it expects nothing. */
export function probeFor({ probe }: Plugin, annotations: 'plugin' | 'foreign'): LabelProbe | undefined {
  return probe && annotations === 'foreign' ? { ...probe, expected: () => ({}) } : probe;
}

/** What measures how far the label of one picture moved: the plugin's probe, or what is seen where labels are. */
export function meterFor(plugin: Plugin, labels: KnownLabels): ShiftMeter | undefined {
  const probe = probeFor(plugin, labels.annotations);
  if (probe) return probeMeter(probe);
  const geometry = geometryOf(plugin, labels);
  return geometry && marksPlaces(geometry) ? placesMeter(geometry, plugin.image) : undefined;
}

/** How labels follow, if anything is known of that. */
export function geometryOf(
  { annotation }: Pick<Plugin, 'annotation'>,
  { annotations, geometry }: KnownLabels,
): LabelGeometry<unknown> | undefined {
  return geometry ?? (annotations === 'plugin' ? (annotation.geometry as LabelGeometry<unknown>) : undefined);
}

/** What is known of the labels of synthetic pictures. */
export type KnownLabels = Pick<SyntheticSource, 'annotations' | 'geometry'>;

const PLACES: readonly string[] = ['point', 'points', 'polygon', 'box', 'corners', 'uvd', 'x'];

/** Whether labels of a geometry are somewhere in their picture. */
function marksPlaces(geometry: unknown): boolean {
  if (typeof geometry === 'string') return PLACES.includes(geometry);
  return typeof geometry === 'object' && geometry !== null && Object.values(geometry).some(marksPlaces);
}
