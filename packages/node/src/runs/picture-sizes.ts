import { type Dataset, type RealImage, type Size, spreadItems } from '@simgan/core';

/** Pictures of each set that are looked at. */
const LOOKED_AT = 50;

/** The size of all pictures of some sets, as far as some of each show; `undefined` if they differ. */
export async function commonSize(...sets: readonly Dataset<RealImage>[]): Promise<Size | undefined> {
  let common: Size | undefined;
  for (const set of sets) {
    for await (const { image } of spreadItems(set, LOOKED_AT)) {
      const { width, height } = image;
      common ??= { width, height };
      if (width !== common.width || height !== common.height) return undefined;
    }
  }
  return common;
}
