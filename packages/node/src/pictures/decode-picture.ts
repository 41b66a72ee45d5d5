import { setImmediate } from 'node:timers/promises';
import type { Image, ImageForm, SizedForm } from '@simgan/core';
import type { ImageTransform } from '@simgan/core/geometry';
import { type DecodeOptions, decodeDefaults } from './decode-options.ts';
import { fitSteps } from './fit.ts';
import { type ByteSource, sourceOfBytes, sourceOfFile } from './picture-bytes.ts';
import { bitsOf, checkKind, type Header, readHeader } from './picture-header.ts';
import { withinPixelBudget } from './pixel-budget.ts';
import { colorSpaces, depths, sharp } from './sharp.ts';
import { alphaOf, highestOf, multiply, spanOf, splitAlpha, toSpec, valuesOf } from './stored-values.ts';
import { damaged, tooManyBytes, tooManyPixels, unusable } from './unusable-picture.ts';

/** A decoded picture. */
export interface DecodedPicture {
  readonly image: Image;
  /** Whether its size differed from the form, so that labels in pixels no longer fit it as they are. */
  readonly isResized: boolean;
  /** How points of the stored picture, as it is displayed, came to where they are now. */
  readonly transform: ImageTransform;
  /** Whether EXIF's orientation turned or mirrored it: labels may count in either of the two. */
  readonly isTurned: boolean;
  /** Whether it has transparency, which became 0. */
  readonly hasAlpha: boolean;
  /** The highest stored value, where 16 bits became 8. */
  readonly highest?: number;
  /** The lowest and the highest stored value of a picture of floats. */
  readonly span?: readonly [low: number, high: number];
}

/** What decoding did to a picture, or found in it. */
export type PictureFacts = Omit<DecodedPicture, 'image'>;

/**
 * Decodes a PNG, JPEG, WebP, TIFF or NumPy array (`.npy`) to an image of a form; without a size in the form, at the
 * picture's own. A picture that already has the form's size, channels and bits comes out exactly as it is stored.
 *
 * - EXIF orientation is applied; embedded color profiles and CMYK are converted to sRGB.
 * - Transparent pixels become 0, as depth cameras write "no reading", unless the form keeps their opacity.
 * - 8-bit pictures are scaled with Lanczos' filter, gray ones of 16 bits or floats with the nearest pixel: they hold depth,
 *   where a mean of two surfaces, or of a surface and "no reading", is a point that does not exist. Colors of floats are
 *   interpolated linearly, which leaves no range.
 * - Color becomes gray by ITU-R BT.601's luma (0.299, 0.587, 0.114); gray becomes color by repetition.
 * - 16 bits become 8 linearly, from `valueRange`, and so do floats, which are refused without it. Pictures of fewer bits than
 *   are asked for are refused: the missing precision and the unit of the values cannot be made up.
 * - Values outside the range of the form are refused: they are of another unit or kind. So is what is no finite number.
 *
 * @throws SimganError INVALID_IMAGE saying why the picture cannot be used: cut off or damaged, too large, too
 * small, of a kind that is not read.
 */
export function decodePicture(
  bytes: Uint8Array,
  form: ImageForm,
  options: DecodeOptions = {},
): Promise<DecodedPicture> {
  return usePicture(sourceOfBytes(bytes), form, options, (picture) => picture);
}

/**
 * Reads and decodes a file as {@link decodePicture} does.
 *
 * @throws SimganError INVALID_IMAGE if the picture cannot be used; the system's error if the file cannot be read.
 */
export function readPicture(
  file: string,
  form: ImageForm,
  options: DecodeOptions = {},
): Promise<DecodedPicture> {
  return usePicture(sourceOfFile(file), form, options, (picture) => picture);
}

/**
 * Reads and decodes a file as {@link decodePicture} does, and hands it to `use`. Its pixels count against the budget
 * until `use` is done, and between two calls of `use` the event loop runs.
 *
 * @throws SimganError INVALID_IMAGE if the picture cannot be used; the system's error if the file cannot be read.
 */
export function usePictureFile<Value>(
  file: string,
  form: ImageForm,
  options: DecodeOptions,
  use: (picture: DecodedPicture) => Value | Promise<Value>,
): Promise<Value> {
  return usePicture(sourceOfFile(file), form, options, async (picture) => {
    await ownTurn();
    return use(picture);
  });
}

let turn: Promise<unknown> = Promise.resolve();

/** Waits for a turn of the event loop that no other picture has: what each is used for may take long. */
function ownTurn(): Promise<unknown> {
  turn = turn.then(() => setImmediate());
  return turn;
}

