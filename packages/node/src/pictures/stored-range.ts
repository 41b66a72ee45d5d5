/** @file Which stored values of 16-bit pictures are black and white. Cameras of 10, 12 or 14 bits store theirs unscaled. */
import { SimganError } from '@simgan/core';

/** Bits that sensors have. */
const SENSOR_BITS = [8, 10, 12, 14, 16] as const;
/** Among many pictures the brightest value comes near the largest one that the sensor has. */
const LEAST_SHARE = 0.75;

/** The stored values that are black and white. */
export type StoredRange = readonly [low: number, high: number];

/**
 * The range of a set's stored values by the highest of all its pictures: that of a sensor of 8, 10, 12, 14 or 16 bits,
 * of which the set uses the most part.
 *
 * @param highest - the highest value of all pictures of the set.
 * @returns `undefined` if it cannot be known.
 */
export function rangeOfSet(highest: number): StoredRange | undefined {
  const tops = SENSOR_BITS.map((bits) => 2 ** bits - 1);
  const top = tops.find((value) => highest <= value);
  return top !== undefined && highest >= LEAST_SHARE * top ? [0, top] : undefined;
}

/** A range in words: `10 bits in 16 (0 to 1023)`; `undefined` for the whole range of 16 bits. */
export function describeRange([low, high]: StoredRange): string | undefined {
  if (low === 0 && high === 65_535) return undefined;
  const bits = Math.log2(high + 1);
  const range = `${low} to ${high}`;
  return low === 0 && Number.isInteger(bits) ? `${bits} bits in 16 (${range})` : `${range} of 16 bits`;
}

/** Floats of a picture or a set in words: `float32 from 0.02 to 0.97`, and which of them became black and white. */
export function describeFloats(
  [low, high]: readonly [number, number],
  range: StoredRange | undefined = undefined,
): string {
  const short = (value: number) => String(Number(value.toPrecision(4)));
  const found = `float32 from ${short(low)} to ${short(high)}`;
  return range ? `${found}, of which ${range[0]} became black and ${range[1]} white` : found;
}

/** @throws SimganError INVALID_ARGUMENT if it is no range of stored values. */
export function checkStoredRange(range: StoredRange): void {
  const [low, high] = range;
  if (range.length === 2 && Number.isFinite(low) && Number.isFinite(high) && low < high) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `\`valueRange\` ${JSON.stringify(range)}: expected the stored values of black and white, two numbers, the lower one first.`,
  );
}

/** What to say of a set whose range cannot be known. */
export function unknownRange(highest: number): SimganError {
  const guesses = SENSOR_BITS.map((bits) => 2 ** bits - 1).filter((top) => top >= highest);
  return new SimganError(
    'INVALID_ARGUMENT',
    `The 16-bit pictures hold values up to ${highest}, and which value is white cannot be known from that. ` +
      `Say so with \`valueRange\`, such as 0,${guesses[0] ?? 65_535} or 0,65535.`,
  );
}

/**
 * The range of a set's stored values, if it is not the whole one of 16 bits.
 *
 * @param highest - the highest of all pictures whose 16 bits became 8; `undefined` if there are none.
 * @throws SimganError INVALID_ARGUMENT if it cannot be known.
 */
export function rangeOfHighest(highest: number | undefined): StoredRange | undefined {
  if (highest === undefined) return undefined;
  const range = rangeOfSet(highest);
  if (!range) throw unknownRange(highest);
  return describeRange(range) === undefined ? undefined : range;
}
