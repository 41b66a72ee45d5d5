/** @file COCO's file of labels, as far as it is read (https://cocodataset.org/#format-data). */
import { z } from 'zod';
import { LONGEST_RUN_TEXT } from '../objects/run-length.ts';

const id = z.union([z.int(), z.string().max(200)]);
const most = 2 ** 24;

/** The lists of the file; what stands in them is checked one by one, so that one error costs one picture. */
export const cocoFile = z.looseObject({
  images: z.array(z.unknown()).max(most),
  annotations: z.array(z.unknown()).max(most).default([]),
  categories: z
    .array(
      z.looseObject({
        id,
        name: z.string().min(1).max(200),
        supercategory: z.string().max(200).nullish(),
        keypoints: z.array(z.string().min(1).max(200)).max(1000).nullish(),
        skeleton: z
          .array(z.tuple([z.int().min(1), z.int().min(1)]))
          .max(10_000)
          .nullish(),
      }),
    )
    .max(100_000)
    .default([]),
});

export const cocoImage = z.looseObject({
  id,
  file_name: z.string().min(1).max(4096),
  width: z
    .int()
    .min(1)
    .max(2 ** 16),
  height: z
    .int()
    .min(1)
    .max(2 ** 16),
});

const size = z.tuple([
  z
    .int()
    .min(1)
    .max(2 ** 16),
  z
    .int()
    .min(1)
    .max(2 ** 16),
]);

export const cocoAnnotation = z.looseObject({
  id: id.optional(),
  image_id: id,
  category_id: id,
  bbox: z.tuple([z.number(), z.number(), z.number().min(0), z.number().min(0)]).nullish(),
  segmentation: z
    .union([
      z.array(z.array(z.number()).min(6).max(200_000)).max(10_000),
      z.object({
        size,
        counts: z.union([z.string().max(LONGEST_RUN_TEXT), z.array(z.int().min(0)).max(LONGEST_RUN_TEXT)]),
      }),
    ])
    .nullish(),
  keypoints: z.array(z.number()).max(3000).nullish(),
  iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()]).nullish(),
});

export type CocoAnnotation = z.output<typeof cocoAnnotation>;
