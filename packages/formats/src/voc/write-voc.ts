import { SimganError } from '@simgan/core';
import type { Json, LabeledObject } from '../objects/objects.ts';
import { boxOf } from '../objects/outline.ts';
import type {
  FormatOutput,
  FormatWriteOptions,
  FormatWriter,
  GrowingFile,
} from '../registry/dataset-format.ts';
import { escaped } from './voc-xml.ts';

const splits = ['train', 'val', 'test'];

/** Writes `JPEGImages/`, `Annotations/` and `ImageSets/Main/`. */
export async function writeVoc(output: FormatOutput, { name }: FormatWriteOptions): Promise<FormatWriter> {
  const lists = new Map<string, GrowingFile>();
  let index = 0;
  return {
    async write(sample) {
      const { objects, fields } = sample.objects;
      const texts = objects.map((object) => objectText(object, sample.id));
      // VOC's readers look for names in one folder.
      const stem = String(index++).padStart(7, '0');
      const file = `${stem}.${sample.extension}`;
      const split = splits.includes(String(fields?.split)) ? String(fields?.split) : 'train';
      const hasOutlines = objects.some(({ polygons, mask }) => polygons || mask);
      await output.picture(`JPEGImages/${file}`, sample);
      await output.write(
        `Annotations/${stem}.xml`,
        [
          '<annotation>',
          '  <folder>JPEGImages</folder>',
          `  <filename>${file}</filename>`,
          `  <source><database>${escaped(name)}</database></source>`,
          `  <size><width>${sample.width}</width><height>${sample.height}</height><depth>${sample.channels}</depth></size>`,
          `  <segmented>${hasOutlines ? 1 : 0}</segmented>`,
          ...texts,
          '</annotation>',
          '',
        ].join('\n'),
      );
      const list = lists.get(split) ?? (await output.append(`ImageSets/Main/${split}.txt`));
      lists.set(split, list);
      await list.write(`${stem}\n`);
    },
    async finish() {
      for (const list of lists.values()) await list.close();
    },
  };
}

function objectText(object: LabeledObject, id: string): string {
  const box = boxOf(object);
  if (!box) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `VOC has no place for the object ${JSON.stringify(object.class)} of ${id}: it has no box, outline, mask or keypoint.`,
    );
  }
  const {
    pose = 'Unspecified',
    truncated = false,
    occluded = false,
    difficult = false,
    parts,
  } = object.fields ?? {};
  const tag = (key: string, value: Json) =>
    `    <${key}>${escaped(typeof value === 'boolean' ? Number(value) : String(value))}</${key}>`;
  return [
    '  <object>',
    tag('name', object.class),
    tag('pose', pose),
    tag('truncated', truncated),
    tag('occluded', occluded),
    tag('difficult', difficult),
    `    ${boxText(box)}`,
    ...partsOf(parts).map(
      ({ name, box: own }) => `    <part><name>${escaped(name)}</name>${boxText(own)}</part>`,
    ),
    '  </object>',
  ].join('\n');
}

type Box = readonly [left: number, top: number, width: number, height: number];

function boxText([left, top, width, height]: Box): string {
  const corners = { xmin: left + 1, ymin: top + 1, xmax: left + width, ymax: top + height };
  const tags = Object.entries(corners).map(([key, value]) => `<${key}>${value}</${key}>`);
  return `<bndbox>${tags.join('')}</bndbox>`;
}

function partsOf(parts: Json | undefined): { name: string; box: Box }[] {
  return Array.isArray(parts)
    ? (parts as { name: string; box: Box }[]).filter((part) => part?.name && part?.box)
    : [];
}
