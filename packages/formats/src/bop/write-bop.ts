import { imageOf, SimganError } from '@simgan/core';
import type { Json, JsonObject, LabeledObject } from '../objects/objects.ts';
import { boxOf, fillPolygons } from '../objects/outline.ts';
import { decodeMask } from '../objects/run-length.ts';
import { numberClasses } from '../registry/class-names.ts';
import type { FormatOutput, FormatSample, FormatWriter } from '../registry/dataset-format.ts';

/** Pictures of a scene. */
const SCENE_LENGTH = 1000;
/** Of an image whose camera is not known: BOP has no other word for it. */
const unknownCamera = { cam_K: [1, 0, 0, 0, 1, 0, 0, 0, 1], depth_scale: 1 };

interface Files {
  readonly scene_gt: Record<string, Json>;
  readonly scene_gt_info: Record<string, Json>;
  readonly scene_camera: Record<string, Json>;
}

/** Writes scenes of a thousand pictures in `train/`. Each object needs a pose: the fields `cam_R_m2c` and `cam_t_m2c`. */
export async function writeBop(output: FormatOutput): Promise<FormatWriter> {
  const classes = numberClasses(1);
  let index = 0;
  let files: Files = { scene_gt: {}, scene_gt_info: {}, scene_camera: {} };
  const endScene = async () => {
    if (index === 0) return;
    const base = sceneFolder(index - 1);
    for (const [name, content] of Object.entries(files))
      await output.write(`${base}/${name}.json`, JSON.stringify(content));
    files = { scene_gt: {}, scene_gt_info: {}, scene_camera: {} };
  };
  return {
    async write(sample) {
      const { objects, fields = {} } = sample.objects;
      const prepared = objects.map((object) => prepare(object, sample));
      if (index > 0 && index % SCENE_LENGTH === 0) await endScene();
      const base = sceneFolder(index);
      const number = index % SCENE_LENGTH;
      const name = String(number).padStart(6, '0');
      await output.picture(
        `${base}/${sample.channels === 1 ? 'gray' : 'rgb'}/${name}.${sample.extension}`,
        sample,
      );
      for (const [n, { mask }] of prepared.entries()) {
        if (!mask) continue;
        const data = mask.map((value) => (value ? 255 : 0));
        const png = await output.encodePng(imageOf(data, { ...sizeOf(sample), channels: 1, bits: 8 }));
        await output.write(`${base}/mask_visib/${name}_${String(n).padStart(6, '0')}.png`, png);
      }
      files.scene_gt[number] = prepared.map(({ pose, own }) => ({
        ...pose,
        obj_id: idOf(own, classes.numberOf),
      }));
      files.scene_gt_info[number] = prepared.map(({ info }) => info);
      const camera = Object.entries(fields).filter(([key]) => /^(cam_|depth_scale|view_level)/.test(key));
      files.scene_camera[number] = { ...unknownCamera, ...Object.fromEntries(camera) };
      index++;
    },
    async finish() {
      await endScene();
      const named = classes.names.map((name, n) => [n + 1, name] as const);
      if (named.length > 0) await output.write('class_names.json', JSON.stringify(Object.fromEntries(named)));
    },
  };
}

function sceneFolder(index: number): string {
  return `train/${String(Math.floor(index / SCENE_LENGTH)).padStart(6, '0')}`;
}

function sizeOf({ width, height }: FormatSample) {
  return { width, height };
}

/** BOP's own name of an object, or the next number. */
function idOf(name: string, numberOf: (name: string) => number): number {
  const known = /^obj_(\d{6,9})$/.exec(name)?.[1];
  return known === undefined ? numberOf(name) : Number(known);
}

function prepare(object: LabeledObject, sample: FormatSample) {
  const { fields = {} } = object;
  const isList = (value: Json | undefined, length: number) =>
    Array.isArray(value) && value.length === length && value.every((one) => typeof one === 'number');
  if (!isList(fields.cam_R_m2c, 9) || !isList(fields.cam_t_m2c, 3)) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `BOP has no place for the object ${JSON.stringify(object.class)} of ${sample.id}: it has no pose (the fields cam_R_m2c and cam_t_m2c).`,
    );
  }
  const { width, height } = sample;
  const mask = object.mask
    ? decodeMask(object.mask)
    : object.polygons
      ? fillPolygons(object.polygons, width, height)
      : undefined;
  const box = boxOf(object);
  const bounds = box ? [box[0], box[1], box[2] - 1, box[3] - 1] : [-1, -1, -1, -1];
  const count = mask?.reduce((sum, value) => sum + value, 0);
  const { cam_R_m2c, cam_t_m2c, ...others } = fields;
  const known = Object.entries(others).filter(([key]) => /^(bbox_obj|px_count|visib_fract)/.test(key));
  const info: JsonObject = {
    bbox_obj: bounds,
    visib_fract: 1,
    ...(count !== undefined && { px_count_visib: count }),
    ...Object.fromEntries(known),
    bbox_visib: bounds,
  };
  return {
    own: object.class,
    pose: { cam_R_m2c: cam_R_m2c!, cam_t_m2c: cam_t_m2c! } as JsonObject,
    info,
    mask,
  };
}
