/** @file A small COCO dataset of several sizes, with every kind of label. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRng, imageOf } from '@simgan/core';
import { encodeMask, type ObjectsAnnotation, packRuns, runsOf } from '@simgan/formats';
import sharp from 'sharp';
import { encodePng } from '../src/pictures/encode-picture.ts';

/** A ring: the pixels of a mask with a hole and two parts, 30 x 20. */
export const ringPixels = Uint8Array.from({ length: 20 * 30 }, (_, i) => {
  const [x, y] = [i % 30, Math.floor(i / 30)];
  const distance = Math.hypot(x - 9.5, y - 9.5);
  return (distance < 8 && distance > 3) || (x > 24 && y > 14) ? 1 : 0;
});
export const ring = encodeMask(ringPixels, 30, 20);

/** The labels of {@link writeCoco}'s pictures, as they are read. */
export const labels: readonly ObjectsAnnotation[] = [
  {
    objects: [
      { class: 'cup', box: [2.5, 3.25, 10, 8.5], fields: { supercategory: 'dishes' } },
      {
        class: 'person',
        box: [1, 2, 20, 16],
        keypoints: [
          { name: 'nose', point: [10.5, 7.5], visibility: 2 },
          { name: 'left hand', point: [3, 9.25], visibility: 1 },
          { name: 'right hand', point: null, visibility: 0 },
        ],
      },
    ],
  },
  {
    objects: [
      {
        class: 'cup',
        box: [4, 4, 10, 10],
        polygons: [
          [
            [4.3, 4.1],
            [14, 4.25],
            [14.2, 13.9],
          ],
          [
            [5.3, 9.2],
            [6, 14],
            [4, 12.5],
          ],
        ],
        fields: { supercategory: 'dishes' },
      },
      { class: 'tea & <milk>', box: [1, 1, 29, 19], mask: ring },
      { class: 'person', box: [0, 0, 40, 24], isCrowd: true },
    ],
  },
  { objects: [] },
];

const sizes = [
  { width: 32, height: 24 },
  { width: 30, height: 20 },
  { width: 41, height: 25 },
];

/** Writes `images/` (a PNG, a JPEG, a gray PNG) and `annotations/instances_val.json`. */
export async function writeCocoPictures(dir: string): Promise<void> {
  await mkdir(join(dir, 'images'), { recursive: true });
  await mkdir(join(dir, 'annotations'), { recursive: true });
  const rng = createRng(7);
  const names = ['b.png', 'a.jpg', 'sub.gray.png'];
  for (const [index, name] of names.entries()) {
    const channels = name.includes('gray') ? 1 : 3;
    const { width, height } = sizes[index]!;
    const data = Uint8Array.from({ length: width * height * channels }, () => rng.int(256));
    const png = await encodePng(imageOf(data, { width, height, channels, bits: 8 }));
    await writeFile(
      join(dir, 'images', name),
      name.endsWith('.jpg') ? await sharp(png).jpeg().toBuffer() : png,
    );
  }
  const flat = (points: readonly (readonly number[])[]) => points.flat();
  let id = 100;
  const annotations = labels.flatMap(({ objects }, index) =>
    objects.map(({ class: name, box, polygons, mask, keypoints, isCrowd }) => ({
      id: id++,
      image_id: `i${index}`,
      category_id: { cup: 3, person: 1, 'tea & <milk>': 44 }[name],
      bbox: box,
      area: 1,
      iscrowd: isCrowd ? 1 : 0,
      segmentation: mask ? { size: mask.size, counts: packRuns(runsOf(mask)) } : (polygons ?? []).map(flat),
      ...(keypoints && {
        keypoints: keypoints.flatMap(({ point, visibility }) =>
          point ? [point[0] - 0.5, point[1] - 0.5, visibility] : [0, 0, 0],
        ),
      }),
    })),
  );
  const content = {
    images: names.map((file_name, index) => ({ id: `i${index}`, file_name, ...sizes[index]! })),
    annotations,
    categories: [
      { id: 1, name: 'person', keypoints: ['nose', 'left hand', 'right hand'], skeleton: [] },
      { id: 3, name: 'cup', supercategory: 'dishes' },
      { id: 44, name: 'tea & <milk>' },
    ],
  };
  await writeFile(join(dir, 'annotations/instances_val.json'), JSON.stringify(content));
}
