import { SimganError } from '@simgan/core';
import { stringify } from 'yaml';
import type { JsonObject, LabeledObject } from '../objects/objects.ts';
import { boxOf } from '../objects/outline.ts';
import { decodeMask } from '../objects/run-length.ts';
import { traceMask } from '../objects/trace-mask.ts';
import { numberClasses } from '../registry/class-names.ts';
import type { FormatOutput, FormatSample, FormatWriter } from '../registry/dataset-format.ts';
import { numberedName } from '../registry/picture-names.ts';
import { createSpool } from '../registry/spool.ts';

/** What the objects of a YOLO dataset are labeled with; all of them with the same. */
type Task = 'detect' | 'segment' | 'pose';

interface Labels {
  readonly file: string;
  readonly split: string;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly LabeledObject[];
}

const splits = ['train', 'val', 'test'];
/** Enough digits for a thousandth of a pixel in pictures of 100,000 pixels. */
const DIGITS = 8;

/**
 * Writes `images/SPLIT/`, `labels/SPLIT/` and `data.yaml`. The task is that of the whole dataset: pose if an object has
 * keypoints, segment if one has an outline or a mask, else detect. So labels are kept until all of them are known.
 */
export async function writeYolo(output: FormatOutput): Promise<FormatWriter> {
  const spool = createSpool<JsonObject>(output, 'labels.part');
  const classes = numberClasses(0);
  const used = new Set<string>();
  let task: Task = 'detect';
  let names: readonly string[] = [];
  let index = 0;
  return {
    async write(sample) {
      const { objects, fields } = sample.objects;
      const named = objects
        .find(({ keypoints }) => keypoints && keypoints.length > 0)
        ?.keypoints?.map(({ name }) => name);
      if (names.length === 0 && named) names = named;
      for (const object of objects) checkObject(object, names, sample);
      const split = splits.includes(String(fields?.split)) ? String(fields?.split) : 'train';
      const file = `${split}/${numberedName(index++, sample.extension)}`;
      await output.picture(`images/${file}`, sample);
      used.add(split);
      for (const object of objects) {
        classes.numberOf(object.class);
        if (object.keypoints && object.keypoints.length > 0) task = 'pose';
        else if (task === 'detect' && (object.polygons?.length || object.mask)) task = 'segment';
      }
      const { width, height } = sample;
      const labels: Labels = { file: file.replace(/\.[^.]+$/, '.txt'), split, width, height, objects };
      await spool.add(labels as unknown as JsonObject);
    },
    async finish() {
      for await (const labels of spool.drain() as AsyncGenerator<unknown> as AsyncGenerator<Labels>) {
        const lines = labels.objects.map((object) => {
          const numbers = numbersOf(object, task, names, labels);
          return `${[classes.numberOf(object.class), ...numbers.map(shown)].join(' ')}\n`;
        });
        await output.write(`labels/${labels.file}`, lines.join(''));
      }
      // Numbers as keys, which JavaScript's objects do not have.
      const list = new Map(classes.names.map((name, number) => [number, name]));
      const config = {
        path: '.',
        ...Object.fromEntries(
          splits.filter((split) => used.has(split)).map((split) => [split, `images/${split}`]),
        ),
        // Ultralytics asks for both.
        ...(!used.has('val') && { val: `images/${[...used][0] ?? 'train'}` }),
        ...(!used.has('train') && { train: `images/${[...used][0] ?? 'train'}` }),
        names: list,
        ...(task === 'pose' && {
          kpt_shape: [names.length, 3],
          kpt_names: new Map(classes.names.map((_, number) => [number, names])),
        }),
      };
      await output.write('data.yaml', stringify(config, { aliasDuplicateObjects: false }));
    },
  };
}

function checkObject(object: LabeledObject, names: readonly string[], { id }: FormatSample): void {
  const fail = (problem: string) => {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `YOLO has no place for the object ${JSON.stringify(object.class)} of ${id}: ${problem}.`,
    );
  };
  if (!boxOf(object)) fail('it has no box, outline, mask or keypoint');
  const unknown = object.keypoints?.find(({ name }) => !names.includes(name));
  if (unknown)
    fail(
      `all objects have the same keypoints, and ${JSON.stringify(unknown.name)} is not among the first object's`,
    );
}

function numbersOf(
  object: LabeledObject,
  task: Task,
  names: readonly string[],
  { width, height }: Labels,
): number[] {
  const [left, top, wide, tall] = boxOf(object)!;
  const box = [(left + wide / 2) / width, (top + tall / 2) / height, wide / width, tall / height];
  if (task === 'detect') return box;
  if (task === 'pose') {
    const byName = new Map(object.keypoints?.map((keypoint) => [keypoint.name, keypoint]));
    const points = names.flatMap((name) => {
      const { point, visibility } = byName.get(name) ?? { point: null, visibility: 0 };
      return point && visibility > 0 ? [point[0] / width, point[1] / height, visibility] : [0, 0, 0];
    });
    return [...box, ...points];
  }
  return joined(outlinesOf(object)).flatMap(([x, y]) => [x / width, y / height]);
}

type Outline = readonly (readonly [x: number, y: number])[];

/** An object's outlines; those of its mask are along pixels, and that of a box is the box. */
function outlinesOf(object: LabeledObject): readonly Outline[] {
  if (object.polygons && object.polygons.length > 0) return object.polygons;
  if (object.mask) {
    const outlines = traceMask(decodeMask(object.mask), object.mask.size[1], object.mask.size[0]);
    if (outlines.length > 0) return outlines;
  }
  const [left, top, width, height] = boxOf(object)!;
  return [
    [
      [left, top],
      [left + width, top],
      [left + width, top + height],
      [left, top + height],
    ],
  ];
}

/** Several outlines as one, joined by bridges that enclose nothing: a line of YOLO has one outline. */
function joined([first, ...others]: readonly Outline[]): Outline {
  if (others.length === 0) return first!;
  const anchor = first![0]!;
  return [...first!, anchor, ...others.flatMap((outline) => [...outline, outline[0]!, anchor]).slice(0, -1)];
}

function shown(value: number): string {
  return String(Number(value.toFixed(DIGITS)));
}
