/** @file The only caller of sharp: pixels out of picture files, and picture files out of pixels. */
import { open, readFile, stat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import {
  createImage,
  createPixels,
  fullScale,
  type Image,
  type ImageForm,
  imageProblem,
  imageRange,
  type PixelBits,
  type Pixels,
  SimganError,
  type SizedForm,
  type StoredFile,
  storedValue,
} from '@simgan/core';
import type { ImageTransform } from '@simgan/core/geometry';
import type { StoredPicture } from '@simgan/core/reading';
import { encodeTiff, imageOfArray, interleaved, readNpy } from '@simgan/formats';
import sharp from 'sharp';
import { fitSteps } from './fit.ts';
import { pictureKind, SIGNATURE_LENGTH } from './picture-kind.ts';
import { PIXEL_BUDGET, withinPixelBudget } from './pixel-budget.ts';
import type { StoredRange } from './stored-range.ts';

// Every picture here is decoded once and small: a cache of operations would only grow, and one thread a picture
// with several pictures at a time is faster than several threads a picture. Both are settings of the process.
sharp.cache(false);
sharp.concurrency(1);

/** Options for decoding pictures. */
export interface DecodeOptions {
  /**
   * `cover` (the default) scales until the form is filled and cuts off what stands over at both sides equally,
   * so that nothing is distorted. `fill` stretches to the form and cuts nothing.
   */
  readonly fit?: 'cover' | 'fill';
  /** Pictures of more pixels are refused from their header, before anything is decoded. Default: 50 million. */
  readonly maxPixels?: number;
  /** Files of more bytes are refused unread. Default: 100 MiB. */
  readonly maxBytes?: number;
  /**
   * Pictures narrower or lower than this part of the form are refused: scaled up they would teach the
   * discriminator that real pictures are blurred. Default: 0.5.
   */
  readonly minScale?: number;
  /**
   * Pixels that are decoded at the same time, in all of the process; a picture of more is decoded alone. A pixel takes 1
   * to 14 bytes meanwhile. Default: 100 million.
   */
  readonly pixelBudget?: number;
  /**
   * The stored values of 16-bit pictures and of floats that become the lowest and the highest value of a form of fewer bits:
   * cameras of 10 bits store 0 to 1023. Default: 0 to 65535; of a set, what its values say. Floats are refused without it.
   */
  readonly valueRange?: StoredRange;
}

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

/** The defaults of {@link DecodeOptions}. */
export const decodeDefaults: Required<Omit<DecodeOptions, 'valueRange'>> = {
  fit: 'cover',
  maxPixels: 50_000_000,
  maxBytes: 100 * 2 ** 20,
  minScale: 0.5,
  pixelBudget: PIXEL_BUDGET,
};

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

/** The bytes of a picture, wherever they are. */
interface ByteSource {
  /** The number of bytes. @throws SimganError INVALID_IMAGE if it is not a file. */
  size(): Promise<number>;
  /** The first bytes, {@link SIGNATURE_LENGTH} of them or all. */
  start(): Promise<Uint8Array>;
  all(): Promise<Uint8Array>;
}

function sourceOfBytes(bytes: Uint8Array): ByteSource {
  return {
    size: async () => bytes.length,
    start: async () => bytes.subarray(0, SIGNATURE_LENGTH),
    all: async () => pictureBytes(bytes),
  };
}

function sourceOfFile(file: string): ByteSource {
  return {
    async size() {
      // Not through an open handle: opening a pipe would wait for its writer.
      const found = await stat(file);
      if (!found.isFile()) throw unusable('It is not a file.');
      return found.size;
    },
    async start() {
      const handle = await open(file, 'r');
      try {
        const { buffer, bytesRead } = await handle.read(new Uint8Array(SIGNATURE_LENGTH), { position: 0 });
        return buffer.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
    all: async () => pictureBytes(await readFile(file)),
  };
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

type Header = Awaited<ReturnType<typeof readHeader>>;

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

/** How sharp names values of each kind, and colors of them. */
const depths = { 8: 'uchar', 16: 'ushort', 32: 'float' } as const;
const colorSpaces = {
  8: { gray: 'b-w', color: 'srgb' },
  16: { gray: 'grey16', color: 'rgb16' },
  32: { gray: 'b-w', color: 'scrgb' },
} as const;

function valuesOf(data: Buffer, bits: PixelBits): Pixels {
  const { buffer, byteOffset: start, byteLength: length } = data;
  if (bits === 8) return data;
  return bits === 16
    ? new Uint16Array(buffer, start, length / 2)
    : new Float32Array(buffer, start, length / 4);
}

/** Colors and opacity of interleaved values of 2 or 4 channels, of which the last is opacity. */
function splitAlpha(values: Pixels, channels: number, bits: PixelBits): { colors: Pixels; alpha?: Pixels } {
  if (channels % 2 === 1) return { colors: values };
  const pixels = values.length / channels;
  const [colors, alpha] = [createPixels(bits, pixels * (channels - 1)), createPixels(bits, pixels)];
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < channels - 1; channel++) {
      colors[pixel * (channels - 1) + channel] = values[pixel * channels + channel]!;
    }
    alpha[pixel] = values[(pixel + 1) * channels - 1]!;
  }
  return { colors, alpha };
}

/** Makes transparent floats 0, as sharp does with whole numbers. */
function multiply(colors: Pixels, alpha: Pixels): void {
  const channels = colors.length / alpha.length;
  for (let i = 0; i < colors.length; i++) colors[i]! *= alpha[Math.floor(i / channels)]!;
}

function alphaOf(alpha: Pixels, from: PixelBits, to: PixelBits): Pixels {
  if (from === to) return alpha;
  const converted = createPixels(to, alpha.length);
  const scale = fullScale(to) / fullScale(from);
  for (let i = 0; i < alpha.length; i++) converted[i] = storedValue(alpha[i]! * scale, to);
  return converted;
}

/** @throws SimganError INVALID_IMAGE if a value is no finite number. */
function spanOf(values: Pixels): readonly [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      throw unusable(
        `The picture holds the value ${value}, which networks cannot take. Store a number within its range where there is no reading, such as 0.`,
      );
    }
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function highestOf(values: ArrayLike<number>): number {
  let highest = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! > highest) highest = values[i]!;
  return highest;
}

/** What a picture's header says, rotated by its EXIF orientation. */
export interface PictureHeader {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Without transparency. */
  readonly channels: number;
  readonly bits: PixelBits;
  /** Whether it has transparency, or must be rotated to be upright: what programs show then differs. */
  readonly isPlain: boolean;
  /** The ending that files of its kind have: `png`, `jpg`, `webp`, `tif`. */
  readonly extension: string;
}

const extensions: Readonly<Record<string, string>> = { jpeg: 'jpg', tiff: 'tif' };

/**
 * Reads the header of a picture's bytes, and if `isChecked` decodes it once, so that one that is cut off is found.
 *
 * @throws SimganError INVALID_IMAGE if it is damaged, too large or not a picture.
 */
export async function inspectPicture(
  bytes: Uint8Array,
  { isChecked = false, ...options }: DecodeOptions & { readonly isChecked?: boolean } = {},
): Promise<PictureHeader> {
  const { maxPixels, maxBytes, pixelBudget } = { ...decodeDefaults, ...options };
  if (bytes.length > maxBytes) throw tooManyBytes(bytes.length, maxBytes);
  checkKind(bytes);
  const header = await readHeader(bytes);
  const { width, height } = header.autoOrient;
  if (width * height > maxPixels) throw tooManyPixels(width, height, maxPixels);
  if (isChecked) {
    await withinPixelBudget(Math.max(width * height, bytes.length), pixelBudget, async () => {
      const pipeline = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels });
      await pipeline
        .raw()
        .toBuffer()
        .catch((error: Error) => {
          throw damaged(error);
        });
    });
  }
  return {
    width,
    height,
    channels: header.channels - (header.hasAlpha ? 1 : 0),
    bits: bitsOf(header),
    isPlain: !header.hasAlpha && (header.orientation ?? 1) === 1,
    extension: extensions[header.format] ?? header.format,
  };
}

