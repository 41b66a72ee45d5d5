/** @file What the stored values of pictures in arrays mean. */

/** How stored values become gray values of 0 to 255. */
export interface PixelScale {
  readonly factor: 1 | 255;
  /** In words, if they are not the same. */
  readonly values?: string;
}

/** Stored values are gray values already. */
const AS_STORED: PixelScale = { factor: 1 };

/**
 * The scale of an array of pictures by its type and its values: gray values of 0 to 255 as they are, and floats that are
 * plainly from 0 to 1 times 255.
 *
 * @param parts - the values, in parts of any size; what is not finite is passed over.
 * @param dtype - the type that they are stored in. Default: that of the parts.
 * @returns the scale, or why it cannot be known, as a sentence.
 */
export function pixelScale(parts: Iterable<ArrayLike<number>>, dtype?: string): PixelScale | string {
  let type = dtype;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [count, whole, gray] = [0, 0, 0];
  for (const part of parts) {
    type ??= typeOf(part);
    if (type === 'uint8' || type === 'bool') return AS_STORED;
    for (let i = 0; i < part.length; i++) {
      const value = part[i]!;
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
      count++;
      if (!Number.isInteger(value)) continue;
      whole++;
      if (value >= 0 && value <= 255) gray++;
    }
  }
  const isFloat = type?.startsWith('float') ?? false;
  if (isFloat && whole < count && low >= 0 && high <= 1) {
    return { factor: 255, values: `${type}, 0 to 1, times 255` };
  }
  // A byte above 127 is a negative int8, and what it was cannot be told from what was subtracted. Floats of 0 and 1 may
  // be black and white or two levels of gray. A few values that are no gray values are damage, and found picture by picture.
  const isTwoLevels = isFloat && high > 0 && high <= 1;
  if (type !== 'int8' && !isTwoLevels && 2 * gray >= count) return AS_STORED;
  return `Its pixels are ${type} from ${short(low)} to ${short(high)}; what is read are whole numbers from 0 to 255 (uint8) and floats from 0 to 1. Convert them.`;
}

/** Why values do not fit a scale; `undefined` if they do. */
export function pixelProblem(values: ArrayLike<number>, { factor }: PixelScale): string | undefined {
  if (values instanceof Uint8Array) return undefined;
  const isPixel =
    factor === 1
      ? (value: number) => Number.isInteger(value) && value >= 0 && value <= 255
      : (value: number) => value >= 0 && value <= 1;
  for (let i = 0; i < values.length; i++) {
    if (isPixel(values[i]!)) continue;
    const kind = factor === 1 ? 'whole numbers from 0 to 255' : 'numbers from 0 to 1';
    return `It holds the value ${values[i]}; pixels are ${kind}.`;
  }
  return undefined;
}

function typeOf(values: ArrayLike<number>): string {
  const [, kind, bits] = /^(Uint|Int|Float)(\d+)/.exec(values.constructor.name) ?? [];
  return kind === undefined ? 'float64' : `${kind.toLowerCase()}${bits}`;
}

function short(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
