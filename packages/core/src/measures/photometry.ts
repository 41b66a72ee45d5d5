import { type Dataset, spreadItems } from '../dataset.ts';
import { type Image, imageRange, type SizedForm } from '../image.ts';
import type { RealImage } from '../sample.ts';
import { mean, std } from '../statistics.ts';
import { blockinessOf } from './blockiness.ts';
import { grayOf } from './gray.ts';
import { residualNoise, shadingOf, sharpnessOf, smoothLight, unevennessOf } from './light-measures.ts';

/** Photometric statistics of a set of pictures. Intensities are shares of the image's range. */
export interface Photometry {
  /** The number of pictures measured, of `length` in the set. */
  readonly images: number;
  readonly length: number;
  /** Mean over all pixels. */
  readonly brightness: number;
  /** Mean over pictures of each picture's std. */
  readonly contrast: number;
  /**
   * Mean over pictures of the distance between a picture's histogram and a uniform one, in [0, 0.5]: near 0 if
   * pictures were histogram-equalized.
   */
  readonly unevenness: number;
  /** Strength of edges as a share of the contrast, without the contribution of noise: falls with blur. */
  readonly sharpness: number;
  /** Std of the pixel noise, estimated robustly from the finest detail; texture contributes a little. */
  readonly noise: number;
  /** How much JPEG's blocks stand out: see {@link blockinessOf}. */
  readonly blockiness: number;
  /** Mean over pixels of the difference between the highest and the lowest channel: 0 for gray. */
  readonly saturation: number;
  /** Std of the smooth light over a picture from picture to picture, as a share of the brightness. */
  readonly shading: number;
  /** Distance in pixels at which two pixels correlate half as much as neighbors: grows with the scale of the content. */
  readonly structure: number;
  /** Energy of the detail of 1, 2, 4 and 8 pixels, as shares that sum to 1: the spectrum, by octaves. */
  readonly octaves: readonly number[];
  /** The number of pictures that look the same as an earlier one: equal difference hashes of 8x8 regions. */
  readonly duplicates: number;
}

/** Measures up to `limit` pictures, spread over the set. Default: 400. */
export async function measurePhotometry(
  dataset: Dataset<RealImage>,
  image: SizedForm,
  limit = 400,
): Promise<Photometry> {
  const subsample = spreadItems(dataset, limit);
  const images = subsample.length;
  const sums = {
    brightness: 0,
    contrast: 0,
    unevenness: 0,
    sharpness: 0,
    noise: 0,
    blockiness: 0,
    saturation: 0,
    structure: 0,
  };
  const octaves = [0, 0, 0, 0];
  const hashes = new Set<string>();
  const lights: Float64Array[] = [];
  for await (const item of subsample) {
    const gray: Gray = { pixels: grayOf(item.image, image), width: image.width, height: image.height };
    const [brightness, contrast] = [mean(gray.pixels), std(gray.pixels)];
    sums.brightness += brightness;
    sums.contrast += contrast;
    sums.unevenness += unevennessOf(gray.pixels);
    sums.sharpness += sharpnessOf(gray.pixels, image);
    sums.noise += residualNoise(gray.pixels, image);
    sums.blockiness += blockinessOf(gray.pixels, image);
    sums.saturation += saturationOf(item.image, image);
    lights.push(smoothLight(gray.pixels, image));
    sums.structure += structureOf(gray, brightness, contrast);
    for (const [octave, energy] of octavesOf(gray).entries()) octaves[octave]! += energy;
    hashes.add(differenceHash(gray));
  }
  const total = octaves.reduce((a, b) => a + b, 0) || 1;
  const average = (sum: number) => sum / Math.max(1, images);
  return {
    images,
    length: dataset.length,
    brightness: average(sums.brightness),
    contrast: average(sums.contrast),
    unevenness: average(sums.unevenness),
    sharpness: average(sums.sharpness),
    noise: average(sums.noise),
    blockiness: average(sums.blockiness),
    saturation: average(sums.saturation),
    shading: shadingOf(lights),
    structure: average(sums.structure),
    octaves: octaves.map((energy) => energy / total),
    duplicates: images - hashes.size,
  };
}

interface Gray {
  readonly pixels: Float64Array;
  readonly width: number;
  readonly height: number;
}

function saturationOf({ channels, data }: Image, form: SizedForm): number {
  if (channels === 1) return 0;
  const [low, high] = imageRange(form);
  let sum = 0;
  for (let at = 0; at < data.length; at += channels) {
    const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
    sum += Math.max(red, green, blue) - Math.min(red, green, blue);
  }
  return sum / (data.length / channels) / (high - low);
}

function structureOf({ pixels, width, height }: Gray, mean: number, deviation: number): number {
  const correlation = (lag: number) => {
    let sum = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width - lag; x++) {
        const at = y * width + x;
        sum += (pixels[at]! - mean) * (pixels[at + lag]! - mean);
      }
    }
    return sum / Math.max(1, (width - lag) * height) / Math.max(deviation ** 2, 1e-12);
  };
  const half = correlation(1) / 2;
  const longest = Math.floor(width / 2);
  for (let lag = 2; lag <= longest; lag++) if (correlation(lag) <= half) return lag;
  return longest;
}

/** The energy of a picture's detail by octave: differences between its means over squares of doubling size. */
function octavesOf(gray: Gray): number[] {
  let coarse = gray;
  return [1, 2, 4, 8].map((radius) => {
    const coarser = meanOverSquares(gray, radius);
    const energy = coarse.pixels.reduce((sum, value, at) => sum + (value - coarser.pixels[at]!) ** 2, 0);
    coarse = coarser;
    return energy / gray.pixels.length;
  });
}

function meanOverSquares({ pixels, width, height }: Gray, radius: number): Gray {
  const alongRows = Float64Array.from(pixels, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    const [from, to] = [Math.max(0, x - radius), Math.min(width - 1, x + radius)];
    let sum = 0;
    for (let column = from; column <= to; column++) sum += pixels[y * width + column]!;
    return sum / (to - from + 1);
  });
  const mean = Float64Array.from(pixels, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    const [from, to] = [Math.max(0, y - radius), Math.min(height - 1, y + radius)];
    let sum = 0;
    for (let row = from; row <= to; row++) sum += alongRows[row * width + x]!;
    return sum / (to - from + 1);
  });
  return { pixels: mean, width, height };
}

/** Whether each of 8x8 regions is brighter than its right neighbor and its lower neighbor. */
function differenceHash({ pixels, width, height }: Gray): string {
  const means = Float64Array.from({ length: 81 }, (_, index) => {
    const [column, row] = [index % 9, Math.floor(index / 9)];
    const [left, top] = [Math.floor((column * width) / 9), Math.floor((row * height) / 9)];
    const right = Math.max(left + 1, Math.floor(((column + 1) * width) / 9));
    const bottom = Math.max(top + 1, Math.floor(((row + 1) * height) / 9));
    let sum = 0;
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += pixels[y * width + x]!;
    return sum / ((right - left) * (bottom - top));
  });
  let hash = '';
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      const here = means[row * 9 + column]!;
      hash += `${here > means[row * 9 + column + 1]! ? 1 : 0}${here > means[(row + 1) * 9 + column]! ? 1 : 0}`;
    }
  }
  return hash;
}