/** Larger files are read twice, for header and pixels, rather than kept in memory while they wait for their turn. */
const SMALL_FILE = 4 * 2 ** 20;

async function usePicture<Value>(
  source: ByteSource,
  form: ImageForm,
  options: DecodeOptions,
  use: (picture: DecodedPicture) => Value | Promise<Value>,
): Promise<Value> {
  const limits = { ...decodeDefaults, ...options };
  const { maxPixels, maxBytes, minScale, pixelBudget } = limits;
  const size = await source.size();
  if (size > maxBytes) throw tooManyBytes(size, maxBytes);
  const bytes = size <= SMALL_FILE ? await source.all() : undefined;
  checkKind(bytes ?? (await source.start()));

  const header = bytes
    ? await readHeader(bytes)
    : await withinPixelBudget(size, pixelBudget, async () => readHeader(await source.all()));
  const { width, height } = header.autoOrient;
  if (width * height > maxPixels) throw tooManyPixels(width, height, maxPixels);
  const spec: SizedForm = { ...form, width: form.width ?? width, height: form.height ?? height };
  if (width < spec.width * minScale || height < spec.height * minScale) {
    throw unusable(
      `The picture is ${width} x ${height}, too small for ${spec.width} x ${spec.height}: ` +
        'scaled up it would be blur.',
    );
  }
  const bits = bitsOf(header);
  if (bits < spec.bits) {
    throw unusable(
      `The picture has ${bits} bits a value and ${spec.bits === 32 ? 'floats' : '16'} are needed; the missing precision cannot be made up.`,
    );
  }
  // The file's bytes are in memory too, and may be more than the pixels.
  return withinPixelBudget(Math.max(width * height, size), pixelBudget, async () =>
    use(await decode(bytes ?? (await source.all()), header, spec, limits)),
  );
}

type Limits = Required<Omit<DecodeOptions, 'valueRange'>> & Pick<DecodeOptions, 'valueRange'>;

async function decode(
  bytes: Uint8Array,
  header: Header,
  spec: SizedForm,
  { fit, maxPixels, valueRange }: Limits,
): Promise<DecodedPicture> {
  const bits = bitsOf(header);
  const isGray = header.channels - (header.hasAlpha ? 1 : 0) === 1;
  const { width, height } = header.autoOrient;
  const isResized = width !== spec.width || height !== spec.height;
  const { scaled, left, top, transform } = fitSteps({ width, height }, spec, fit);
  // Color spaces must be named: sharp turns gray into three channels and 16 bits into 8 unless told otherwise.
  const keepsAlpha = header.hasAlpha && spec.keepsAlpha === true;
  // Of 8-bit gray, sharp leaves out opacity; in color, all three channels are the gray.
  const space = colorSpaces[bits][isGray && !(bits === 8 && keepsAlpha) ? 'gray' : 'color'];
  if (bits === 32 && header.space !== space) {
    throw unusable(
      `The picture stores floats in ${header.channels} channels of ${header.space}; gray, RGB and RGB with opacity are read.`,
    );
  }
  const pipeline = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels }).autoOrient();
  if (header.hasAlpha && !keepsAlpha && bits !== 32) pipeline.flatten({ background: '#000' });
  if (isResized) {
    const kernel = bits !== 8 && isGray ? 'nearest' : bits === 32 ? 'linear' : 'lanczos3';
    pipeline.resize({ ...scaled, fit: 'fill', kernel });
    if (left > 0 || top > 0 || scaled.width > spec.width || scaled.height > spec.height) {
      pipeline.extract({ left, top, width: spec.width, height: spec.height });
    }
  }
  const { data, info } = await pipeline
    .toColourspace(space)
    .raw({ depth: depths[bits] })
    .toBuffer({ resolveWithObject: true })
    .catch((error: Error) => {
      throw damaged(error);
    });
  const values = valuesOf(data, bits);
  const span = bits === 32 ? spanOf(values) : undefined;
  const { colors, alpha } = splitAlpha(values, info.channels, bits);
  if (alpha && !keepsAlpha) multiply(colors, alpha);
  const image = toSpec(colors, alpha ? info.channels - 1 : info.channels, bits, spec, valueRange);
  return {
    image: alpha && keepsAlpha ? { ...image, alpha: alphaOf(alpha, bits, spec.bits) } : image,
    isResized,
    transform,
    isTurned: (header.orientation ?? 1) !== 1,
    hasAlpha: header.hasAlpha && !keepsAlpha,
    ...(span ? { span } : bits > spec.bits && { highest: highestOf(values) }),
  };
}
