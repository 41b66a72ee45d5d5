import { SimganError } from '@simgan/core';
import type { Folder, Reject } from '@simgan/core/reading';
import { z } from 'zod';
import { type JsonObject, type LabeledObject, MOST_OBJECTS } from '../objects/objects.ts';
import { encodeMask } from '../objects/run-length.ts';
import type { FormatContent, FormatReadOptions } from '../registry/dataset-format.ts';
import { lazyContent } from '../registry/lazy-content.ts';
import { byStem, type LabeledPicture, picturesIn } from '../registry/picture-files.ts';
import { readJson, rejectOf } from '../registry/read-labels.ts';

const real = z.number();
const perImage = <Schema extends z.ZodType>(schema: Schema) =>
  z.record(z.string().regex(/^\d{1,9}$/), schema);

const poses = perImage(
  z
    .array(
      z.looseObject({
        obj_id: z.int().min(0).max(1e9),
        cam_R_m2c: z.array(real).length(9),
        cam_t_m2c: z.array(real).length(3),
      }),
    )
    .max(MOST_OBJECTS),
);
const box = z.tuple([real, real, real, real]);
const infos = perImage(
  z
    .array(
      z.looseObject({
        ...{ bbox_visib: box.optional(), bbox_obj: box.optional(), visib_fract: real.optional() },
      }),
    )
    .max(MOST_OBJECTS),
);
const cameras = perImage(z.looseObject({ cam_K: z.array(real).length(9).optional() }));

/** Each scene has its poses in a file of its own. */
export function sceneFiles({ files }: Pick<Folder, 'files'>): string[] {
  return files.filter((file) => /(^|\/)scene_gt\.json$/.test(file));
}

interface Scene extends LabeledPicture {
  /** Pictures of the visible parts, by object; some may be missing. */
  readonly masks: readonly (string | undefined)[];
}

/**
 * Reads scenes of BOP: `rgb/` or `gray/` with `scene_gt.json` (poses), `scene_gt_info.json` (boxes), `scene_camera.json`
 * and `mask_visib/`. Poses and cameras become fields of their own names; `depth/` is a companion of each picture, in units of
 * the field `depth_scale`.
 */
export async function readBop(
  folder: Folder,
  { onProgress, signal }: FormatReadOptions,
): Promise<FormatContent> {
  const scenes: Scene[] = [];
  const rejects: Reject[] = [];
  const files = sceneFiles(folder);
  const known = new Set(folder.files);
  for (const [index, file] of files.entries()) {
    signal?.throwIfAborted();
    const base = file.slice(0, -'scene_gt.json'.length);
    try {
      const split = base.split('/').at(-3)?.split('_')[0];
      for (const one of await readScene(folder, base, known, split)) {
        if ('reason' in one) rejects.push(one);
        else scenes.push(one);
      }
    } catch (error) {
      rejects.push(rejectOf(file, error));
    }
    onProgress?.(index + 1, files.length);
  }
  return lazyContent(scenes, rejects, async ({ annotation, masks }) => ({
    ...annotation,
    objects: await Promise.all(
      annotation.objects.map(async (object, index) => {
        const file = masks[index];
        if (file === undefined) return object;
        const { width, height, data } = await folder.picture(file, { channels: 1, bits: 8 });
        return { ...object, mask: encodeMask(data, width, height) };
      }),
    ),
  }));
}

async function readScene(
  folder: Folder,
  base: string,
  known: ReadonlySet<string>,
  split: string | undefined,
): Promise<(Scene | Reject)[]> {
  const scene = await readJson(folder, `${base}scene_gt.json`, poses);
  const optional = async <Schema extends z.ZodType>(name: string, schema: Schema) =>
    known.has(`${base}${name}`) ? await readJson(folder, `${base}${name}`, schema) : undefined;
  const info = await optional('scene_gt_info.json', infos);
  const camera = await optional('scene_camera.json', cameras);
  const pictures = byStem([...picturesIn(folder, `${base}rgb`), ...picturesIn(folder, `${base}gray`)]);
  const depths = byStem(picturesIn(folder, `${base}depth`));
  return Object.entries(scene).map(([number, objects]) => {
    const name = number.padStart(6, '0');
    const file =
      pictures.get(`${base}rgb/${name}`.toLowerCase()) ?? pictures.get(`${base}gray/${name}`.toLowerCase());
    if (!file)
      return {
        file: `${base}scene_gt.json:${number}`,
        reason: `There is no picture ${name} in rgb or gray.`,
      };
    const depth = depths.get(`${base}depth/${name}`.toLowerCase());
    const boxes = info?.[number];
    if (boxes && boxes.length !== objects.length) {
      throw new SimganError(
        'INVALID_FILE',
        `${base}scene_gt_info.json has ${boxes.length} objects for picture ${number}, and scene_gt.json ${objects.length}.`,
      );
    }
    const fields = {
      ...(camera?.[number] as JsonObject | undefined),
      ...(split && ['train', 'val', 'test'].includes(split) && { split }),
    };
    return {
      file,
      picture: { file },
      ...(depth !== undefined && { companions: [{ name: 'depth', file: depth }] }),
      annotation: {
        objects: objects.map((object, index) => objectOf(object as never, boxes?.[index] as never)),
        ...(Object.keys(fields).length > 0 && { fields }),
      },
      masks: objects.map((_, index) => {
        const mask = `${base}mask_visib/${name}_${String(index).padStart(6, '0')}.png`;
        return known.has(mask) ? mask : undefined;
      }),
    };
  });
}

type Bounds = readonly [left: number, top: number, width: number, height: number];
type Info = { readonly bbox_visib?: Bounds; readonly bbox_obj?: Bounds } & JsonObject;

/**
 * An object and its pose. The box of BOP's toolkit spans from the first to the last pixel, so that its width is one less than theirs
 * (`bop_toolkit_lib/misc.py`, `calc_2d_bbox`); an object that cannot be seen has -1 everywhere.
 */
function objectOf(
  { obj_id, ...pose }: { readonly obj_id: number } & JsonObject,
  info: Info | undefined,
): LabeledObject {
  const { bbox_visib, bbox_obj, ...others } = info ?? {};
  const [visible, whole] = [bbox_visib, bbox_obj].map(boxOfBounds);
  // Counts of pixels are those of the stored picture, and follow from masks.
  const known = Object.entries(others).filter(([name]) => !name.startsWith('px_count'));
  return {
    class: `obj_${String(obj_id).padStart(6, '0')}`,
    ...(visible && { box: visible }),
    fields: { ...pose, ...Object.fromEntries(known), ...(whole && { bbox_obj: whole }) } as JsonObject,
  };
}

function boxOfBounds(bounds: Bounds | undefined): Bounds | undefined {
  if (!bounds || bounds[2] < 0 || bounds[3] < 0) return undefined;
  return [bounds[0], bounds[1], bounds[2] + 1, bounds[3] + 1];
}
