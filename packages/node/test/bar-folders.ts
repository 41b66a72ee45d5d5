/** @file Folders of pictures whose class alone is known, for a plugin without an estimator. */
import { join } from 'node:path';
import { definePlugin, l1Regularizer, type Plugin, patchDiscriminator, residualRefiner } from '@simgan/core';
import { objectsAnnotation } from '@simgan/formats';
import { bars, photographed } from '../../core/test/bars.ts';
import { encodePng } from '../src/pictures/encode-picture.ts';
import { writeFiles } from './folders.ts';

/** Pictures of any size with any labels, and quick recipes. */
export function anyPictures(): Plugin {
  return definePlugin({
    name: 'any',
    image: { channels: 1, bits: 8 },
    annotation: objectsAnnotation,
    refiner: residualRefiner({ width: 4, blocks: 1 }),
    discriminator: patchDiscriminator([{ convolution: 3, stride: 2, filters: 6 }]),
    regularizer: l1Regularizer(),
    recipes: {
      quick: {
        ...{ steps: 3, batchSize: 4, refinerUpdates: 1, discriminatorUpdates: 1, historySize: 4 },
        optimizer: { kind: 'momentum', momentum: 0.9 },
        learningRate: 0.01,
        lambda: 0.5,
        warmup: { refiner: 1, discriminator: 1 },
        crop: { width: 8, height: 8 },
      },
    },
  }) as Plugin;
}

export const ways = ['lying', 'standing'];

/** `synthetic/lying/0.png`, `synthetic/standing/1.png` and so on, and `real/0.png` of a camera. */
export async function writeBarFolders(
  dir: string,
  counts: { synthetic: number; real: number },
): Promise<void> {
  const files: Record<string, Uint8Array> = {};
  for await (const { id, image, annotation } of bars(1, counts.synthetic)) {
    files[join('synthetic', ways[annotation.way]!, `${id}.png`)] = await encodePng(image);
  }
  for await (const { id, image } of photographed(bars(2, counts.real), 3)) {
    files[join('real', `${id}.png`)] = await encodePng(image);
  }
  await writeFiles(dir, files);
}

/** The class of a real picture, by its file's stem. */
export async function trueWay(stem: string, count: number): Promise<string | undefined> {
  for await (const { id, annotation } of bars(2, count)) if (id === stem) return ways[annotation.way];
  return undefined;
}
