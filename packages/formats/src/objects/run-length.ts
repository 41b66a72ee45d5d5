/**
 * @file Masks as run lengths, in the two forms of COCO's API (`common/maskApi.c`): column by column from the top left,
 * background first; as a list of numbers, or as text of 6 bits a character in which each run is stored as its difference
 * from the one two before.
 */
import { SimganError } from '@simgan/core';

/**
 * A mask as runs of pixels, column by column, as COCO stores them: the first run is of background. `counts` is the list
 * of lengths, or COCO's compressed text of it.
 */
export interface RunLengthMask {
  /** `[height, width]`, pixels. */
  readonly size: readonly [height: number, width: number];
  readonly counts: string | readonly number[];
}

/** The longest text or list of runs that is read. */
export const LONGEST_RUN_TEXT = 2 ** 22;
/** Masks of more pixels are not unpacked. */
const MOST_PIXELS = 50_000_000;

/** The lengths of a mask's runs. @throws SimganError INVALID_FILE if they are damaged or do not fill the mask. */
export function runsOf({ size: [height, width], counts }: RunLengthMask): number[] {
  const runs = typeof counts === 'string' ? unpackRuns(counts) : [...counts];
  let pixels = 0;
  for (const run of runs) {
    if (!Number.isSafeInteger(run) || run < 0) throw damaged(`a run of ${run} pixels`);
    pixels += run;
  }
  if (pixels !== height * width) {
    throw damaged(`its runs have ${pixels} pixels and the mask ${width} x ${height} = ${height * width}`);
  }
  return runs;
}

/** The pixels of a mask, `[height, width]` row by row: 1 inside, 0 outside. @throws SimganError INVALID_FILE as above. */
export function decodeMask(mask: RunLengthMask): Uint8Array {
  const [height, width] = mask.size;
  if (height * width > MOST_PIXELS) throw damaged(`masks of more than ${MOST_PIXELS} pixels are not read`);
  const pixels = new Uint8Array(height * width);
  let at = 0;
  for (const [index, run] of runsOf(mask).entries()) {
    if (index % 2 === 1) {
      for (let i = at; i < at + run; i++) pixels[(i % height) * width + Math.floor(i / height)] = 1;
    }
    at += run;
  }
  return pixels;
}

/** Pixels, `[height, width]` row by row, as a mask with a list of runs; everything but 0 is inside. */
export function encodeMask(pixels: ArrayLike<number>, width: number, height: number): RunLengthMask {
  const counts: number[] = [];
  let [inside, run] = [false, 0];
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if ((pixels[y * width + x] !== 0) !== inside) {
        counts.push(run);
        run = 0;
        inside = !inside;
      }
      run++;
    }
  }
  counts.push(run);
  return { size: [height, width], counts };
}

/** The number of pixels inside a mask. */
export function maskArea(mask: RunLengthMask): number {
  return runsOf(mask).reduce((sum, run, index) => (index % 2 === 1 ? sum + run : sum), 0);
}

/** The tight box of a mask, `[left, top, width, height]`; all zero if nothing is inside. */
export function maskBox(mask: RunLengthMask): [left: number, top: number, width: number, height: number] {
  const [height] = mask.size;
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, height, -1, 0];
  let at = 0;
  for (const [index, run] of runsOf(mask).entries()) {
    if (index % 2 === 1 && run > 0) {
      const [first, last] = [Math.floor(at / height), Math.floor((at + run - 1) / height)];
      left = Math.min(left, first);
      right = Math.max(right, last);
      // A run into the next column touches the bottom of one and the top of the other.
      top = first === last ? Math.min(top, at % height) : 0;
      bottom = first === last ? Math.max(bottom, ((at + run - 1) % height) + 1) : height;
    }
    at += run;
  }
  return right < 0 ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top];
}

/** COCO's compressed text of a mask's runs. */
export function packRuns(runs: readonly number[]): string {
  let text = '';
  for (const [index, run] of runs.entries()) {
    let value = index > 2 ? run - runs[index - 2]! : run;
    for (let more = true; more; ) {
      let bits = value & 0x1f;
      value >>= 5;
      more = bits & 0x10 ? value !== -1 : value !== 0;
      if (more) bits |= 0x20;
      text += String.fromCharCode(bits + 48);
    }
  }
  return text;
}

function unpackRuns(text: string): number[] {
  const runs: number[] = [];
  for (let at = 0; at < text.length; ) {
    let [value, shift] = [0, 0];
    for (let more = true; more; ) {
      const code = text.charCodeAt(at++) - 48;
      if (!(code >= 0 && code < 64) || shift > 30) throw damaged('its text is not one of COCO runs');
      value |= (code & 0x1f) << shift;
      shift += 5;
      more = (code & 0x20) !== 0;
      if (!more && code & 0x10 && shift < 32) value |= -1 << shift;
    }
    if (runs.length > 2) value += runs[runs.length - 2]!;
    runs.push(value);
  }
  return runs;
}

function damaged(problem: string): SimganError {
  return new SimganError('INVALID_FILE', `A mask cannot be read: ${problem}.`);
}
