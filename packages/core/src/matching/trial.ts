import { type Dataset, datasetOf, itemsOf, spreadItems } from '../dataset.ts';
import type { SizedForm } from '../image.ts';
import { blockinessOf } from '../measures/blockiness.ts';
import { grayOf } from '../measures/gray.ts';
import { imageFeatures } from '../measures/image-features.ts';
import { kernelDistance } from '../measures/kernel-distance.ts';
import {
  residualNoise,
  shadingOf,
  sharpnessOf,
  smoothLight,
  unevennessOf,
} from '../measures/light-measures.ts';
import type { RealImage } from '../sample.ts';
import type { Correction } from './corrections.ts';
import { matcherOf, readReferences } from './matcher.ts';

/** The figures that corrections should make equal, as means over a set; see {@link Photometry}. */
export interface LightFigures {
  readonly sharpness: number;
  readonly noise: number;
  readonly shading: number;
  readonly unevenness: number;
  readonly blockiness: number;
}

/** A subsample of both sets, to try corrections on. */
export interface Trial {
  /** The figures of the real set. */
  readonly goal: LightFigures;
  /** A figure of the synthetic set after some corrections, measured on every second picture. */
  figureAfter(figure: keyof LightFigures, corrections: readonly Correction[]): Promise<number>;
  /** The kernel distance of the synthetic set to the real one after some corrections. */
  distanceAfter(corrections: readonly Correction[]): Promise<number>;
}

/** How many pictures of each set are compared: fewer if they are large, because each is corrected dozens of times. */
const PICTURES = { least: 24, most: 96, pixels: 185_000 } as const;

/** Reads a subsample of both sets, so that the same sets always give the same trial. */
export async function openTrial({
  synthetic,
  real,
  image,
  seed,
}: {
  synthetic: Dataset<RealImage>;
  real: Dataset<RealImage>;
  image: SizedForm;
  seed: number;
}): Promise<Trial> {
  const fitting = Math.round(PICTURES.pixels / (image.width * image.height));
  const limit = Math.min(PICTURES.most, Math.max(PICTURES.least, fitting));
  const source = await itemsOf(spreadItems(synthetic, limit));
  const goal = await itemsOf(spreadItems(real, limit));
  const references = await readReferences(real, { image, seed });
  const goalFeatures = goal.map((item) => imageFeatures(item.image, image));
  const half = source.filter((_, index) => index % 2 === 0);
  const after = async (items: readonly RealImage[], corrections: readonly Correction[]) => {
    return itemsOf(matcherOf(corrections, references, { image, seed }).match(datasetOf(items)));
  };
  return {
    goal: {
      sharpness: figures.sharpness(goal, image),
      noise: figures.noise(goal, image),
      shading: figures.shading(goal, image),
      unevenness: figures.unevenness(goal, image),
      blockiness: figures.blockiness(goal, image),
    },
    figureAfter: async (figure, corrections) => figures[figure](await after(half, corrections), image),
    async distanceAfter(corrections) {
      const features = (await after(source, corrections)).map((item) => imageFeatures(item.image, image));
      return kernelDistance(features, goalFeatures);
    },
  };
}

type Figure = (set: readonly RealImage[], image: SizedForm) => number;

const meanOver =
  (figure: (gray: Float64Array, image: SizedForm) => number): Figure =>
  (set, image) =>
    set.reduce((sum, item) => sum + figure(grayOf(item.image, image), image), 0) / Math.max(1, set.length);

const figures: Readonly<Record<keyof LightFigures, Figure>> = {
  sharpness: meanOver(sharpnessOf),
  noise: meanOver(residualNoise),
  shading: (set, image) => shadingOf(set.map((item) => smoothLight(grayOf(item.image, image), image))),
  unevenness: meanOver(unevennessOf),
  blockiness: meanOver(blockinessOf),
};
