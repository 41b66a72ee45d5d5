import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  createRng,
  type Dataset,
  mapDataset,
  type Rng,
  type Sample,
  type Size,
  selectItems,
} from '@simgan/core';
import type { ClassAnnotation } from './class-task.ts';
import { readLabeled } from './idx-digits.ts';
import { labeledToOther, someOf } from './labeled-to-other.ts';
import type { TaskPlaces } from './task.ts';

/** Fashion-MNIST on black to other pictures of it on textures of our own: 4,000 unlabeled and 2,000 tested ones. */
export async function texturedFashion({ fashion }: TaskPlaces) {
  if (!existsSync(fashion)) {
    throw new Error(`There is no folder ${fashion}. Install dataset-fashion-mnist, or give --fashion.`);
  }
  const read = (half: 'train' | 't10k') => {
    const file = (kind: string) => {
      const plain = join(fashion, `${half}-${kind}-ubyte`);
      return existsSync(plain) ? plain : `${plain}.gz`;
    };
    return readLabeled(file('images-idx3'), file('labels-idx1'));
  };
  const [train, test] = await Promise.all([read('train'), read('t10k')]);
  const half = train.length / 2;
  const indices = Array.from({ length: train.length }, (_, index) => index);
  // The halves of the training set share no picture.
  const [source, others] = [
    selectItems(train, indices.slice(0, half)),
    selectItems(train, indices.slice(half)),
  ];
  return labeledToOther({
    name: 'fashion-textured',
    title: 'Fashion-MNIST to Fashion-MNIST on textures',
    length: 2000,
    source,
    target: textured(someOf(others, 2, 4000), 2),
    test: textured(someOf(test, 3, 2000), 3),
  });
}

/** Every picture before a texture of its own: the absolute difference, as in MNIST-M (Ganin et al., 2016). */
function textured(set: Dataset<Sample<ClassAnnotation>>, seed: number): Dataset<Sample<ClassAnnotation>> {
  const rng = createRng(seed).fork('textures');
  return mapDataset(set, (sample, index) => {
    const texture = drawTexture(sample.image, rng.fork(index));
    const data = sample.image.data.map((value, i) => Math.abs(value - texture[i]!));
    return { ...sample, image: { ...sample.image, data } };
  });
}

/** Gray levels of a texture: a ground, and waves of several directions and lengths over it. */
function drawTexture({ width, height }: Size, rng: Rng): Float64Array {
  const ground = 40 + 120 * rng.next();
  const texture = new Float64Array(width * height).fill(ground);
  for (let wave = 0; wave < 5; wave++) {
    const angle = Math.PI * rng.next();
    const frequency = (2 * Math.PI) / (3 + 22 * rng.next());
    const [phase, strength] = [2 * Math.PI * rng.next(), 25 * rng.next()];
    const [alongX, alongY] = [frequency * Math.cos(angle), frequency * Math.sin(angle)];
    for (const i of texture.keys()) {
      texture[i]! += strength * Math.sin(alongX * (i % width) + alongY * Math.floor(i / width) + phase);
    }
  }
  return texture.map((value) => Math.round(Math.min(255, Math.max(0, value))));
}
