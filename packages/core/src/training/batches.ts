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

/** The images of {@link shuffledItems}, encoded for networks: whole, or random crops if they are larger than the form. */
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
 * Crops an image to the form at a random place.
 *
 * @throws SimganError INVALID_IMAGE if it is smaller than the form.
 */
export function randomCrop({ id, image }: RealImage, form: SizedForm, rng: Rng): Image {
  const { width, height } = form;
  if (image.width === width && image.height === height) return image;
  if (image.width < width || image.height < height) {
    throw new SimganError(
      'INVALID_IMAGE',
      `The image ${id} is ${image.width} x ${image.height}, smaller than the training size of ${width} x ${height}.`,
    );
  }
  const left = rng.int(image.width - width + 1);
  const top = rng.int(image.height - height + 1);
  return cropImage(image, { left, top, width, height });
}

/**
 * Endless shuffled mini-batches. Every item comes once per epoch, in a new order in each epoch; a batch may span two
 * epochs.
 */
export function shuffledItems<Item>(
  dataset: Dataset<Item>,
  { batchSize, rng }: { batchSize: number; rng: Rng },
): Batches<Item[]> {
  const orders = new Map<number, Uint32Array>();
  const orderOf = (epoch: number): Uint32Array => {
    let order = orders.get(epoch);
    if (!order) {
      order = permutation(dataset.length, rng.fork(epoch));
      orders.delete(epoch - 2);
      orders.set(epoch, order);
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
 * Prefetches batches: the next one is made while one is in use, because an engine and a simulator can work at the
 * same time.
 */
export function batchesAhead<Batch>(batches: Batches<Batch>): Batches<Batch> {
  let next: { readonly number: number; readonly batch: Promise<Batch> } | undefined;
  return {
    at(number) {
      const batch = next?.number === number ? next.batch : batches.at(number);
      const following = batch.then(async () => {
        // Let the caller start its engine first: a simulator may block this thread.
        await new Promise((resolve) => setTimeout(resolve));
        return batches.at(number + 1);
      });
      // Thrown when the batch is requested, or never at the end of a training.
      following.catch(() => {});
      next = { number: number + 1, batch: following };
      return batch;
    },
  };
}

/** A uniformly random permutation of 0 … length-1 (Fisher and Yates). */
function permutation(length: number, rng: Rng): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let last = length - 1; last > 0; last--) {
    const other = rng.int(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
