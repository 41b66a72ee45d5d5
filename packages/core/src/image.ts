import { SimganError } from './errors.ts';
import type { HostTensor } from './host-tensor.ts';

/** The extent of a picture, pixels. A window within a picture may have fractions of a pixel. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How values are stored: whole numbers of 8 or 16 bits, or `32`, which are floats (float32). */
export type PixelBits = 8 | 16 | 32;

/**
 * The form of a domain's images: how pixels are stored, and the size if all images have the same size. Without `width`
 * and `height`, images may be of any size.
 */
export interface ImageForm {
  /** Pixels. Given together with `height`, or not at all. */
  readonly width?: number;
  /** Pixels. */
  readonly height?: number;
  /** 1: gray or depth. 3: RGB, interleaved. */
  readonly channels: 1 | 3;
  readonly bits: PixelBits;
  /**
   * The stored values that networks see as -1 and 1. Default: the full scale of `bits` ({@link fullScale}). Values outside are clamped
   * when they enter a network, so a refined image never leaves this range.
   */
  readonly range?: readonly [low: number, high: number];
  /**
   * Whether pictures keep their opacity ({@link Image.alpha}). Default: transparent pixels become 0, and all are opaque.
   */
  readonly keepsAlpha?: boolean;
}

/** The form of images that all have the same size. */
export interface SizedForm extends ImageForm, Size {
  readonly width: number;
  readonly height: number;
}

/** An image with its size: `height * width * channels` values, row by row, channels interleaved. */
export interface Image extends Size {
  /** 1: gray or depth. 3: RGB, interleaved. */
  readonly channels: 1 | 3;
  readonly bits: PixelBits;
  /** `Uint8Array` for 8 bits, `Uint16Array` for 16 bits, `Float32Array` for 32 bits. */
  readonly data: Pixels;
  /** Opacity, `[height, width]`, in the full scale of `bits`. Carried along; networks never see it. Default: opaque. */
  readonly alpha?: Pixels;
}

/** The values of an image, `[height, width, channels]`, row-major. */
export type Pixels = Uint8Array | Uint16Array | Float32Array;

const arrays = { 8: Uint8Array, 16: Uint16Array, 32: Float32Array } as const;

/** `length` values of 0. */
export function createPixels(bits: PixelBits, length: number): Pixels {
  return new arrays[bits](length);
}

/** The largest whole number of 8 or 16 bits: 255 or 65535. Of floats, which have none, 1. */
export function fullScale(bits: PixelBits): number {
  return bits === 32 ? 1 : 2 ** bits - 1;
}

/** A value as images of these bits store it: rounded to a whole number, but for floats. */
export function storedValue(value: number, bits: PixelBits): number {
  return bits === 32 ? value : Math.round(value);
}

/** Whether all images of a form have the same size. */
export function hasSize(form: ImageForm): form is SizedForm {
  return form.width !== undefined && form.height !== undefined;
}

/** The form of one image: its own size and storage, and the range of its domain. */
export function formOf(
  { width, height, channels, bits }: Image,
  { range }: Pick<ImageForm, 'range'> = {},
): SizedForm {
  return { width, height, channels, bits, ...(range && { range }) };
}

/** The number of values in an image of this form. */
export function imageLength({
  width,
  height,
  channels,
}: Pick<SizedForm, 'width' | 'height' | 'channels'>): number {
  return width * height * channels;
}

/** The stored values that networks see as -1 and 1. */
export function imageRange(form: Pick<ImageForm, 'bits' | 'range'>): readonly [low: number, high: number] {
  return form.range ?? [0, fullScale(form.bits)];
}

/** A black image of this form. */
export function createImage(form: SizedForm): Image {
  const { width, height, channels, bits } = form;
  const length = imageLength(form);
  return {
    width,
    height,
    channels,
    bits,
    data: createPixels(bits, length),
  };
}

/**
 * Makes an image from pixels, which are not copied.
 *
 * @throws SimganError INVALID_IMAGE if the pixels do not fit the form.
 * @example
 * const image = imageOf(new Uint8Array(55 * 35), { width: 55, height: 35, channels: 1, bits: 8 });
 */
export function imageOf(data: Pixels, { width, height, channels, bits }: SizedForm): Image {
  const image: Image = { width, height, channels, bits, data };
  const problem = imageProblem(image, image);
  if (problem) throw new SimganError('INVALID_IMAGE', `These pixels do not make an image: ${problem}.`);
  return image;
}

