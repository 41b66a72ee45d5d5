import { type Dataset, type RealImage, type Size, spreadItems } from '@simgan/core';

/** Pictures of each set that are looked at. */
const LOOKED_AT = 50;

/** The sizes of some pictures of each set. */
export async function sizesOf(...sets: readonly Dataset<RealImage>[]): Promise<Size[]> {
  const sizes: Size[] = [];
  for (const set of sets) {
    for await (const { image } of spreadItems(set, LOOKED_AT)) {
      sizes.push({ width: image.width, height: image.height });
    }
  }
  return sizes;
}

/** The size of all pictures of some sets, as far as some of each show; `undefined` if they differ. */
export async function commonSize(...sets: readonly Dataset<RealImage>[]): Promise<Size | undefined> {
  const [first, ...others] = await sizesOf(...sets);
  const isCommon = others.every(({ width, height }) => width === first!.width && height === first!.height);
  return isCommon ? first : undefined;
}
