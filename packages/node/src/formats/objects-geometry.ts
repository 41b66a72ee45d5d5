/** @file The geometry of objects whose further fields were declared: `fields.pupil=point`, `objects.fields.head=box`. */
import type { LabelGeometry } from '@simgan/core/geometry';
import { type ObjectsAnnotation, objectsAnnotation } from '@simgan/formats';
import type { DeclaredLabels } from '../datasets/label-declaration.ts';
import { type OtherFields, openGeometry } from '../datasets/open-geometry.ts';

/** Where objects hold what formats have no place for. */
const OF_PICTURE = 'fields.';
const OF_OBJECT = 'objects.fields.';

/** The geometry of objects, their boxes, outlines, masks and keypoints, and of what was declared of their fields. */
export function objectsGeometry(
  declared: DeclaredLabels,
  others: OtherFields,
): LabelGeometry<ObjectsAnnotation> {
  const within = (prefix: string) => {
    const own = [...declared].filter(([path]) => path.startsWith(prefix));
    return openGeometry(new Map(own.map(([path, kind]) => [path.slice(prefix.length), kind])), others);
  };
  const { objects, ...picture } = objectsAnnotation.geometry as LabelGeometry<Required<ObjectsAnnotation>>;
  const { each } = objects as { readonly each: object };
  return {
    ...picture,
    fields: within(OF_PICTURE),
    objects: { each: { ...each, fields: within(OF_OBJECT) } },
  } as unknown as LabelGeometry<ObjectsAnnotation>;
}

/** The fields of objects that formats have no place for, by the paths that they are declared with. */
export function furtherFields({ fields, objects }: ObjectsAnnotation) {
  return { fields: fields ?? {}, objects: objects.map((object) => ({ fields: object.fields ?? {} })) };
}
