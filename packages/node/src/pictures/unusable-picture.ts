/** @file Why a picture cannot be used, as sentences. */
import { SimganError } from '@simgan/core';

/** A picture that cannot be used, with a sentence that says why. */
export function unusable(message: string, cause?: unknown): SimganError {
  return new SimganError('INVALID_IMAGE', message, { cause });
}

/**
 * libvips collects error texts in a buffer of the whole process, so that of pictures decoded at the same time each may
 * get another's: its text is the cause, and what people and `rejects.jsonl` are told is always the same.
 */
export function damaged(error: Error): SimganError {
  return unusable('The picture is damaged or cut off; it cannot be decoded.', error);
}

export function tooManyPixels(width: number, height: number, maxPixels: number): SimganError {
  return unusable(
    `The picture is ${width} x ${height}; pictures of more than ${maxPixels / 1e6} megapixels are not read.`,
  );
}

export function tooManyBytes(size: number, maxBytes: number): SimganError {
  const mebibytes = (bytes: number) =>
    bytes < 2 ** 20 ? `${bytes} bytes` : `${Math.round((bytes / 2 ** 20) * 10) / 10} MiB`;
  return unusable(
    `The file has ${mebibytes(size)}; picture files of more than ${mebibytes(maxBytes)} are not read.`,
  );
}
