/** @file Whether foreign labels can follow what is done to their pictures. */
import { SimganError } from '@simgan/core';
import type { ImageTransform } from '@simgan/core/geometry';
import type { Reject } from '../files/reject.ts';
import type { LoadedPictures, PictureSource } from '../pictures/load-pictures.ts';
import type { JsonObject } from './dataset-format.ts';
import type { DeclaredLabels } from './label-declaration.ts';
import { type MetadataLine, parseMetadataLine } from './metadata-line.ts';
import { findPixelFields } from './pixel-fields.ts';

/** Where labels come from. */
interface LabelLines {
  /** The plugin's schema, whose geometry all fields follow. */
  readonly schema: object | undefined;
  readonly declared: DeclaredLabels;
}

type Labeled = PictureSource & { readonly line?: string; readonly companions?: readonly unknown[] };

/**
 * Looks at the labels of all pictures whose geometry changes.
 *
 * @returns the pictures that cannot be used: those that EXIF's orientation turned, beside labels that count in pixels or companions.
 * @throws SimganError INVALID_ARGUMENT if fields that nobody declared look like pixels.
 */
export function checkLabelsFollow(
  dir: string,
  { usable, factsOf }: Pick<LoadedPictures<Labeled>, 'usable' | 'factsOf'>,
  { schema, declared }: LabelLines,
): { index: number; reject: Reject }[] {
  const pixels = lookForPixels(declared);
  const turned: { index: number; reject: Reject }[] = [];
  for (const [index, { name, line, companions = [] }] of usable.entries()) {
    const { isResized, isTurned, transform } = factsOf(index);
    if (isTurned && companions.length > 0) {
      turned.push({ index, reject: { file: name, reason: TURNED } });
      continue;
    }
    if (line === undefined || !(isResized || isTurned)) continue;
    const fields = (): JsonObject => (parseMetadataLine(line) as MetadataLine).fields;
    if (isTurned && (schema || declared.size > 0 || countsInPixels(fields(), transform.from))) {
      turned.push({ index, reject: { file: name, reason: TURNED } });
    } else if (!schema) pixels.look(fields(), transform);
  }
  pixels.refuse(dir);
  return turned;
}

/** Looks at labels whose pictures change their geometry for fields in pixels that nobody declared. */
export function lookForPixels(declared: DeclaredLabels) {
  const finder = findPixelFields(declared);
  let size: string | undefined;
  return {
    look(fields: JsonObject, { from, to }: Pick<ImageTransform, 'from' | 'to'>): void {
      size ??= `${from.width} x ${from.height} become ${to.width} x ${to.height}`;
      finder.look(fields, from);
    },
    /** @throws SimganError INVALID_ARGUMENT if there are any, saying what to declare. */
    refuse(dir: string): void {
      const found = finder.found();
      if (found.length === 0) return;
      const names = found.map(({ path }) => path).join(', ');
      const guesses = found.map(({ path, guess }) => `${path}=${guess}`).join(',');
      throw new SimganError(
        'INVALID_ARGUMENT',
        `Pictures in ${dir} of ${size}, and ${found.length === 1 ? 'a field of their labels looks' : 'fields of their labels look'} like pixels of the stored ones: ${names}. ` +
          `Declare what each is, so that it follows its picture: \`labelGeometry\` ${guesses} (a guess; check it). ` +
          'Or pass `labels` invariant, if no field that is not declared is in pixels.',
      );
    },
  };
}

const TURNED =
  'EXIF turns it, and whether its labels or companions count in pixels before or after that cannot be known. Turn the stored pixels, and remove the orientation.';

function countsInPixels(fields: JsonObject, size: { width: number; height: number }): boolean {
  const finder = findPixelFields(new Map());
  finder.look(fields, size);
  return finder.found().length > 0;
}
