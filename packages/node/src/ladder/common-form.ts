/** @file One form for pictures of any size, in which sets are measured and judged: each picture whole, never a crop. */
import {
  type Dataset,
  hasSize,
  type ImageForm,
  mapDataset,
  type RealImage,
  type Size,
  type SizedForm,
} from '@simgan/core';
import { resample, resizeTransform } from '@simgan/core/geometry';
import { sizesOf } from '../runs/picture-sizes.ts';

/** A form, and how pictures get it. */
export interface CommonForm {
  readonly image: SizedForm;
  /** A picture in this form. */
  fit<Item extends RealImage>(item: Item): Item;
}

/** The longer side of pictures without a common size, pixels. */
const LONGEST_SIDE = 64;

/** The form of the plugin, or, where its pictures have any size, the median one, scaled down to at most 64 pixels. */
export async function commonForm(
  image: ImageForm,
  ...sets: readonly Dataset<RealImage>[]
): Promise<CommonForm> {
  if (hasSize(image)) return { image, fit: (item) => item };
  const sizes = await sizesOf(...sets);
  const [width, height] = [
    medianOf(sizes.map((size) => size.width)),
    medianOf(sizes.map((size) => size.height)),
  ];
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const { keepsAlpha: _, ...form } = image;
  const side = (length: number) => Math.max(9, Math.round(scale * length));
  const size = { width: side(width), height: side(height) };
  return { image: { ...form, ...size }, fit: (item) => fitted(item, size) };
}

/** All pictures in a form. */
export function fitAll<Item extends RealImage>(
  { fit }: Pick<CommonForm, 'fit'>,
  pictures: Dataset<Item>,
): Dataset<Item> {
  return mapDataset(pictures, (item) => fit(item));
}

/** Both sets in their common form, to be measured against each other. */
export async function setsInOneForm<Synthetic extends RealImage>(
  image: ImageForm,
  { synthetic, real }: { readonly synthetic: Dataset<Synthetic>; readonly real: Dataset<RealImage> },
) {
  const form = await commonForm(image, synthetic, real);
  return { synthetic: fitAll(form, synthetic), real: fitAll(form, real), image: form.image };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function fitted<Item extends RealImage>(item: Item, size: Size): Item {
  const { alpha: _, ...image } = item.image;
  if (image.width === size.width && image.height === size.height) return { ...item, image };
  return { ...item, image: resample(image, resizeTransform(image, size)) };
}
