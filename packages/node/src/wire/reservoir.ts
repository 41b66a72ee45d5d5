import { createRng, type Dataset, datasetOf, SimganError } from '@simgan/core';

/**
 * A uniform sample of a stream whose length nobody knows, such as a camera's: each item is kept with the same
 * probability, and no more than `size` are held at a time (Vitter, "Random Sampling with a Reservoir", 1985,
 * Algorithm R). The stream is read to its end. The same stream, size and seed give the same sample. As a dataset it
 * goes wherever real pictures go: into a training, and with it into the histograms of the corrections of light.
 *
 * @param stream - unlabeled images or anything else; ends when there is enough.
 * @param size - items to keep. All are kept, in their order, where the stream has no more.
 * @throws SimganError INVALID_ARGUMENT if the size is not a whole number of at least 1; what the stream throws.
 * @example
 * const kept = await reservoir(real, 4, 1);
 * print(kept.length, kept.id(0));
 */
export async function reservoir<Item>(
  stream: AsyncIterable<Item> | Iterable<Item>,
  size: number,
  seed: number,
): Promise<Dataset<Item>> {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new SimganError('INVALID_ARGUMENT', `\`size\` is ${size}, not a whole number of at least 1.`);
  }
  const rng = createRng(seed).fork('reservoir');
  const kept: Item[] = [];
  let seen = 0;
  for await (const item of stream) {
    seen++;
    if (kept.length < size) {
      kept.push(item);
      continue;
    }
    // Of n items so far the newest belongs to the sample with probability size / n.
    const place = rng.int(seen);
    if (place < size) kept[place] = item;
  }
  return datasetOf(kept);
}
