import type { Image, ImageForm } from '../image.ts';
import { grayOf } from './gray.ts';

const INTENSITIES = 12;
const GRADIENTS = 10;
const LAPLACIANS = 10;
const RINGS = 6;
const DIRECTIONS = 4;

/** The number of features of {@link imageFeatures}. */
export const FEATURES = INTENSITIES + GRADIENTS + LAPLACIANS + RINGS + DIRECTIONS;

/** The side in pixels of the tiles whose spectra are averaged: the cost is linear in the picture's area. */
const TILE = 32;

/**
 * 42 hand-made features of what a picture looks like, regardless of where things are: histograms of intensity (12,
 * over the range), of the gradient's length (10) and of the absolute Laplacian (10), and the logarithm of the power
 * spectrum by ring (6, from coarse to fine) and, relative to its mean, by direction (4). Of colors, the mean of the
 * channels is used.
 */
export function imageFeatures(image: Image, form: ImageForm): Float64Array {
  const { width, height } = image;
  const gray = grayOf(image, form).map((value) => Math.min(1, Math.max(0, value)));
  const features = new Float64Array(FEATURES);
  const intensities = features.subarray(0, INTENSITIES);
  const gradients = features.subarray(INTENSITIES, INTENSITIES + GRADIENTS);
  const laplacians = features.subarray(INTENSITIES + GRADIENTS, INTENSITIES + GRADIENTS + LAPLACIANS);
  for (const value of gray) count(intensities, value, 1 / gray.length);
  const inner = 1 / (Math.max(1, width - 2) * Math.max(1, height - 2));
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const [left, right, above, below] = [
        gray[at - 1]!,
        gray[at + 1]!,
        gray[at - width]!,
        gray[at + width]!,
      ];
      // The square root spreads the many small values over the bins.
      count(gradients, Math.sqrt(Math.hypot(right - left, below - above)), inner);
      count(laplacians, Math.sqrt(Math.abs(left + right + above + below - 4 * gray[at]!)), inner);
    }
  }
  features.set(spectrum(gray, width, height), INTENSITIES + GRADIENTS + LAPLACIANS);
  return features;
}

function count(histogram: Float64Array, share: number, weight: number): void {
  const bin = Math.min(histogram.length - 1, Math.max(0, Math.floor(share * histogram.length)));
  histogram[bin]! += weight;
}

/** Log power by ring and by direction, the mean over overlapping windowed tiles (Welch, 1967). */
function spectrum(gray: Float64Array, width: number, height: number): Float64Array {
  const side = Math.min(TILE, width, height);
  const basis = basisOf(side);
  const power = new Float64Array(side * side);
  const places = (length: number) => {
    const tiles = Math.max(1, Math.ceil((length - side) / (side / 2)) + 1);
    return Array.from({ length: tiles }, (_, i) =>
      tiles === 1 ? 0 : Math.round((i * (length - side)) / (tiles - 1)),
    );
  };
  for (const top of places(height)) {
    for (const left of places(width)) addPower(power, gray, width, left, top, basis);
  }
  const rings = new Float64Array(RINGS);
  const directions = new Float64Array(DIRECTIONS);
  const members = new Float64Array(RINGS);
  const along = new Float64Array(DIRECTIONS);
  for (let v = 0; v < side; v++) {
    for (let u = 0; u < side; u++) {
      const fx = (u <= side / 2 ? u : u - side) / side;
      const fy = (v <= side / 2 ? v : v - side) / side;
      const frequency = Math.hypot(fx, fy);
      if (frequency === 0 || frequency > 0.5) continue;
      const level = Math.log10(power[v * side + u]! + 1e-9);
      const ring = Math.min(RINGS - 1, Math.floor(2 * frequency * RINGS));
      rings[ring]! += level;
      members[ring]! += 1;
      if (frequency < 0.1) continue;
      const turn = (Math.atan2(fy, fx) / Math.PI + 1 + 0.5 / DIRECTIONS) % 1;
      const direction = Math.min(DIRECTIONS - 1, Math.floor(turn * DIRECTIONS));
      directions[direction]! += level;
      along[direction]! += 1;
    }
  }
  const byRing = rings.map((sum, ring) => sum / Math.max(1, members[ring]!));
  const byDirection = directions.map((sum, direction) => sum / Math.max(1, along[direction]!));
  const middle = byDirection.reduce((a, b) => a + b, 0) / DIRECTIONS;
  return Float64Array.of(...byRing, ...byDirection.map((level) => level - middle));
}

interface Basis {
  readonly side: number;
  readonly cos: Float64Array;
  readonly sin: Float64Array;
  /** Hann window. */
  readonly window: Float64Array;
}

function basisOf(side: number): Basis {
  const angle = (i: number) => (2 * Math.PI * (Math.floor(i / side) * (i % side))) / side;
  return {
    side,
    cos: Float64Array.from({ length: side * side }, (_, i) => Math.cos(angle(i))),
    sin: Float64Array.from({ length: side * side }, (_, i) => Math.sin(angle(i))),
    window: Float64Array.from({ length: side }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / side) ** 2),
  };
}

/** Adds the power spectrum of one tile, mean removed: one half is computed, the other equals it by symmetry. */
function addPower(
  power: Float64Array,
  gray: Float64Array,
  width: number,
  left: number,
  top: number,
  { side, cos, sin, window }: Basis,
): void {
  let mean = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) mean += gray[(top + y) * width + left + x]! / (side * side);
  }
  const half = Math.floor(side / 2);
  const real = new Float64Array(side * side);
  const imaginary = new Float64Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const value = (gray[(top + y) * width + left + x]! - mean) * window[x]! * window[y]!;
      for (let u = 0; u <= half; u++) {
        real[y * side + u]! += value * cos[x * side + u]!;
        imaginary[y * side + u]! -= value * sin[x * side + u]!;
      }
    }
  }
  const re = new Float64Array(half + 1);
  const im = new Float64Array(half + 1);
  for (let v = 0; v < side; v++) {
    re.fill(0);
    im.fill(0);
    for (let y = 0; y < side; y++) {
      const c = cos[y * side + v]!;
      const s = sin[y * side + v]!;
      for (let u = 0; u <= half; u++) {
        const a = real[y * side + u]!;
        const b = imaginary[y * side + u]!;
        re[u]! += a * c + b * s;
        im[u]! += b * c - a * s;
      }
    }
    for (let u = 0; u <= half; u++) {
      const squared = re[u]! ** 2 + im[u]! ** 2;
      power[v * side + u]! += squared;
      const opposite = (side - u) % side;
      if (opposite !== u) power[((side - v) % side) * side + opposite]! += squared;
    }
  }
}
