/** @file A file beside a picture as a companion of its sample. */
import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Companion, Image, ImageForm, Size } from '@simgan/core';
import {
  composeTransforms,
  type ImageTransform,
  mapOf,
  moveCompanions,
  resizeTransform,
} from '@simgan/core/geometry';
import { readPicture } from '../pictures/decode-picture.ts';
import { readPictureSize } from '../pictures/picture-header.ts';
import { isNamedAsPicture } from '../pictures/picture-kind.ts';

/** What is known of a companion before it is read. */
export interface CompanionPlace {
  readonly name: string;
  /** As the annotation names it, or relative to the folder that was read. */
  readonly file: string;
  readonly field?: string;
  /** Where the file is on this machine. */
  readonly location: string;
  /** Why it is left out unread, as a sentence. */
  readonly problem?: string;
}

/** A larger file is no companion of a picture. */
const LARGEST = 2 ** 30;

/**
 * The companion that a file is. Its values are those that are stored: one or three channels of 8 or 16 bits or floats (colors of
 * a palette as colors); other files can be copied and not moved.
 *
 * @param transform - what was done to the picture, if anything was; the companion may have another resolution than it.
 */
export async function openCompanion(
  { location, ...place }: CompanionPlace,
  transform?: ImageTransform,
): Promise<Companion> {
  if (place.problem !== undefined) return place;
  const found = await stat(location).catch(() => undefined);
  if (!found?.isFile()) return { ...place, problem: 'It does not exist.' };
  if (found.size > LARGEST) return { ...place, problem: 'It is larger than 1 GiB.' };
  const size = isNamedAsPicture(location)
    ? await readPictureSize(location).catch(() => undefined)
    : undefined;
  const isRead = size !== undefined && (size.channels === 1 || size.channels === 3) && size.bits <= 32;
  const pixels = isRead ? () => storedPixels(location, size) : undefined;
  const companion = { ...place, ...(pixels && { pixels }) };
  if (!transform) {
    const extension = extname(location).slice(1).toLowerCase() || 'bin';
    return { ...companion, stored: async () => ({ bytes: await readFile(location), extension }) };
  }
  if (!isRead) return moveCompanions({ companions: [companion] }, mapOf(transform)).companions![0]!;
  if (!isAlike(size, transform.from)) {
    return {
      ...place,
      problem: `It is ${size.width} x ${size.height} and its picture ${transform.from.width} x ${transform.from.height}, so that where its pixels belong is not known.`,
    };
  }
  const whole = composeTransforms(resizeTransform(size, transform.from), transform);
  return moveCompanions({ companions: [companion] }, mapOf(whole)).companions![0]!;
}

/** Whether two sizes are the same but for their resolution. */
function isAlike(one: Size, other: Size): boolean {
  return Math.abs(one.width * other.height - other.width * one.height) <= Math.max(other.width, other.height);
}

async function storedPixels(
  location: string,
  { channels, bits }: { readonly channels: number; readonly bits: number },
): Promise<Image> {
  const form: ImageForm = {
    channels: channels === 1 ? 1 : 3,
    bits: bits === 8 || bits === 16 ? bits : 32,
    // They are moved and not looked at: any number may stand in them.
    ...(bits > 16 && { range: [-Number.MAX_VALUE, Number.MAX_VALUE] }),
    keepsAlpha: true,
  };
  return (await readPicture(location, form)).image;
}
