/**
 * Fractal noise that repeats every {@link tileSize} texels, with mean 0 and standard deviation 1, as a mipmap: a
 * picture uses the level whose texels are as large as its pixels, so that fine grain fades in small pictures instead
 * of aliasing. The pattern is fixed; pictures differ by where they look.
 */
export interface NoiseTile {
  readonly levels: readonly NoiseLevel[];
}

/** One level, with everything precomputed that lookups need: a picture makes tens of thousands. */
export interface NoiseLevel {
  /** `[size, size]` values; `size` is 2 to the power of `shift`, `mask` is one less. */
  readonly data: Float32Array;
  readonly shift: number;
  readonly mask: number;
  /** Texels of this level per texel of the finest. */
  readonly shrink: number;
}

/** Width and height of the finest level, texels. */
export const tileSize = 256;

/** A tile of lattice noise: `octaves` from a period of `coarsest` texels, each with `gain` times the previous amplitude. */
export function noiseTile(seed: number, coarsest: number, octaves: number, gain: number): NoiseTile {
  const finest = new Float32Array(tileSize * tileSize);
  let amplitude = 1;
  for (let octave = 0; octave < octaves; octave++) {
    const period = coarsest / 2 ** octave;
    addLattice(finest, seed * 31 + octave, period, amplitude);
    amplitude *= gain;
  }
  standardize(finest);
  const levels: NoiseLevel[] = [];
  for (let data: Float32Array = finest, size = tileSize; size >= 8; data = halve(data, size), size /= 2) {
    levels.push({ data, shift: Math.log2(size), mask: size - 1, shrink: size / tileSize });
  }
  return { levels };
}

/** Bilinear lookup at (u, v) texels of the finest level. */
export function sampleNoise({ data, shift, mask, shrink }: NoiseLevel, u: number, v: number): number {
  const x = u * shrink;
  const y = v * shrink;
  const column = Math.floor(x);
  const row = Math.floor(y);
  const fx = x - column;
  const fy = y - row;
  const x0 = column & mask;
  const x1 = (column + 1) & mask;
  const y0 = (row & mask) << shift;
  const y1 = ((row + 1) & mask) << shift;
  const top = data[y0 + x0]! + fx * (data[y0 + x1]! - data[y0 + x0]!);
  const bottom = data[y1 + x0]! + fx * (data[y1 + x1]! - data[y1 + x0]!);
  return top + fy * (bottom - top);
}

/** The level whose texels are about as large as `footprint` texels of the finest, or one that is `coarser` by some levels. */
export function noiseLevel(tile: NoiseTile, footprint: number, coarser = 0): NoiseLevel {
  const last = tile.levels.length - 1;
  const fitting = Math.max(0, Math.min(last, Math.round(Math.log2(Math.max(1, footprint)))));
  return tile.levels[Math.max(0, Math.min(last, fitting + coarser))]!;
}

/** The value of `make`, computed on first use. */
export function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function addLattice(out: Float32Array, seed: number, period: number, amplitude: number): void {
  const cells = tileSize / period;
  for (let y = 0; y < tileSize; y++) {
    const row = Math.floor(y / period);
    const fy = fade(y / period - row);
    for (let x = 0; x < tileSize; x++) {
      const column = Math.floor(x / period);
      const fx = fade(x / period - column);
      const right = (column + 1) % cells;
      const below = (row + 1) % cells;
      const top = mix(lattice(seed, column, row), lattice(seed, right, row), fx);
      const bottom = mix(lattice(seed, column, below), lattice(seed, right, below), fx);
      out[y * tileSize + x]! += amplitude * mix(top, bottom, fy);
    }
  }
}

function lattice(seed: number, x: number, y: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 31 - 1;
}

function fade(t: number): number {
  return t * t * (3 - 2 * t);
}

function mix(a: number, b: number, t: number): number {
  return a + t * (b - a);
}

function standardize(data: Float32Array): void {
  let sum = 0;
  let squares = 0;
  for (const value of data) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / data.length;
  const deviation = Math.sqrt(squares / data.length - mean * mean);
  for (let i = 0; i < data.length; i++) data[i] = (data[i]! - mean) / deviation;
}

function halve(data: Float32Array, size: number): Float32Array {
  const half = size / 2;
  const out = new Float32Array(half * half);
  for (let y = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      const at = 2 * y * size + 2 * x;
      out[y * half + x] = (data[at]! + data[at + 1]! + data[at + size]! + data[at + size + 1]!) / 4;
    }
  }
  return out;
}
