/** @file A small dataset with what any format has a place for: an imagefolder, and the values that are in it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createRng, type Image, imageOf } from '@simgan/core';
import { encodePng } from '@simgan/node';
import { encodeMask } from '../src/objects/run-length.ts';

const rng = createRng(11);
const colors = (width: number, height: number, channels: 1 | 3): Image =>
  imageOf(
    Uint8Array.from({ length: width * height * channels }, () => rng.int(256)),
    { width, height, channels, bits: 8 },
  );

/** Pictures: two of color and one of gray. */
export const images = [colors(24, 16, 3), colors(20, 14, 1), colors(24, 16, 3)] as const;
/** Of the first picture: millimeters at a scale of 0.1. */
export const depth = imageOf(
  Uint16Array.from({ length: 24 * 16 }, () => rng.int(65536)),
  { width: 24, height: 16, channels: 1, bits: 16 },
);
/** Of the first picture. */
export const heat = colors(24, 16, 1);

/** A mask by a rule on the centers of pixels. */
function pixelsWhere(width: number, height: number, isInside: (x: number, y: number) => boolean) {
  return Uint8Array.from({ length: width * height }, (_, i) =>
    isInside((i % width) + 0.5, Math.floor(i / width) + 0.5) ? 1 : 0,
  );
}

/** Of the first picture's car: in two parts. */
export const carPixels = pixelsWhere(
  24,
  16,
  (x, y) => Math.hypot(x - 8, y - 7) < 5 || (x > 15 && x < 20 && y > 3 && y < 6),
);
/** The outlines of the first picture's cup, a triangle and a rectangle, and the pixels whose centers they enclose. */
export const cupOutlines = [
  [
    [14.25, 8],
    [22.25, 8],
    [14.25, 16],
  ],
  [
    [2, 13],
    [6.75, 13],
    [6.75, 15],
    [2, 15],
  ],
] as const;
export const cupPixels = pixelsWhere(
  24,
  16,
  (x, y) => (x > 14.25 && y > 8 && x + y < 30.25) || (x > 2 && x < 6.75 && y > 13 && y < 15),
);
/** Of the second picture's car: it has a hole. */
export const ringPixels = pixelsWhere(20, 14, (x, y) => {
  const distance = Math.hypot(x - 9, y - 7);
  return distance < 6 && distance > 2.5;
});

export const pose = { cam_R_m2c: [0, -1, 0, 1, 0, 0, 0, 0, 1], cam_t_m2c: [1.5, -2, 500.25] };
export const place = {
  truncated: 1,
  occluded: 0,
  alpha: -1.5,
  dimensions: [1.5, 1.625, 3.875],
  location: [-2.5, 1, 20.25],
  rotationY: 0.25,
  score: 0.875,
};
export const part = { name: 'wheel & <tire>', box: [3.5, 7, 2, 2.5] };
export const carBox = [2.5, 1.25, 18, 11];
export const cam_K = [500, 0, 12, 0, 501.5, 8, 0, 0, 1];

const mask = (pixels: Uint8Array, { width, height }: Image) => encodeMask(pixels, width, height);

/** The labels of a picture as columns, beside those that name its files. */
interface Columns {
  readonly objects?: readonly object[];
  readonly [name: string]: unknown;
}

export const columns: readonly Columns[] = [
  {
    class: 'A',
    split: 'train',
    cam_K,
    depth_scale: 0.1,
    note: 'ä "quoted"\n',
    objects: [
      {
        class: 'car',
        box: carBox,
        mask: mask(carPixels, images[0]),
        fields: { ...pose, ...place, pose: 'Left', difficult: true, parts: [part] },
      },
      { class: 'tea & <cup>', polygons: cupOutlines, fields: pose },
    ],
  },
  {
    class: 'B',
    split: 'val',
    objects: [{ class: 'car', mask: mask(ringPixels, images[1]), fields: pose }],
  },
  { class: 'B', split: 'test' },
];

/** Writes the dataset as an imagefolder. */
export async function writeScene(dir: string): Promise<void> {
  const save = async (file: string, image: Image) => {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), await encodePng(image));
  };
  const lines: string[] = [];
  for (const [index, image] of images.entries()) {
    const file_name = `${index}.png`;
    await save(file_name, image);
    const beside = index === 0 && { depth_file_name: 'depth/0.png', heat_file_name: 'heat/0.png' };
    lines.push(JSON.stringify({ file_name, ...columns[index], ...beside }));
  }
  await save('depth/0.png', depth);
  await save('heat/0.png', heat);
  await writeFile(join(dir, 'metadata.jsonl'), lines.join('\n'));
}
