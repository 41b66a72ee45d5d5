/** @file Fields that hold the class of a picture or of an object: names, which are neither pixels nor directions. */
import type { Json } from './dataset-format.ts';

/** Their names, in the order in which a picture's class is looked for. */
export const CLASS_FIELDS = [
  'class',
  'label',
  'category',
  'class_name',
  'label_name',
  'class_id',
  'category_id',
] as const;

/**
 * Whether a field is a class that is a number: a whole number in a field of one of these names, or within other fields a list
 * of them (`objects.category`), beside lists of boxes.
 */
export function isNumberedClass(path: string, value: Json): boolean {
  const name = path.slice(path.lastIndexOf('.') + 1);
  if (!CLASS_FIELDS.some((field) => field === name)) return false;
  if (Number.isInteger(value)) return true;
  return path.includes('.') && Array.isArray(value) && value.every((one) => Number.isInteger(one));
}
