/** @file Pictures that belong to other pictures: masks, depth, normals, named by a field or by their own name. */
import { posix } from 'node:path';
import { stemOf } from '@simgan/core/reading';
import { isNamedAsPicture } from '../pictures/picture-kind.ts';
import type { Json, JsonObject } from './dataset-format.ts';
import type { DeclaredLabels } from './label-declaration.ts';

/** A field that names a companion of its picture. */
export interface CompanionField {
  /** The path of the field: `mask_file_name`, `depth.file_name`. */
  readonly path: string;
  /** The file, relative to the folder of the metadata. */
  readonly file: string;
}

/** Hugging Face's imagefolder opens what such fields name. */
const NAMES_FILES = /(^|_)file_names?$/;

/** The fields of an annotation that name companions: those called `file_name` or `*_file_name`, and declared ones. */
export function findCompanionFields(fields: JsonObject, declared: DeclaredLabels): CompanionField[] {
  const found: CompanionField[] = [];
  walk(fields, '', (path, key, value) => {
    const isNamed = NAMES_FILES.test(key) || declared.get(path)?.kind === 'companion';
    const files = typeof value === 'string' ? [value] : Array.isArray(value) ? value : [];
    if (!isNamed || files.length === 0 || !files.every((file) => typeof file === 'string')) return false;
    for (const file of files as string[]) found.push({ path, file: posix.normalize(file) });
    return true;
  });
  return found;
}

/** The members of an annotation that change when fields are left out; `undefined` is the value of a whole member. */
export function withoutFields(
  fields: JsonObject,
  paths: ReadonlySet<string>,
): Readonly<Record<string, Json | undefined>> {
  const changes: Record<string, Json | undefined> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (paths.has(key)) changes[key] = undefined;
    else {
      const left = without(value, key, paths);
      if (left !== value) changes[key] = left;
    }
  }
  return changes;
}

function without(value: Json, path: string, paths: ReadonlySet<string>): Json {
  if (Array.isArray(value)) {
    const left = value.map((member: Json) => without(member, path, paths));
    return left.every((member, index) => member === value[index]) ? value : left;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as JsonObject);
  const kept = entries
    .filter(([key]) => !paths.has(`${path}.${key}`))
    .map(([key, member]) => [key, without(member, `${path}.${key}`, paths)] as const);
  const isSame = kept.length === entries.length && kept.every(([, member], i) => member === entries[i]![1]);
  return isSame ? value : Object.fromEntries(kept);
}

/** Visits every field; one that `visit` takes is not entered. */
function walk(value: Json, path: string, visit: (path: string, key: string, value: Json) => boolean): void {
  if (Array.isArray(value)) {
    for (const member of value as readonly Json[]) walk(member, path, visit);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value as JsonObject)) {
    const place = path === '' ? key : `${path}.${key}`;
    if (!visit(place, key, member)) walk(member, place, visit);
  }
}

const COMPANION_WORDS = [
  ...['mask', 'depth', 'normal', 'segmentation', 'seg', 'semantic', 'instance', 'label', 'alpha', 'matte'],
  ...['disparity', 'flow', 'albedo'],
];
const PICTURE_WORDS = ['', 'image', 'images', 'img', 'imgs', 'rgb', 'color'];
const isCompanionWord = (part: string) => COMPANION_WORDS.includes(part.toLowerCase().replace(/s$/, ''));

/**
 * Pictures that are companions by their own names, with the picture of each: `masks/0.png` beside `0.png` or
 * `images/0.jpg`, `0_mask.png` beside `0.png`.
 */
export function companionsByName(files: readonly string[]): Map<string, string> {
  const pictures = new Map<string, string>();
  for (const file of files) if (isNamedAsPicture(file)) pictures.set(stemOf(file), file);
  const found = new Map<string, string>();
  for (const [stem, file] of pictures) {
    const owner = ownersOf(stem)
      .map((candidate) => pictures.get(candidate))
      .find((candidate) => candidate !== undefined);
    if (owner !== undefined) found.set(file, owner);
  }
  return found;
}

/** The stems that the picture of a companion may have. */
function ownersOf(stem: string): string[] {
  const parts = stem.split('/');
  const name = parts.pop()!;
  const owners: string[] = [];
  const [, base, suffix] = /^(.+)[_.-]([A-Za-z]+)$/.exec(name) ?? [];
  if (base !== undefined && isCompanionWord(suffix!)) owners.push([...parts, base].join('/'));
  for (const [index, part] of parts.entries()) {
    if (!isCompanionWord(part)) continue;
    for (const word of PICTURE_WORDS) {
      const folder = [...parts.slice(0, index), ...(word ? [word] : []), ...parts.slice(index + 1)];
      owners.push([...folder, name].join('/'));
    }
  }
  return owners;
}
