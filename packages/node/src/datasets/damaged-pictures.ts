/** @file Pictures of large sets that turn out to be damaged when they are asked for: sets that are opened by headers only. */
import { createDataset, type Dataset, type Reject, type Sample, SimganError } from '@simgan/core';

/** So many pictures take minutes to decode, and seconds to look at their headers. */
export const PROBED_FROM = 10_000;
/** So many damaged pictures in a row are no chance. */
const MOST_DAMAGED = 100;

/** Items of which some may turn out to be damaged. */
export interface TolerantDataset<Item> {
  /** In place of a damaged item is the next one that is not, under the damaged one's id. */
  readonly items: Dataset<Item>;
  /** The ids of those that turned out to be damaged so far. */
  readonly damaged: ReadonlySet<string>;
}

/**
 * A dataset whose damaged pictures are replaced by the next ones, so that a training goes on, and listed, so that they are
 * not written.
 *
 * @param nameOf - what a reject calls an item.
 * @param rejects - gets a reject of each damaged picture when it is met.
 */
export function tolerateDamage<Item extends { readonly id: string }>(
  items: Dataset<Item>,
  nameOf: (index: number) => string,
  rejects: Reject[],
): TolerantDataset<Item> {
  const damaged = new Set<string>();
  const itemAt = async (place: number): Promise<Item | undefined> => {
    try {
      return await items.at(place);
    } catch (error) {
      if (!(error instanceof SimganError) || error.code !== 'INVALID_IMAGE') throw error;
      const id = items.id(place);
      if (!damaged.has(id)) rejects.push({ file: nameOf(place), reason: error.message });
      damaged.add(id);
      return undefined;
    }
  };
  const nextUsable = async (index: number): Promise<Item> => {
    const tried = Math.min(MOST_DAMAGED, items.length);
    for (let n = 0; n < tried; n++) {
      const item = await itemAt((index + n) % items.length);
      if (item) return n === 0 ? item : { ...item, id: items.id(index) };
    }
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `Of the pictures from ${index} on, ${tried} in a row are damaged and cannot be decoded. Leave them out of the folder.`,
    );
  };
  return { items: createDataset(items.length, nextUsable, (index) => items.id(index)), damaged };
}

/** Where samples come from, of which some may have turned out to be damaged. */
interface DamagedSource {
  readonly origin: string;
  readonly damaged?: ReadonlySet<string>;
  readonly rejects: readonly Reject[];
}

/**
 * Samples without those whose pictures turned out to be damaged when they were to be written.
 *
 * @param isPlaced - whether each sample has its place among all, as in a shard: then none can be left out.
 * @throws SimganError INVALID_FILE if one would have to be left out and cannot.
 */
export async function* withoutDamaged<Item extends Pick<Sample<unknown>, 'id'>>(
  samples: AsyncIterable<Item>,
  { damaged, rejects, origin }: DamagedSource,
  isPlaced: boolean,
): AsyncGenerator<Item, void, void> {
  for await (const sample of samples) {
    if (!damaged?.has(sample.id)) yield sample;
    else if (isPlaced) {
      const { file, reason } = rejects.at(-1)!;
      throw new SimganError(
        'INVALID_FILE',
        `${file} in ${origin} cannot be used: ${reason} Remove it from the folder, and write all shards anew.`,
      );
    }
  }
}
