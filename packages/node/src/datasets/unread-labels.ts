/** @file Files of labels beside pictures, which whoever reads only the pictures would drop without a word. */
import { basename, extname } from 'node:path';
import { stemOf } from '@simgan/core/reading';
import { isNamedAsPicture, withoutArraysBesidePictures } from '../pictures/picture-kind.ts';

/** Files that hold nothing but data, whatever they are called. */
const DATA = new Set('.jsonl .csv .tsv .parquet .h5 .hdf5 .mat .npz .npy .pkl .tfrecord .arrow'.split(' '));
/** Files that hold labels if they are called like a picture, or as labels are. */
const TEXT = new Set('.json .xml .txt .yaml .yml'.split(' '));
const NAMED_AS_LABELS =
  /^(_?annotations?|labels?|metadata|classes|joints?|instances.*|keypoints.*|.*_keypoints.*|captions.*|via_.*|ground_?truth|gt|camera_params|transforms)\.[a-z]+$/i;

/**
 * The files of a listing that look like labels of its pictures: data of any kind, texts that have the name of a picture
 * or are called as labels are.
 */
export function findLabelFiles(files: readonly string[]): string[] {
  // Where there are no others, arrays are the pictures.
  const all = withoutArraysBesidePictures(files);
  const isArray = (file: string) => all === files && extname(file).toLowerCase() === '.npy';
  const pictures = new Set(files.filter(isNamedAsPicture).map((file) => basename(stemOf(file))));
  return files.filter((file) => {
    const extension = extname(file).toLowerCase();
    if (DATA.has(extension)) return !isArray(file);
    if (!TEXT.has(extension)) return false;
    return pictures.has(basename(stemOf(file))) || NAMED_AS_LABELS.test(basename(file));
  });
}

/** Such files in words: `12 .json files (1.json, 10.json and 10 more)`. */
export function describeLabelFiles(files: readonly string[]): string {
  const byKind = new Map<string, string[]>();
  for (const file of files) {
    const kind = extname(file).toLowerCase();
    byKind.set(kind, [...(byKind.get(kind) ?? []), file]);
  }
  return Array.from(byKind, ([kind, names]) => {
    const shown = names.slice(0, 2).join(', ');
    const more = names.length > 2 ? ` and ${names.length - 2} more` : '';
    return names.length === 1 ? names[0]! : `${names.length} ${kind} files (${shown}${more})`;
  }).join(', ');
}
