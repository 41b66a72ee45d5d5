import { z } from 'zod';
import {
  annotationSchema,
  createDataset,
  createImage,
  createRng,
  type Dataset,
  type Image,
  type Sample,
  type SizedForm,
} from '../src/index.ts';

/** Where a bright spot's center is, pixels from the outer corner of the first pixel. */
export const spotAnnotation = annotationSchema(z.object({ spot: z.tuple([z.number(), z.number()]) }), {
  spot: 'point',
});

export type SpotAnnotation = { spot: [number, number] };

export const spotImage: SizedForm = { width: 40, height: 32, channels: 1, bits: 8 };

/** Pictures of a bright spot near the middle of a black ground. */
export function spots(length = 24, image: SizedForm = spotImage): Dataset<Sample<SpotAnnotation>> {
  const source = createRng(4);
  return createDataset(length, (index) => {
    const rng = source.fork(index);
    const spot: [number, number] = [
      image.width * (0.35 + 0.3 * rng.next()),
      image.height * (0.35 + 0.3 * rng.next()),
    ];
    const drawn = createImage(image);
    const top = 2 ** image.bits - 1;
    for (let i = 0; i < drawn.data.length; i++) {
      const pixel = Math.floor(i / image.channels);
      const [x, y] = [(pixel % image.width) + 0.5, Math.floor(pixel / image.width) + 0.5];
      drawn.data[i] = Math.round(
        0.9 * top * Math.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (2 * 1.6 ** 2)),
      );
    }
    return { id: `spot-${index}`, image: drawn, annotation: { spot } };
  });
}

/** The center of what is bright. */
export function spotIn({ data, width, channels }: Image): [number, number] {
  let [sum, x, y] = [0, 0, 0];
  for (const [i, value] of data.entries()) {
    const pixel = Math.floor(i / channels);
    sum += value;
    x += value * ((pixel % width) + 0.5);
    y += value * (Math.floor(pixel / width) + 0.5);
  }
  return [x / sum, y / sum];
}
