import { type Dataset, itemsOf, spreadItems } from '../dataset.ts';
import { type Image, imageRange, type SizedForm } from '../image.ts';
import { grayOf } from '../measures/gray.ts';
import type { RealImage } from '../sample.ts';
import { quantile } from '../statistics.ts';
import { groundOf, isAtEdge, NEAR } from './ground.ts';

/** What replaces the plain ground of synthetic pictures. */
export interface GroundsPlan {
  /** The stored value of the plain ground in each channel. */
  readonly color: readonly number[];
  /** How far a pixel of the ground is from that in any channel, at most: a ground may have grain. */
  readonly grain: number;
  /** What new grounds are cut from. */
  readonly pictures: readonly Image[];
}

/** A plan, or why there is none, as a clause. */
export type PlannedGrounds =
  | { readonly plan: GroundsPlan; readonly reason: string }
  | { readonly plan?: undefined; readonly reason: string };

/** How many pictures of each set are measured. */
const MEASURED = 400;
/** Real pictures that grounds are cut from, at most, and values of them. */
const CUT_FROM = { pictures: 500, values: 2 ** 26 } as const;

/**
 * Plans to put parts of real pictures behind synthetic content: where that stands on a plain ground, as renderings do,
 * and real content does not.
 *
 * @param cutFrom - what grounds are cut from, real pictures of any size. Default: `real`.
 */
export async function planGrounds({
  synthetic,
  real,
  image,
  cutFrom = real,
}: {
  readonly synthetic: Dataset<RealImage>;
  readonly real: Dataset<RealImage>;
  readonly image: SizedForm;
  readonly cutFrom?: Dataset<RealImage>;
}): Promise<PlannedGrounds> {
  if (image.bits !== 8) return { reason: 'these pictures hold measurements, not light' };
  const measured = await itemsOf(spreadItems(synthetic, MEASURED));
  const level = levelOf(measured, image);
  if (level === undefined) {
    return { reason: 'the content of the synthetic pictures does not stand on a plain ground' };
  }
  if (levelOf(await itemsOf(spreadItems(real, MEASURED)), image) !== undefined) {
    return { reason: 'the real pictures have a plain ground as well' };
  }
  return {
    plan: { ...colorOf(measured, image, level), pictures: await keptPictures(cutFrom) },
    reason: 'the content of the synthetic pictures stands on a plain ground, that of the real ones does not',
  };
}

function levelOf(set: readonly RealImage[], image: SizedForm): number | undefined {
  return groundOf(
    set.map((item) => grayOf(item.image, image)),
    image,
  );
}

/** The color and the grain of a plain ground, measured at the edges of pictures. */
function colorOf(
  set: readonly RealImage[],
  image: SizedForm,
  level: number,
): Pick<GroundsPlan, 'color' | 'grain'> {
  const { channels } = image;
  const [low, high] = imageRange(image);
  const near: number[][] = [];
  for (const { image: picture } of set) {
    const gray = grayOf(picture, image);
    for (const [pixel, value] of gray.entries()) {
      if (!isAtEdge(pixel, image) || Math.abs(value - level) > NEAR) continue;
      near.push([...picture.data.subarray(pixel * channels, (pixel + 1) * channels)]);
    }
  }
  const color = Array.from({ length: channels }, (_, channel) =>
    quantile(
      near.map((values) => values[channel]!),
      0.5,
    ),
  );
  const grains = near.map((values) => Math.max(...values.map((value, c) => Math.abs(value - color[c]!))));
  // A level of rounding, and half as much again as nine in ten pixels have.
  return { color, grain: Math.min(NEAR * (high - low), 1 + 1.5 * quantile(grains, 0.9)) };
}

/** Pictures to cut grounds from, spread over the set, as many as memory has place for. */
async function keptPictures(set: Dataset<RealImage>): Promise<Image[]> {
  const kept: Image[] = [];
  let values = 0;
  for await (const { image } of spreadItems(set, CUT_FROM.pictures)) {
    values += image.data.length;
    if (values > CUT_FROM.values && kept.length > 0) break;
    kept.push(image);
  }
  return kept;
}
