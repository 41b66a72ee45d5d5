/** @file Which fields of foreign labels look like pixels of their pictures. */
import type { Size } from '@simgan/core';
import { isNumberedClass } from './class-fields.ts';
import type { Json, JsonObject } from './dataset-format.ts';

/** Larger values are neither angles in radians nor shares. */
const MOST_UNSCALED = 4;
/** Of pixels so many lie within the picture. Angles in degrees are negative half of the time. */
const LEAST_WITHIN = 0.9;

interface Tally {
  count: number;
  within: number;
  largest: number;
  /** An example, to tell what kind it may be. */
  readonly example: Json;
}

/** Looks at labels beside the sizes of their pictures, and tells which fields look like pixels. */
export interface PixelFieldFinder {
  look(fields: JsonObject, picture: Size): void;
  /** The paths of fields (`pupil`, `objects.bbox`) that look like pixels, with the kind that each may be. */
  found(): { path: string; guess: string }[];
}

/**
 * A finder of fields that look like pixels: numbers, alone, in lists and in texts, that nearly all lie within the
 * picture and of which some are larger than shares and radians are. Whole numbers in fields of classes are no pixels.
 *
 * @param known - paths that need not be looked at.
 */
export function findPixelFields(known: { has(path: string): boolean }): PixelFieldFinder {
  const tallies = new Map<string, Tally>();
  const visit = (value: Json, path: string, picture: Size): void => {
    if (known.has(path) || isNumberedClass(path, value)) return;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [key, member] of Object.entries(value)) {
        visit(member, path === '' ? key : `${path}.${key}`, picture);
      }
      return;
    }
    if (Array.isArray(value) && value.some((member) => isObject(member))) {
      for (const member of value) visit(member, path, picture);
      return;
    }
    const numbers = numbersIn(value);
    if (numbers.length === 0) return;
    const most = Math.max(picture.width, picture.height);
    let tally = tallies.get(path);
    if (!tally) {
      tally = { count: 0, within: 0, largest: 0, example: value };
      tallies.set(path, tally);
    }
    for (const number of numbers) {
      tally.count++;
      if (number >= 0 && number <= most) tally.within++;
      if (number <= most) tally.largest = Math.max(tally.largest, number);
    }
  };
  return {
    look: (fields, picture) => visit(fields, '', picture),
    found: () =>
      Array.from(tallies)
        .filter(([, { count, within, largest }]) => largest > MOST_UNSCALED && within >= LEAST_WITHIN * count)
        .map(([path, { example }]) => ({ path, guess: guessOf(path, example) })),
  };
}

/** The numbers of a value: itself, those of lists in lists, those of a text that is nothing but numbers. */
function numbersIn(value: Json): number[] {
  if (typeof value === 'number') return [value];
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(numbersIn);
  if (typeof value !== 'string' || !/^[\s\d.,;+\-eE()[\]]{1,1000}$/.test(value)) return [];
  const numbers = (value.match(/[+-]?\d+(?:\.\d+)?/g) ?? []).map(Number);
  // One number in a text is a name, such as 0012.
  return numbers.length > 1 ? numbers : [];
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The kind that a field may be, by its name and form. */
function guessOf(path: string, example: Json): string {
  const name = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  if (typeof example === 'number') {
    if (/(^|[^a-z])(y|v|top|bottom)($|[^a-z])|^c?y\d*$|ymin|ymax/.test(name)) return 'y';
    if (/height|^h$/.test(name)) return 'height';
    if (/width|^w$|radius|diameter|size/.test(name)) return 'width';
    return /(^|[^a-z])(x|u|left|right)($|[^a-z])|^c?x\d*$|xmin|xmax/.test(name) ? 'x' : 'invariant';
  }
  if (!Array.isArray(example)) return 'invariant';
  const isQuad = (value: Json) =>
    Array.isArray(value) && value.length === 4 && value.every((n) => typeof n === 'number');
  const isPair = (value: Json) =>
    Array.isArray(value) && value.length === 2 && value.every((n) => typeof n === 'number');
  const quad = /corner|xyxy|ltrb/.test(name) ? 'corners' : 'box';
  if (isPair(example)) return 'point';
  if (isQuad(example)) return quad;
  if (example.length > 0 && example.every(isPair))
    return /poly|outline|segment/.test(name) ? 'polygon' : 'points';
  return example.length > 0 && example.every(isQuad) ? `${quad}[]` : 'invariant';
}
