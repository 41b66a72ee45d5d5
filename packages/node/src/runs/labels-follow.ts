/** @file Whether and how the labels of what is refined follow where pictures move. */
import { type Plugin, SimganError, spreadItems } from '@simgan/core';
import { affineMap, carryLabels, type LabelGeometry } from '@simgan/core/geometry';
import type { SyntheticSource } from './sources.ts';

/** Samples that are looked at before anything moves; what no other one shows ends the job when it comes. */
const LOOKED_AT = 16;

/** The plugin with the geometry of the labels that are refined: of another program's, that which was declared. */
export function withLabelsOf(plugin: Plugin, { geometry }: Pick<SyntheticSource, 'geometry'>): Plugin {
  return geometry ? { ...plugin, annotation: { ...plugin.annotation, geometry } } : plugin;
}

/** Why labels cannot follow where pictures move, as a sentence; `undefined` if they can, or there are none. */
export async function followProblem({
  annotations,
  geometry,
  samples,
}: Pick<SyntheticSource, 'annotations' | 'geometry' | 'samples'>): Promise<string | undefined> {
  if (!geometry) {
    return annotations === 'plugin' ? undefined : 'What the fields of the labels are is not known.';
  }
  for await (const { annotation, image } of spreadItems(samples, LOOKED_AT)) {
    try {
      carryLabels(affineMap(image, { shift: [1, 0] }), annotation, geometry as LabelGeometry<unknown>);
    } catch (error) {
      if (error instanceof SimganError) return error.message;
      throw error;
    }
  }
  return undefined;
}
