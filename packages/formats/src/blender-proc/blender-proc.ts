import { createDataset, SimganError } from '@simgan/core';
import type { Folder, Reject } from '@simgan/core/reading';
import { idsOfFiles } from '@simgan/core/reading';
import { z } from 'zod';
import { hdf5 } from '../hdf5/hdf5.ts';
import type { Hdf5File } from '../hdf5/hdf5-file.ts';
import { imageOfArray } from '../npz/array-image.ts';
import type { JsonObject, LabeledObject, ObjectsAnnotation } from '../objects/objects.ts';
import { encodeMask, maskBox } from '../objects/run-length.ts';
import type {
  ArrayPicture,
  DatasetFormat,
  FormatCompanion,
  FormatContent,
  FormatReadOptions,
} from '../registry/dataset-format.ts';
import { checked, parseJson, rejectOf } from '../registry/read-labels.ts';

const attributes = z
  .array(
    z.looseObject({
      idx: z
        .int()
        .min(0)
        .max(2 ** 31),
    }),
  )
  .max(10_000);
/** Arrays of one value a pixel that become companions of the picture. */
const COMPANIONS = ['depth', 'distance'] as const;
const readArrays = new Set<string>([
  ...['colors', 'instance_segmaps', 'instance_attribute_maps', 'blender_proc_version'],
  ...COMPANIONS,
]);

function frameFiles({ files }: Pick<Folder, 'files'>): string[] {
  return files.filter((file) => /(^|\/)\d+\.hdf5$/i.test(file));
}

/** Reads BlenderProc's frames: `colors`, with `instance_segmaps` and `instance_attribute_maps` as objects with masks. */
async function readBlenderProc(
  folder: Folder,
  { onProgress, signal }: FormatReadOptions,
): Promise<FormatContent> {
  const files = frameFiles(folder).toSorted(
    (a, b) => Number.parseInt(a.split('/').at(-1)!, 10) - Number.parseInt(b.split('/').at(-1)!, 10),
  );
  const usable: string[] = [];
  const rejects: Reject[] = [];
  const left = new Map<string, number>();
  for (const [done, file] of files.entries()) {
    signal?.throwIfAborted();
    try {
      const names = await hdf5(folder, file, (open) => {
        checkFrame(open, file);
        return open.names('/');
      });
      for (const name of names) if (!readArrays.has(name)) left.set(name, (left.get(name) ?? 0) + 1);
      usable.push(file);
    } catch (error) {
      rejects.push(rejectOf(file, error));
    }
    onProgress?.(done + 1, files.length);
  }
  for (const [name, count] of left)
    rejects.push({ file: `*.hdf5:${name}`, reason: `The array ${name} of ${count} frames is left out.` });
  const ids = idsOfFiles(usable);
  const entryAt = async (index: number) => {
    const file = usable[index]!;
    const { names, ...frame } = await hdf5(folder, file, (open) => ({
      names: open.names('/'),
      picture: colorsOf(open, file),
      annotation: objectsOf(open, file),
    }));
    const companions = COMPANIONS.filter((name) => names.includes(name)).map((name) =>
      companionOf(folder, file, name),
    );
    return { id: ids[index]!, file, ...frame, ...(companions.length > 0 && { companions }) };
  };
  return { entries: createDataset(usable.length, entryAt, (index) => ids[index]!), rejects };
}

function checkFrame(open: Hdf5File, file: string): void {
  const shape = open.names('/').includes('colors') ? open.shape('colors') : undefined;
  if (shape?.length !== 3 || shape[2] !== 3) {
    throw new SimganError(
      'INVALID_FILE',
      `${file} has no array colors of [height, width, 3]${shape ? `, but one of [${shape.join(', ')}]` : ''}.`,
    );
  }
}

/** Colors of 8 bits, or floats of which 0 is black and 1 white, as Blender renders them. */
function colorsOf(open: Hdf5File, file: string): ArrayPicture {
  const image = arrayOf(open, file, 'colors');
  return image.bits === 32 ? { image, range: [0, 1] } : { image };
}

/** Depth along the axis, or distance, in the unit of the scene: meters, as BlenderProc has them. */
function companionOf(folder: Folder, file: string, name: string): FormatCompanion {
  const image = () => hdf5(folder, file, (open) => arrayOf(open, file, name));
  return { name, file: `${file}:${name}`, image };
}

/** The types of arrays that are read, by NumPy's names. */
const types: Readonly<Record<string, string>> = {
  uint8: 'u1',
  uint16: 'u2',
  float16: 'f4',
  float32: 'f4',
  float64: 'f8',
};

function arrayOf(open: Hdf5File, file: string, name: string) {
  const { data, shape } = open.numbers(name);
  const dtype = types[open.dtype(name) ?? ''];
  if (dtype === undefined) {
    throw new SimganError(
      'INVALID_FILE',
      `The array ${name} of ${file} holds ${open.dtype(name)}; uint8, uint16 and floats are read.`,
    );
  }
  return imageOfArray({ shape, dtype, data: data as Float32Array });
}

function objectsOf(open: Hdf5File, file: string): ObjectsAnnotation {
  const names = open.names('/');
  if (!names.includes('instance_segmaps')) return { objects: [] };
  const { data, shape } = open.numbers('instance_segmaps');
  const [height, width] = shape as [number, number];
  const texts = names.includes('instance_attribute_maps') ? open.texts('instance_attribute_maps') : [];
  const known = checked(
    parseJson(texts?.[0] ?? '[]', `${file}:instance_attribute_maps`),
    attributes,
    `${file}:instance_attribute_maps`,
  );
  const objects = known.flatMap(({ idx, ...others }): LabeledObject[] => {
    const pixels = Uint8Array.from(data as ArrayLike<number>, (value) => (Number(value) === idx ? 1 : 0));
    const mask = encodeMask(pixels, width, height);
    const box = maskBox(mask);
    const { category_id: category, name } = others as { category_id?: unknown; name?: unknown };
    // The background is no object.
    if (box[2] === 0 || category === 0) return [];
    const own = typeof name === 'string' && name !== '' ? name : `category_${category ?? idx}`;
    return [
      {
        class: own.slice(0, 200),
        box,
        mask,
        ...(Object.keys(others).length > 0 && { fields: others as JsonObject }),
      },
    ];
  });
  return { objects };
}

/** Frames of BlenderProc. */
export const blenderProc: DatasetFormat = {
  name: 'blenderproc',
  description: 'HDF5 of BlenderProc: colors, instances as objects with masks, depth as a companion',
  coordinates: 'masks of pixels',
  detect: (folder) => frameFiles(folder).length > 0,
  read: readBlenderProc,
};