/**
 * The size of a picture file, rotated by its EXIF orientation, and how it is stored. Only its header is read.
 *
 * @throws SimganError INVALID_IMAGE if it is not a picture; the system's error if the file cannot be read.
 */
export async function readPictureSize(file: string): Promise<StoredPicture> {
  const source = sourceOfFile(file);
  if ((await source.size()) > decodeDefaults.maxBytes)
    throw tooManyBytes(await source.size(), decodeDefaults.maxBytes);
  checkKind(await source.start());
  const isArray = pictureKind(await source.start())?.name === 'NumPy';
  const { autoOrient, channels, hasAlpha, depth } = await readHeader(isArray ? await source.all() : file);
  const { width, height } = autoOrient;
  return { width, height, channels: channels - (hasAlpha ? 1 : 0), bits: storedBits[depth] ?? 32 };
}

const storedBits: Readonly<Record<string, number>> = { uchar: 8, char: 8, ushort: 16, short: 16, double: 64 };

function bitsOf({ depth }: Header): PixelBits {
  if (depth === 'uchar') return 8;
  if (depth === 'ushort') return 16;
  if (depth === 'float') return 32;
  throw unusable(`The picture stores its values as ${depth}; 8 and 16 bits and floats of 32 bits are read.`);
}

/**
 * An image as a PNG file that holds exactly its values: 1 or 3 channels and opacity, 8 or 16 bits, no color profile.
 * The same image gives the same bytes.
 *
 * @throws SimganError INVALID_IMAGE if the image's data does not fill its size.
 */