/** Why a value is not an image of this form, as a clause; `undefined` if it is one. */
export function imageProblem(image: unknown, form: ImageForm): string | undefined {
  if (typeof image !== 'object' || image === null || !('data' in image)) {
    return 'it is not an image: { width, height, channels, bits, data }';
  }
  const { width, height, channels, bits, data } = image as Image;
  if (channels !== form.channels) return `it has ${channels} channels, not ${form.channels}`;
  if (bits !== form.bits) return `it has ${bits} bits, not ${form.bits}`;
  const expected = arrays[bits];
  if (!(data instanceof expected)) return `its data is not a ${expected.name}, which ${bits}-bit images have`;
  if (hasSize(form) && (width !== form.width || height !== form.height)) {
    return `it is ${width} x ${height}, not ${form.width} x ${form.height}`;
  }
  const length = imageLength({ width, height, channels });
  if (!(Number.isInteger(length) && length > 0)) return `its size is ${width} x ${height}`;
  if (data.length !== length) {
    return `it has ${data.length} values, not ${height} x ${width} x ${channels} = ${length}`;
  }
  const { alpha } = image as Image;
  if (alpha !== undefined && !(alpha instanceof expected && alpha.length === width * height)) {
    return `its alpha is not a ${expected.name} of ${height} x ${width} values`;
  }
  return undefined;
}

/**
 * Encodes images for networks: `[batch, height, width, channels]` in [-1, 1]. All have the size of the first.
 *
 * @throws SimganError INVALID_IMAGE if an image is not of the form, or differs in size from the first.
 */
export function encodeImages(images: readonly Image[], form: ImageForm): HostTensor {
  const [first] = images;
  if (!first) throw new SimganError('INVALID_IMAGE', 'A batch needs at least one image.');
  const size = { width: first.width, height: first.height };
  const length = imageLength({ ...size, channels: form.channels });
  const [low, high] = imageRange(form);
  const scale = 2 / (high - low);
  const data = new Float32Array(images.length * length);
  for (const [index, image] of images.entries()) {
    const problem = imageProblem(image, { ...size, ...form });
    if (problem)
      throw new SimganError('INVALID_IMAGE', `Image ${index} of the batch cannot be used: ${problem}.`);
    const pixels = image.data;
    const offset = index * length;
    for (let i = 0; i < length; i++) {
      data[offset + i] = Math.min(1, Math.max(-1, (pixels[i]! - low) * scale - 1));
    }
  }
  return { data, shape: [images.length, size.height, size.width, form.channels] };
}

/**
 * The inverse of {@link encodeImages}: `[batch, height, width, channels]` clamped to [-1, 1] and rounded to stored
 * integers, exact for images in range. Floats are not rounded; they have the precision of float32 over the range.
 */
export function decodeImages({ data, shape }: HostTensor, form: ImageForm): Image[] {
  const [batch, height, width] = shape as [number, number, number, number];
  const length = imageLength({ width, height, channels: form.channels });
  const [low, high] = imageRange(form);
  const scale = (high - low) / 2;
  return Array.from({ length: batch }, (_, index) => {
    const image = createImage({ ...form, width, height });
    const offset = index * length;
    for (let i = 0; i < length; i++) {
      const value = Math.min(1, Math.max(-1, data[offset + i]!));
      image.data[i] = storedValue((value + 1) * scale + low, form.bits);
    }
    return image;
  });
}

/**
 * The form with its size, for code that only works on images of one size.
 *
 * @throws SimganError INVALID_ARGUMENT if the form has no size.
 */
export function sizedForm(form: ImageForm): SizedForm {
  if (hasSize(form)) return form;
  throw new SimganError(
    'INVALID_ARGUMENT',
    'Images of one size are needed here: give the form a width and a height.',
  );
}

/** A part of a picture, in whole pixels. */
export interface PixelWindow extends Size {
  readonly left: number;
  readonly top: number;
}

/** Copies a part of an image. The window must be within the image, in whole pixels. */
export function cropImage({ width, channels, bits, data, alpha }: Image, window: PixelWindow): Image {
  const crop = createImage({ width: window.width, height: window.height, channels, bits });
  copyRows(data, crop.data, { width, window, channels });
  if (!alpha) return crop;
  const opacity = createPixels(bits, window.width * window.height);
  copyRows(alpha, opacity, { width, window, channels: 1 });
  return { ...crop, alpha: opacity };
}

function copyRows(
  from: Pixels,
  to: Pixels,
  { width, window, channels }: { width: number; window: PixelWindow; channels: number },
): void {
  const line = window.width * channels;
  for (let row = 0; row < window.height; row++) {
    const start = ((window.top + row) * width + window.left) * channels;
    to.set(from.subarray(start, start + line), row * line);
  }
}
