/** The side of a block, pixels. */
const size = 8;

/** The cosines of the 8-point discrete cosine transform, scaled to be orthonormal: `basis[frequency * 8 + position]`. */
const basis = Float64Array.from({ length: size * size }, (_, i) => {
  const frequency = Math.floor(i / size);
  const position = i % size;
  const norm = frequency === 0 ? Math.sqrt(1 / size) : Math.sqrt(2 / size);
  return norm * Math.cos(((2 * position + 1) * frequency * Math.PI) / (2 * size));
});

/**
 * JPEG's loss, in place: blocks of 8x8 pixels are transformed and their coefficients quantized, high frequencies more
 * coarsely.
 *
 * @param values - display values, `[height, width, channels]`.
 * @param step - the quantization step of the lowest frequency.
 * @param offset - how many pixels before the picture the block grid starts, as in a crop.
 */
export function compress(
  values: Float32Array,
  width: number,
  height: number,
  channels: number,
  step: number,
  offset: readonly [x: number, y: number],
): void {
  const block = new Float64Array(size * size);
  const between = new Float64Array(size * size);
  for (let channel = 0; channel < channels; channel++) {
    for (let top = -offset[1]; top < height; top += size) {
      for (let left = -offset[0]; left < width; left += size) {
        for (let i = 0; i < size * size; i++) {
          const x = Math.max(0, Math.min(width - 1, left + (i % size)));
          const y = Math.max(0, Math.min(height - 1, top + Math.floor(i / size)));
          block[i] = values[(y * width + x) * channels + channel]!;
        }
        transform(block, between, false);
        for (let i = 0; i < size * size; i++) {
          const coarseness = step * (1 + 0.45 * ((i % size) + Math.floor(i / size)));
          block[i] = Math.round(block[i]! / coarseness) * coarseness;
        }
        transform(block, between, true);
        for (let i = 0; i < size * size; i++) {
          const x = left + (i % size);
          const y = top + Math.floor(i / size);
          if (x >= 0 && x < width && y >= 0 && y < height)
            values[(y * width + x) * channels + channel] = block[i]!;
        }
      }
    }
  }
}

/** The transform of rows, then of columns, or back. `between` is scratch. */
function transform(block: Float64Array, between: Float64Array, back: boolean): void {
  pass(block, between, back);
  pass(between, block, back);
}

/** Transforms the rows of `from` into the columns of `to`. */
function pass(from: Float64Array, to: Float64Array, back: boolean): void {
  for (let row = 0; row < size; row++) {
    for (let k = 0; k < size; k++) {
      let sum = 0;
      for (let i = 0; i < size; i++) {
        sum += from[row * size + i]! * (back ? basis[i * size + k]! : basis[k * size + i]!);
      }
      to[k * size + row] = sum;
    }
  }
}