export async function encodePng(image: Image): Promise<Buffer> {
  const problem = imageProblem(image, image);
  if (problem) throw unusable(`The image cannot be written: ${problem}.`);
  const { width, height, channels, bits, alpha } = image;
  if (bits === 32) throw unusable('The image cannot be written: it holds floats, which PNG cannot.');
  const space = colorSpaces[bits][channels === 1 ? 'gray' : 'color'];
  const data = (alpha ? interleaved(image, alpha) : image.data) as Uint8Array | Uint16Array;
  const stored = (alpha ? channels + 1 : channels) as 1 | 2 | 3 | 4;
  return sharp(data, { raw: { width, height, channels: stored } })
    .toColourspace(space)
    .png({ compressionLevel: 6, adaptiveFiltering: false, palette: false })
    .toBuffer();
}

/**
 * An image as a file that holds exactly its values: a PNG, or of floats a TIFF. The same image gives the same bytes.
 *
 * @throws SimganError INVALID_IMAGE if the image's data does not fill its size.
 */
export async function encodePicture(image: Image): Promise<StoredFile> {
  if (image.bits !== 32) return { bytes: await encodePng(image), extension: 'png' };
  const problem = imageProblem(image, image);
  if (problem) throw unusable(`The image cannot be written: ${problem}.`);
  return { bytes: encodeTiff(image), extension: 'tif' };
}

/** The bytes of a picture file; those of an array are turned into a TIFF of the same values, all others stay. */
export function pictureBytes(bytes: Uint8Array): Uint8Array {
  return pictureKind(bytes)?.name === 'NumPy' ? encodeTiff(imageOfArray(readNpy(bytes, 'The array'))) : bytes;
}

/** Size, orientation, channels and depth, from the header. */
async function readHeader(bytes: Uint8Array | string) {
  // The limit on pixels is ours to report, with the picture's size: sharp's own message has none.
  return sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((error: Error) => {
      throw damaged(error);
    });
}

