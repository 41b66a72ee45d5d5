import { imageOf, SimganError } from '@simgan/core';
import type { Json, JsonObject, LabeledObject } from '../objects/objects.ts';
import { boxOf, fillPolygons } from '../objects/outline.ts';
import { decodeMask } from '../objects/run-length.ts';
import { numberClasses } from '../registry/class-names.ts';
import type {
  FormatOutput,
  FormatSample,
  FormatWriteOptions,
  FormatWriter,
} from '../registry/dataset-format.ts';

/** Pictures of a scene. */
const SCENE_LENGTH = 1000;
/** Of an image whose camera is not known: BOP has no other word for it. */
const unknownCamera = { cam_K: [1, 0, 0, 0, 1, 0, 0, 0, 1], depth_scale: 1 };

interface Files {
  readonly scene_gt: Record<string, Json>;
  readonly scene_gt_info: Record<string, Json>;
  readonly scene_camera: Record<string, Json>;
}

/**
 * Writes scenes of a thousand pictures in `train/`, with depth where it is a companion. Each object needs a pose: the fields
 * `cam_R_m2c` and `cam_t_m2c`.
 */
export async function writeBop(
  output: FormatOutput,
  { onLeftOut = () => {} }: FormatWriteOptions,
): Promise<FormatWriter> {
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
      const problem = await writeDepth(output, `${base}/depth/${name}.png`, sample);
      if (problem !== undefined) onLeftOut(problem);
    },
    async finish() {
      await endScene();
      const named = classes.names.map((name, n) => [n + 1, name] as const);
      if (named.length > 0) await output.write('class_names.json', JSON.stringify(Object.fromEntries(named)));
    },
  };
}

/** Writes the depth of a picture, as it is. @returns why it is left out, if it is. */
async function writeDepth(
  output: FormatOutput,
  file: string,
  sample: FormatSample,
): Promise<string | undefined> {
  const depth = sample.companions?.find(({ name }) => name === 'depth');
  if (!depth) return undefined;
  const bytes = await depth.bytes();
  const { depth_scale: scale } = sample.objects.fields ?? {};
  const reason = !isGrayPng(bytes)
    ? 'BOP stores depth as whole numbers in gray PNG files, and it is none'
    : typeof scale !== 'number'
      ? 'how many millimeters one of its steps is, which BOP needs, stands in no field depth_scale'
      : undefined;
  if (reason !== undefined) return `Its depth is left out: ${reason}.`;
  await output.write(file, bytes);
  return undefined;
}

/** Whether bytes are a PNG of gray values, of 8 or 16 bits (PNG specification, section 11.2.1). */
function isGrayPng(bytes: Uint8Array): boolean {
  const isPng = [0x89, 0x50, 0x4e, 0x47].every((byte, index) => bytes[index] === byte);
  return isPng && [8, 16].includes(bytes[24]!) && bytes[25] === 0;
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

type Box = readonly [left: number, top: number, width: number, height: number];

/** From the first to the last pixel; of what has no box, -1. */
function boundsOf(box: Box | undefined): number[] {
  return box ? [box[0], box[1], box[2] - 1, box[3] - 1] : [-1, -1, -1, -1];
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
  const bounds = boundsOf(boxOf(object));
  const count = mask?.reduce((sum, value) => sum + value, 0);
  const { cam_R_m2c, cam_t_m2c, bbox_obj: whole, visib_fract = 1 } = fields;
  const info: JsonObject = {
    bbox_obj: isList(whole, 4) ? boundsOf(whole as unknown as Box) : bounds,
    visib_fract,
    ...(count !== undefined && { px_count_visib: count }),
    bbox_visib: bounds,
  };
  return {
    own: object.class,
    pose: { cam_R_m2c: cam_R_m2c!, cam_t_m2c: cam_t_m2c! } as JsonObject,
    info,
    mask,
  };
}
