import { SimganError } from './errors.ts';
import type { HostTensor } from './host-tensor.ts';

/** The one form that all images of a domain have. Lengths in pixels. */
export interface ImageSpec {
  readonly width: number;
  readonly height: number;
  /** 1: grey or depth. 3: RGB, interleaved. */
  readonly channels: 1 | 3;
  readonly bits: 8 | 16;
  /**
   * The stored values that the networks see as -1 and 1; the full scale of `bits` unless given. Values
   * outside are clamped when they enter a network, so a refined image never leaves this range.
   */
  readonly range?: readonly [low: number, high: number];
}

/** Row-major pixels, channels interleaved, `height * width * channels` values. */
export type Image = Uint8Array | Uint16Array;

/** How many values an image of this form has. */
export function imageLength(spec: ImageSpec): number {
  return spec.width * spec.height * spec.channels;
}

/** The stored values that networks see as -1 and 1. */
export function imageRange(spec: ImageSpec): readonly [low: number, high: number] {
  return spec.range ?? [0, 2 ** spec.bits - 1];
}

/** A black image of this form. */
export function createImage(spec: ImageSpec): Image {
  return spec.bits === 8 ? new Uint8Array(imageLength(spec)) : new Uint16Array(imageLength(spec));
}

/** Says why a value is not an image of this form, or `undefined` if it is one. */
export function imageProblem(image: unknown, spec: ImageSpec): string | undefined {
  const expected = spec.bits === 8 ? Uint8Array : Uint16Array;
  if (!(image instanceof expected)) return `it is not a ${expected.name}, which ${spec.bits}-bit images are`;
  if (image.length !== imageLength(spec)) {
    return `it has ${image.length} values, not ${spec.height} x ${spec.width} x ${spec.channels} = ${imageLength(spec)}`;
  }
  return undefined;
}

/**
 * Images as the networks see them: `[batch, height, width, channels]` in [-1, 1].
 *
 * @throws SimganError INVALID_IMAGE if an image is not of the form `spec`.
 */
export function encodeImages(images: readonly Image[], spec: ImageSpec): HostTensor {
  const length = imageLength(spec);
  const [low, high] = imageRange(spec);
  const scale = 2 / (high - low);
  const data = new Float32Array(images.length * length);
  for (const [index, image] of images.entries()) {
    const problem = imageProblem(image, spec);
    if (problem)
      throw new SimganError('INVALID_IMAGE', `Image ${index} of the batch cannot be used: ${problem}.`);
    const offset = index * length;
    for (let i = 0; i < length; i++) {
      data[offset + i] = Math.min(1, Math.max(-1, (image[i]! - low) * scale - 1));
    }
  }
  return { data, shape: [images.length, spec.height, spec.width, spec.channels] };
}

/** The inverse of {@link encodeImages}: clamps to [-1, 1] and rounds to the stored integers. Exact for images in range. */
export function decodeImages(batch: HostTensor, spec: ImageSpec): Image[] {
  const length = imageLength(spec);
  const [low, high] = imageRange(spec);
  const scale = (high - low) / 2;
  return Array.from({ length: batch.data.length / length }, (_, index) => {
    const image = createImage(spec);
    const offset = index * length;
    for (let i = 0; i < length; i++) {
      const value = Math.min(1, Math.max(-1, batch.data[offset + i]!));
      image[i] = Math.round((value + 1) * scale + low);
    }
    return image;
  });
}