function checkKind(bytes: Uint8Array): void {
  if (bytes.length === 0) throw unusable('The file is empty.');
  const kind = pictureKind(bytes);
  if (!kind) throw unusable('The file is not a picture: its content is none of PNG, JPEG, WebP and TIFF.');
  if (!kind.isRead) {
    throw unusable(`The file is a ${kind.name}, which is not read; convert it to PNG, JPEG, WebP or TIFF.`);
  }
}

function toSpec(
  values: Pixels,
  channels: number,
  bits: PixelBits,
  spec: SizedForm,
  range: StoredRange | undefined,
): Image {
  const image = createImage(spec);
  const pixels = spec.width * spec.height;
  if (values.length !== pixels * channels || (channels !== 1 && channels !== 3)) {
    throw unusable(
      `The picture decodes to ${values.length} values in ${channels} channels, which is not expected.`,
    );
  }
  if (bits === spec.bits && channels === spec.channels) image.data.set(values);
  else {
    const convert =
      bits === spec.bits ? (value: number) => storedValue(value, bits) : scaling(bits, spec, range);
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let channel = 0; channel < spec.channels; channel++) {
        const value =
          channels === spec.channels
            ? values[pixel * channels + channel]!
            : channels === 1
              ? values[pixel]!
              : luma(values[pixel * 3]!, values[pixel * 3 + 1]!, values[pixel * 3 + 2]!);
        image.data[pixel * spec.channels + channel] = convert(value);
      }
    }
  }
  if (bits === spec.bits) checkRange(image.data, spec);
  return image;
}

/** How stored values become those of a form of fewer bits. @throws SimganError INVALID_IMAGE if that cannot be known. */
function scaling(
  bits: PixelBits,
  spec: SizedForm,
  range: StoredRange | undefined,
): (value: number) => number {
  if (!range && bits === 32) {
    throw unusable(
      'The picture stores floats, and which of them are black and white cannot be known. Say so with `valueRange`, such as 0,1; or keep floats where the plugin can: images, with its option bits=32.',
    );
  }
  const [low, high] = range ?? [0, fullScale(bits)];
  const top = fullScale(spec.bits);
  const divisor = (high - low) / top;
  return (value) => Math.min(top, Math.max(0, Math.round((value - low) / divisor)));
}

/** @throws SimganError INVALID_IMAGE if a value is outside the range that the form declares; floats always have one. */
function checkRange(values: Pixels, form: ImageForm): void {
  if (!form.range && form.bits !== 32) return;
  const [low, high] = imageRange(form);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value >= low && value <= high) continue;
    throw unusable(
      `The picture holds the value ${value}, and pictures of this domain hold ${low} to ${high}: its values are of another unit or kind.${form.bits === 32 ? ' The plugin option range=[LOW,HIGH] says which there are.' : ''}`,
    );
  }
}

/** ITU-R BT.601, in thousandths so that equal channels give exactly their value. */
function luma(red: number, green: number, blue: number): number {
  return (299 * red + 587 * green + 114 * blue) / 1000;
}

function unusable(message: string, cause?: unknown): SimganError {
  return new SimganError('INVALID_IMAGE', message, { cause });
}

/**
 * libvips collects error texts in a buffer of the whole process, so that of pictures decoded at the same time each may
 * get another's: its text is the cause, and what people and `rejects.jsonl` are told is always the same.
 */
function damaged(error: Error): SimganError {
  return unusable('The picture is damaged or cut off; it cannot be decoded.', error);
}

function tooManyPixels(width: number, height: number, maxPixels: number): SimganError {
  return unusable(
    `The picture is ${width} x ${height}; pictures of more than ${maxPixels / 1e6} megapixels are not read.`,
  );
}

function tooManyBytes(size: number, maxBytes: number): SimganError {
  const mebibytes = (bytes: number) =>
    bytes < 2 ** 20 ? `${bytes} bytes` : `${Math.round((bytes / 2 ** 20) * 10) / 10} MiB`;
  return unusable(
    `The file has ${mebibytes(size)}; picture files of more than ${mebibytes(maxBytes)} are not read.`,
  );
}
