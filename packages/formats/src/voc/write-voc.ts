import { SimganError } from '@simgan/core';
import type { Json, LabeledObject } from '../objects/objects.ts';
import { boxOf, fillPolygons } from '../objects/outline.ts';
import { decodeMask } from '../objects/run-length.ts';
import { numberClasses } from '../registry/class-names.ts';
import type {
  FormatOutput,
  FormatSample,
  FormatWriteOptions,
  FormatWriter,
  GrowingFile,
} from '../registry/dataset-format.ts';
import { palettePng } from './segmentation.ts';
import { escaped } from './voc-xml.ts';

const splits = ['train', 'val', 'test'];

/**
 * Writes `JPEGImages/`, `Annotations/` and `ImageSets/Main/`; of pictures whose objects have outlines or masks also
 * `SegmentationObject/`, `SegmentationClass/` and `ImageSets/Segmentation/`. Classes are numbered from 1 in the order in
 * which they come, `classes.txt` names them.
 */
export async function writeVoc(output: FormatOutput, { name }: FormatWriteOptions): Promise<FormatWriter> {
  const lists = new Map<string, GrowingFile>();
  const classes = numberClasses(1);
  let isSegmented = false;
  const list = async (file: string) => {
    const known = lists.get(file) ?? (await output.append(file));
    lists.set(file, known);
    return known;
  };
  let index = 0;
  return {
    async write(sample) {
      const { objects, fields } = sample.objects;
      const texts = objects.map((object) => objectText(object, sample.id));
      const masks = segmentationOf(sample, classes.numberOf);
      // VOC's readers look for names in one folder.
      const stem = String(index++).padStart(7, '0');
      const file = `${stem}.${sample.extension}`;
      const split = splits.includes(String(fields?.split)) ? String(fields?.split) : 'train';
      await output.picture(`JPEGImages/${file}`, sample);
      await output.write(
        `Annotations/${stem}.xml`,
        [
          '<annotation>',
          '  <folder>JPEGImages</folder>',
          `  <filename>${file}</filename>`,
          `  <source><database>${escaped(name)}</database></source>`,
          `  <size><width>${sample.width}</width><height>${sample.height}</height><depth>${sample.channels}</depth></size>`,
          `  <segmented>${masks ? 1 : 0}</segmented>`,
          ...texts,
          '</annotation>',
          '',
        ].join('\n'),
      );
      await (await list(`ImageSets/Main/${split}.txt`)).write(`${stem}\n`);
      if (!masks) return;
      isSegmented = true;
      const { width, height } = sample;
      await output.write(`SegmentationObject/${stem}.png`, palettePng(masks.objects, width, height));
      await output.write(`SegmentationClass/${stem}.png`, palettePng(masks.classes, width, height));
      await (await list(`ImageSets/Segmentation/${split}.txt`)).write(`${stem}\n`);
    },
    async finish() {
      if (isSegmented) await output.write('classes.txt', classes.names.map((name) => `${name}\n`).join(''));
      for (const list of lists.values()) await list.close();
    },
  };
}

/** The numbers of objects and classes of each pixel; `undefined` if no object has an outline or a mask. */
function segmentationOf(
  { objects: { objects }, width, height, id }: FormatSample,
  numberOf: (name: string) => number,
) {
  if (!objects.some(({ polygons, mask }) => polygons || mask)) return undefined;
  const pixels = { objects: new Uint8Array(width * height), classes: new Uint8Array(width * height) };
  for (const [index, { mask, polygons, class: name }] of objects.entries()) {
    const own = mask ? decodeMask(mask) : polygons ? fillPolygons(polygons, width, height) : undefined;
    if (!own) continue;
    const numbers = { objects: index + 1, classes: numberOf(name) };
    if (numbers.objects >= 255 || numbers.classes >= 255) {
      throw new SimganError(
        'INVALID_ARGUMENT',
        `VOC has no place for the masks of ${id}: it numbers at most 254 objects of a picture, and 254 classes.`,
      );
    }
    for (const [at, value] of own.entries()) {
      if (value === 0) continue;
      pixels.objects[at] = numbers.objects;
      pixels.classes[at] = numbers.classes;
    }
  }
  return pixels;
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
