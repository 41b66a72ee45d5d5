/** @file Any plugin's labels as objects, by how they move with the picture. */
import { type AnnotationSchema, SimganError, type Size } from '@simgan/core';
import { carryLabels, cropTransform, resizeTransform } from '@simgan/core/geometry';
import {
  type Json,
  type JsonObject,
  type Keypoint,
  type LabeledObject,
  type ObjectsAnnotation,
  objectsProblem,
} from './objects.ts';
import { boundsOf } from './outline.ts';

/**
 * A plugin's annotation as objects: one object of the class `name` whose keypoints are all labels that move as points do
 * when the picture is shifted and scaled, and whose box is the label that moves as a box, or else about the keypoints. What
 * does not move stands in `fields`. An annotation that is one of objects stays as it is.
 *
 * Whether a label counts pixels from their corners or their centers shows when the picture is scaled. A list `occluded`
 * beside points says which of them are hidden.
 *
 * @param size - of the picture.
 */
export function objectsOfLabels(
  annotation: unknown,
  schema: Pick<AnnotationSchema, 'geometry'> | undefined,
  name: string,
  size: Size,
): ObjectsAnnotation {
  if (objectsProblem(annotation) === undefined) return annotation as ObjectsAnnotation;
  if (typeof annotation !== 'object' || annotation === null || Array.isArray(annotation))
    return { objects: [] };
  const labels = annotation as JsonObject;
  const moved = schema && movedLabels(labels, schema, size);
  if (!moved) return { objects: [], ...(Object.keys(labels).length > 0 && { fields: labels }) };
  const found: Found = { keypoints: [], boxes: [] };
  const fields: [string, Json][] = [];
  const isPoint = addPair(labels, moved.shifted, moved.scaled, name, found);
  for (const [key, value] of Object.entries(labels)) {
    const before = found.keypoints.length + found.boxes.length;
    collect(value, moved.shifted[key], moved.scaled[key], key, undefined, found);
    const isUsed =
      found.keypoints.length + found.boxes.length > before || (isPoint && (key === 'x' || key === 'y'));
    if (!isUsed) fields.push([key, value]);
  }
  const { keypoints, boxes } = found;
  const box = boxes[0] ?? boundsOf(keypoints.flatMap(({ point }) => (point ? [point] : [])));
  const object: LabeledObject = {
    class: name,
    ...(box && { box }),
    ...(keypoints.length > 0 && { keypoints }),
  };
  return {
    objects: box ? [object] : [],
    ...(fields.length > 0 && { fields: Object.fromEntries(fields) }),
  };
}

interface Found {
  readonly keypoints: Keypoint[];
  readonly boxes: (readonly [left: number, top: number, width: number, height: number])[];
}

/** How far the picture is shifted; a label that moves otherwise is no point. */
const SHIFT = [3, 5] as const;

function movedLabels(labels: JsonObject, { geometry }: Pick<AnnotationSchema, 'geometry'>, size: Size) {
  const { width, height } = size;
  try {
    const carry = (transform: Parameters<typeof carryLabels>[0]) =>
      carryLabels<unknown>(transform, labels, geometry) as Record<string, Json>;
    return {
      shifted: carry(cropTransform(size, { left: -SHIFT[0], top: -SHIFT[1], width, height })),
      scaled: carry(resizeTransform(size, { width: 2 * width, height: 2 * height })),
    };
  } catch (error) {
    // Labels that cannot follow say so themselves where they must; here they are no points.
    if (error instanceof SimganError) return undefined;
    throw error;
  }
}

function collect(
  value: Json | undefined,
  shifted: Json | undefined,
  scaled: Json | undefined,
  path: string,
  hidden: boolean | readonly Json[] | undefined,
  found: Found,
): void {
  if (typeof value !== 'object' || value === null) return;
  const numbers = numbersOf(value);
  const after = numbersOf(shifted);
  const doubled = numbersOf(scaled);
  if (numbers && after && doubled) {
    const isMoved = [0, 1].every((axis) => isClose(after[axis]! - numbers[axis]!, SHIFT[axis]!));
    if (!isMoved || numbers.length > 4) return;
    // Scaled by 2, what counts from the center of the first pixel moves by half a pixel more.
    const [x, y] = [0, 1].map((axis) => numbers[axis]! + offsetOf(doubled[axis]! - 2 * numbers[axis]!)) as [
      number,
      number,
    ];
    if (numbers.length < 4)
      found.keypoints.push({ name: path, point: [x, y], visibility: hidden === true ? 1 : 2 });
    else {
      const isSize = isClose(after[2]!, numbers[2]!) && isClose(after[3]!, numbers[3]!);
      found.boxes.push([
        x,
        y,
        numbers[2]! - (isSize ? 0 : numbers[0]!),
        numbers[3]! - (isSize ? 0 : numbers[1]!),
      ]);
    }
    return;
  }
  if (Array.isArray(value)) {
    const [a, b] = [shifted as Json[] | undefined, scaled as Json[] | undefined];
    const before = found.keypoints.length;
    for (const [index, one] of value.entries()) {
      const isHidden = Array.isArray(hidden) && hidden[index] === true;
      if (one !== null) collect(one, a?.[index], b?.[index], `${path}.${index}`, isHidden, found);
    }
    const hasPoints = found.keypoints.length > before && value.some((one) => one === null);
    if (!hasPoints) return;
    for (const [index, one] of value.entries()) {
      if (one === null) found.keypoints.push({ name: `${path}.${index}`, point: null, visibility: 0 });
    }
    return;
  }
  addPair(value as JsonObject, shifted, scaled, path, found);
  const { occluded } = value as JsonObject;
  for (const [key, member] of Object.entries(value as JsonObject)) {
    const [a, b] = [shifted as JsonObject | undefined, scaled as JsonObject | undefined];
    const isBeside = Array.isArray(occluded) && Array.isArray(member) && occluded.length === member.length;
    collect(member, a?.[key], b?.[key], `${path}.${key}`, isBeside ? occluded : undefined, found);
  }
}

/** Adds `{ x, y }` if the two move as a point. */
function addPair(value: JsonObject, shifted: unknown, scaled: unknown, path: string, found: Found): boolean {
  const pair = (of: unknown) => {
    const { x, y } = (of ?? {}) as { x?: Json; y?: Json };
    return [x!, y!];
  };
  const before = found.keypoints.length;
  collect(pair(value), pair(shifted), pair(scaled), path, undefined, found);
  return found.keypoints.length > before;
}

/** 2 to 4 numbers; `undefined` for anything else. */
function numbersOf(value: Json | undefined): readonly number[] | undefined {
  const isPoint = Array.isArray(value) && value.length >= 2 && value.length <= 4;
  return isPoint && value.every((one) => typeof one === 'number') ? (value as number[]) : undefined;
}

function offsetOf(excess: number): number {
  return isClose(excess, 0.5) ? 0.5 : 0;
}

function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) < 1e-6;
}
