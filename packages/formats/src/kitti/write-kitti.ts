import { SimganError } from '@simgan/core';
import type { Json, LabeledObject } from '../objects/objects.ts';
import { boxOf } from '../objects/outline.ts';
import type { FormatOutput, FormatWriter } from '../registry/dataset-format.ts';
import { PIXEL_SHIFT } from './read-kitti.ts';

/** What KITTI writes of an object whose place in the world is not known. */
const unknown = { truncated: 0, occluded: 0, alpha: -10, rotationY: -10 };
const unknownDimensions = [-1, -1, -1];
const unknownLocation = [-1000, -1000, -1000];

/** Writes `image_2/` and `label_2/`. Blanks in the names of classes become `_`, since blanks part the columns. */
export async function writeKitti(output: FormatOutput): Promise<FormatWriter> {
  const named = new Map<string, string>();
  let index = 0;
  return {
    async write(sample) {
      const lines = sample.objects.objects.map((object) => lineOf(object, sample.id, named));
      const stem = String(index++).padStart(6, '0');
      await output.picture(`image_2/${stem}.${sample.extension}`, sample);
      await output.write(`label_2/${stem}.txt`, lines.join(''));
    },
    async finish() {},
  };
}

function lineOf(object: LabeledObject, id: string, named: Map<string, string>): string {
  const fail = (problem: string) =>
    new SimganError(
      'INVALID_ARGUMENT',
      `KITTI has no place for the object ${JSON.stringify(object.class)} of ${id}: ${problem}.`,
    );
  const box = boxOf(object);
  if (!box) throw fail('it has no box, outline, mask or keypoint');
  const type = object.class.replace(/\s+/g, '_');
  const other = named.get(type);
  if (other !== undefined && other !== object.class)
    throw fail(`written as ${type} it would be ${JSON.stringify(other)}`);
  named.set(type, object.class);
  const { fields = {} } = object;
  const number = (key: keyof typeof unknown): number => {
    const value = fields[key];
    return typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : unknown[key];
  };
  const [left, top, width, height] = box;
  const columns = [
    number('truncated'),
    number('occluded'),
    number('alpha'),
    ...[left, top, left + width, top + height].map((value) => value - PIXEL_SHIFT),
    ...threeOf(fields.dimensions, unknownDimensions),
    ...threeOf(fields.location, unknownLocation),
    number('rotationY'),
    ...(typeof fields.score === 'number' ? [fields.score] : []),
  ];
  return `${[type, ...columns].join(' ')}\n`;
}

function threeOf(value: Json | undefined, otherwise: readonly number[]): readonly number[] {
  const isThree = Array.isArray(value) && value.length === 3 && value.every((one) => typeof one === 'number');
  return isThree ? (value as readonly number[]) : otherwise;
}
