import type { Folder, Reject } from '@simgan/core/reading';
import type { LabeledObject } from '../objects/objects.ts';
import { encodeMask } from '../objects/run-length.ts';
import type { FormatCompanion, FormatContent, FormatReadOptions } from '../registry/dataset-format.ts';
import { lazyContent } from '../registry/lazy-content.ts';
import { type LabeledPicture, resolveWithin } from '../registry/picture-files.ts';
import { checked, LARGEST_PICTURE_LABELS, readJson, rejectOf } from '../registry/read-labels.ts';
import { annotationSchemas, definitionsSchema, frameSchema, type SoloAnnotations } from './solo-schema.ts';

/** The files of frames of a folder. */
export function frameFiles({ files }: Pick<Folder, 'files'>): string[] {
  return files.filter((file) => /(^|\/)sequence\.\d+\/[^/]*frame_data\.json$/.test(file));
}

interface Capture extends LabeledPicture {
  readonly segmentation?: { readonly file: string; readonly colors: ReadonlyMap<number, number> };
  readonly instances: readonly (number | undefined)[];
}

/**
 * Reads Unity Perception's frames: boxes, keypoints, and masks by the colors of instances; files of depth, normals and
 * classes become companions, other labels are named as left out.
 */
export async function readSolo(
  folder: Folder,
  { onProgress, signal }: FormatReadOptions,
): Promise<FormatContent> {
  const known = new Set(folder.files);
  const names = await keypointNames(folder);
  const captures: Capture[] = [];
  const rejects: Reject[] = [];
  const left = new Map<string, number>();
  const files = frameFiles(folder);
  for (const [done, file] of files.entries()) {
    signal?.throwIfAborted();
    try {
      const frame = await readJson(folder, file, frameSchema, LARGEST_PICTURE_LABELS);
      const base = file.split('/').slice(0, -1).join('/');
      for (const { filename, annotations: all } of frame.captures) {
        const picture = resolveWithin(base, filename);
        if (picture === undefined || !known.has(picture)) {
          rejects.push({
            file,
            reason: `Its picture ${JSON.stringify(filename.slice(0, 200))} is not in the folder.`,
          });
          continue;
        }
        const annotations: Record<string, unknown> = {};
        const companions: FormatCompanion[] = [];
        for (const annotation of all) {
          const type = annotation['@type'].split('.').at(-1)!;
          if (Object.hasOwn(annotationSchemas, type)) {
            annotations[type] = checked(
              annotation,
              annotationSchemas[type as keyof typeof annotationSchemas],
              file,
            );
            continue;
          }
          const own = companionOf(type, annotation, base, known);
          if (own) companions.push(own);
          else left.set(type, (left.get(type) ?? 0) + 1);
        }
        const capture = captureOf(picture, base, annotations as SoloAnnotations, names, known);
        captures.push(companions.length > 0 ? { ...capture, companions } : capture);
      }
    } catch (error) {
      rejects.push(rejectOf(file, error));
    }
    onProgress?.(done + 1, files.length);
  }
  for (const [type, count] of left)
    rejects.push({ file: type, reason: `${count} annotations of this kind are left out.` });
  return lazyContent(captures, rejects, async ({ annotation, segmentation, instances }) => {
    if (!segmentation) return annotation;
    const { width, height, data } = await folder.picture(segmentation.file, { channels: 3, bits: 8 });
    const colorAt = Uint32Array.from(
      { length: width * height },
      (_, i) => (data[3 * i]! << 16) | (data[3 * i + 1]! << 8) | data[3 * i + 2]!,
    );
    const objects = annotation.objects.map((object, index) => {
      const color = segmentation.colors.get(instances[index] ?? -1);
      if (color === undefined) return object;
      return {
        ...object,
        mask: encodeMask(
          colorAt.map((one) => (one === color ? 1 : 0)),
          width,
          height,
        ),
      };
    });
    return { ...annotation, objects };
  });
}

/** The file of an annotation that is one: depth, normals, classes by color. */
function companionOf(
  type: string,
  { filename }: Readonly<Record<string, unknown>>,
  base: string,
  known: ReadonlySet<string>,
): FormatCompanion | undefined {
  const file = typeof filename === 'string' ? resolveWithin(base, filename) : undefined;
  if (file === undefined || !known.has(file)) return undefined;
  return { name: type.replace(/Annotation$/, '').toLowerCase(), file };
}

/** Objects by their instance, from all of a capture's annotations. */
function captureOf(
  file: string,
  base: string,
  {
    BoundingBox2DAnnotation: boxes,
    KeypointAnnotation: points,
    InstanceSegmentationAnnotation: masks,
  }: SoloAnnotations,
  names: readonly string[],
  known: ReadonlySet<string>,
): Capture {
  const byInstance = new Map<number | string, LabeledObject>();
  const add = (key: number | string, part: Partial<LabeledObject>) => {
    byInstance.set(key, { class: 'object', ...byInstance.get(key), ...part });
  };
  for (const [index, { instanceId, labelName, origin, dimension }] of (boxes?.values ?? []).entries()) {
    add(instanceId ?? `box ${index}`, { class: labelName, box: [...origin, ...dimension] });
  }
  for (const { instanceId, labelName } of masks?.instances ?? []) add(instanceId, { class: labelName });
  for (const { instanceId, keypoints } of points?.values ?? []) {
    const list = keypoints.map(({ index, location, state }) => ({
      name: names[index] ?? `keypoint_${index}`,
      point: state === 0 ? null : location,
      visibility: state as 0 | 1 | 2,
    }));
    add(instanceId, { keypoints: list });
  }
  const picture = masks && resolveWithin(base, masks.filename);
  const colors = new Map(
    (masks?.instances ?? []).map(({ instanceId, color: [r, g, b] }) => [
      instanceId,
      (r! << 16) | (g! << 8) | b!,
    ]),
  );
  return {
    file,
    picture: { file },
    annotation: { objects: [...byInstance.values()] },
    instances: [...byInstance.keys()].map((key) => (typeof key === 'number' ? key : undefined)),
    ...(picture !== undefined && known.has(picture) && { segmentation: { file: picture, colors } }),
  };
}

async function keypointNames(folder: Folder): Promise<readonly string[]> {
  const file = folder.files.find((one) => /(^|\/)annotation_definitions\.json$/.test(one));
  if (file === undefined) return [];
  const { annotationDefinitions } = await readJson(folder, file, definitionsSchema, LARGEST_PICTURE_LABELS);
  const names: string[] = [];
  for (const { template } of annotationDefinitions) {
    for (const { index, label } of template?.keypoints ?? []) names[index] ??= label;
  }
  return names;
}
