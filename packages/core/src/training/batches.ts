import type { Dataset } from '../dataset.ts';
import { SimganError } from '../errors.ts';
import type { HostTensor } from '../host-tensor.ts';
import { cropImage, encodeImages, type Image, type SizedForm } from '../image.ts';
import type { Rng } from '../rng.ts';
import type { RealImage } from '../sample.ts';

/** Mini-batches of a dataset by number: batch `n` of the same source and seed is always the same. */
export interface Batches<Batch = HostTensor> {
  /** Images are `[batch, height, width, channels]` in [-1, 1]. */
  at(number: number): Promise<Batch>;
}

/** The images of {@link shuffledItems} as networks see them: whole, or random crops where they are larger than the form. */
export function shuffledBatches(
  dataset: Dataset<RealImage>,
  { form, batchSize, rng }: { form: SizedForm; batchSize: number; rng: Rng },
): Batches {
  const batches = shuffledItems(dataset, { batchSize, rng });
  return {
    async at(number) {
      const items = await batches.at(number);
      const crops = rng.fork('crop').fork(number);
      return encodeImages(
        items.map((item, i) => randomCrop(item, form, crops.fork(i))),
        form,
      );
    },
  };
}

/**
 * An image of the form, cut out of a larger one at a random place.
 *
 * @throws SimganError INVALID_IMAGE if it is smaller than the form.
 */
export function randomCrop({ id, image }: RealImage, form: SizedForm, rng: Rng): Image {
  const { width, height } = form;
  if (image.width === width && image.height === height) return image;
  if (image.width < width || image.height < height) {
    throw new SimganError(
      'INVALID_IMAGE',
      `The image ${id} is ${image.width} x ${image.height}, smaller than the ${width} x ${height} that are trained on.`,
    );
  }
  const left = rng.int(image.width - width + 1);
  const top = rng.int(image.height - height + 1);
  return cropImage(image, { left, top, width, height });
}

/**
 * Shuffled mini-batches without end. Every item comes once before any comes again, each round in a new
 * order; a batch may span two rounds.
 */
export function shuffledItems<Item>(
  dataset: Dataset<Item>,
  { batchSize, rng }: { batchSize: number; rng: Rng },
): Batches<Item[]> {
  const orders = new Map<number, Uint32Array>();
  const orderOf = (round: number): Uint32Array => {
    let order = orders.get(round);
    if (!order) {
      order = permutation(dataset.length, rng.fork(round));
      orders.delete(round - 2);
      orders.set(round, order);
    }
    return order;
  };
  return {
    at: (number) =>
      Promise.all(
        Array.from({ length: batchSize }, (_, i) => {
          const position = number * batchSize + i;
          return dataset.at(orderOf(Math.floor(position / dataset.length))[position % dataset.length]!);
        }),
      ),
  };
}

/**
 * The same batches; the next is made while one is in use, since an engine and a simulator can work at the same
 * time.
 */
export function batchesAhead<Batch>(batches: Batches<Batch>): Batches<Batch> {
  let next: { readonly number: number; readonly batch: Promise<Batch> } | undefined;
  return {
    at(number) {
      const batch = next?.number === number ? next.batch : batches.at(number);
      const following = batch.then(async () => {
        // First the one that asked gets its engine going: a simulator may keep this thread busy.
        await new Promise((resolve) => setTimeout(resolve));
        return batches.at(number + 1);
      });
      // Told of when it is asked for, or never at the end of a training.
      following.catch(() => {});
      next = { number: number + 1, batch: following };
      return batch;
    },
  };
}

/** A uniformly random order of 0 … length-1 (Fisher and Yates). */
function permutation(length: number, rng: Rng): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let last = length - 1; last > 0; last--) {
    const other = rng.int(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
