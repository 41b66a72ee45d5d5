import { type Dataset, spreadItems } from '../dataset.ts';
import type { SizedForm } from '../image.ts';
import type { RealImage } from '../sample.ts';
import { grayOf } from './gray.ts';

const BINS = 64;

/** Statistics of a set of images: normalized histograms over all its pixels, contrast and diversity. */
export interface ImageStatistics {
  /** The number of images measured. */
  readonly images: number;
  /** Intensities (the mean of the channels) over the image's range. */
  readonly intensity: Float64Array;
  /** Lengths of the intensity's gradient per pixel, from 0 to half the range. */
  readonly gradient: Float64Array;
  /** Mean over images of each image's own std, as a share of the range. */
  readonly contrast: number;
  /**
   * How different the images are from each other: the mean over pixels of the std across images, as a share of the
   * range. It falls to 0 when a refiner collapses to one picture.
   */
  readonly diversity: number;
}

/** Measures up to `limit` images, spread over the dataset. Default: 500. */
export async function measureStatistics(
  dataset: Dataset<RealImage>,
  image: SizedForm,
  limit = 500,
): Promise<ImageStatistics> {
  const { width, height } = image;
  const subsample = spreadItems(dataset, limit);
  const count = subsample.length;
  const intensity = new Float64Array(BINS);
  const gradient = new Float64Array(BINS);
  const sum = new Float64Array(width * height);
  const squares = new Float64Array(width * height);
  let contrast = 0;
  for await (const { image: pixels } of subsample) {
    const gray = grayOf(pixels, image);
    let mean = 0;
    let square = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        const value = gray[at]!;
        mean += value;
        square += value ** 2;
        sum[at]! += value;
        squares[at]! += value ** 2;
        intensity[binOf(value)]! += 1;
        if (x > 0 && y > 0 && x < width - 1 && y < height - 1) {
          const dx = (gray[at + 1]! - gray[at - 1]!) / 2;
          const dy = (gray[at + width]! - gray[at - width]!) / 2;
          gradient[binOf(2 * Math.hypot(dx, dy))]! += 1;
        }
      }
    }
    mean /= gray.length;
    contrast += Math.sqrt(Math.max(0, square / gray.length - mean ** 2));
  }
  const deviations = sum.map((total, at) =>
    Math.sqrt(Math.max(0, squares[at]! / count - (total / count) ** 2)),
  );
  return {
    images: count,
    intensity: normalized(intensity),
    gradient: normalized(gradient),
    contrast: contrast / count,
    diversity: deviations.reduce((a, b) => a + b, 0) / deviations.length,
  };
}

/** Distances between two sets, each as a share of the histogram's full width: 0 is equal, 1 is opposite. */
export interface StatisticsDistance {
  readonly intensity: number;
  readonly gradient: number;
}

/** The earth mover's distances between the histograms of two sets. */
export function statisticsDistance(a: ImageStatistics, b: ImageStatistics): StatisticsDistance {
  return {
    intensity: earthMovers(a.intensity, b.intensity),
    gradient: earthMovers(a.gradient, b.gradient),
  };
}

function earthMovers(a: Float64Array, b: Float64Array): number {
  let carried = 0;
  let moved = 0;
  for (let bin = 0; bin < BINS; bin++) {
    carried += a[bin]! - b[bin]!;
    moved += Math.abs(carried);
  }
  return moved / (BINS - 1);
}

function binOf(share: number): number {
  return Math.min(BINS - 1, Math.max(0, Math.floor(share * BINS)));
}

function normalized(histogram: Float64Array): Float64Array {
  const total = histogram.reduce((a, b) => a + b, 0);
  return total === 0 ? histogram : histogram.map((value) => value / total);
}
