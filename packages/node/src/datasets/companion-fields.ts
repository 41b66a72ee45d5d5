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

/** What a file that a field names is called now; left out if it has no new name. */
export interface RenamedFile {
  readonly field?: string | undefined;
  readonly file?: string;
}

/**
 * The members of an annotation that change when the files that its fields name are renamed or left out; `undefined` is
 * the value of a whole member that goes.
 *
 * @param renamed - in the order in which {@link findCompanionFields} finds them.
 */
export function renameFiles(
  fields: JsonObject,
  renamed: readonly RenamedFile[],
): Readonly<Record<string, Json | undefined>> {
  const next = new Map<string, RenamedFile[]>();
  for (const one of renamed) {
    if (one.field !== undefined) next.set(one.field, [...(next.get(one.field) ?? []), one]);
  }
  const changed = renameIn(fields, '', next) as JsonObject;
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([key, value]) => changed[key] !== value)
      .map(([key]) => [key, changed[key]]),
  );
}

/** Fields without those that name files. */
export function withoutFiles(fields: JsonObject, named: readonly Pick<RenamedFile, 'field'>[]): JsonObject {
  const changes = renameFiles(
    fields,
    named.map(({ field }) => ({ field })),
  );
  const kept = Object.entries({ ...fields, ...changes }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as JsonObject;
}

/** A value with the names of files at the paths of fields replaced by those that are next. */
function renameIn(value: Json, path: string, next: ReadonlyMap<string, RenamedFile[]>): Json | undefined {
  const here = next.get(path);
  if (here) {
    if (!Array.isArray(value)) return here.shift()?.file;
    return value.flatMap(() => here.shift()?.file ?? []);
  }
  if (Array.isArray(value)) {
    const list = value.map((member: Json) => renameIn(member, path, next) ?? null);
    return list.every((member, index) => member === value[index]) ? value : list;
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value as JsonObject).flatMap(([key, member]) => {
    const own = renameIn(member, path === '' ? key : `${path}.${key}`, next);
    return own === undefined ? [] : [[key, own] as const];
  });
  const isSame =
    members.length === Object.keys(value).length &&
    members.every(([key, member]) => member === (value as JsonObject)[key]);
  return isSame ? value : Object.fromEntries(members);
}

/** What a companion is, by the field that names it: `mask_file_name` and `mask.file_name` name a mask. */
export function nameOfField(path: string): string {
  const parts = path.split('.');
  const last = parts.at(-1)!.replace(NAMES_FILES, '');
  return last || parts.at(-2) || 'companion';
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

/** What a companion is, by its own name: `masks/0.png` and `0_mask.png` are masks. */
export function nameOfCompanion(file: string): string {
  const parts = stemOf(file).split('/');
  const words = [...parts, ...(/[_.-]([A-Za-z]+)$/.exec(parts.at(-1)!)?.slice(1) ?? [])];
  return words.findLast(isCompanionWord)?.toLowerCase().replace(/s$/, '') ?? 'companion';
}
