/** @file Simulators of other people's plugins, which may return and throw anything. */
import { join } from 'node:path';
import { createImage, definePlugin, type Rng, type Simulator } from '@simgan/core';
import { simulateDataset } from '@simgan/node';
import blobs, { type BlobAnnotation } from '../../../packages/node/test/blobs-plugin.ts';
import type { Kind } from '../kind.ts';
import { pick } from '../mutate.ts';
import { outcomeOfError } from '../outcome.ts';

const { apiVersion: _, ...parts } = blobs();
const good = {
  image: createImage({ width: 12, height: 10, channels: 1, bits: 8 }),
  annotation: { x: 1, y: 2 },
};
const { image } = good;

const self: { annotation?: unknown } = {};
self.annotation = self;

/** What a simulator may return. */
const returned: readonly unknown[] = [
  ...[undefined, null, 5, 'image', [], {}, Symbol('s'), () => good, Promise.resolve(null), new Map()],
  ...[{ image }, { annotation: {} }, { ...good, image: image.data }, { ...good, annotation: undefined }],
  ...[
    { ...image, width: 13 },
    { ...image, width: -12, height: -10 },
    { ...image, width: Number.NaN },
    { ...image, data: new Uint16Array(120) },
    { ...image, data: [...image.data] },
    { ...image, data: new Uint8Array(7) },
    { ...image, channels: 3 },
    { ...image, bits: '8' },
    null,
  ].map((wrong) => ({ ...good, image: wrong })),
  ...[
    { x: Number.NaN, y: 1 },
    { x: 1n, y: 2 },
    { x: () => 1 },
    self,
    new Date(0),
    { file_name: 'mine' },
    { simgan: 1 },
    Number.POSITIVE_INFINITY,
    Symbol('s'),
  ].map((annotation) => ({ ...good, annotation })),
];

/** What it may throw. */
const thrown: readonly unknown[] = [
  ...[
    undefined,
    null,
    0,
    'a text',
    Symbol('s'),
    {},
    [],
    new TypeError('x is not right'),
    Object.create(null),
  ],
  Object.assign(new Error(''), { stack: undefined }),
  { message: 5 },
];

function misbehave(rng: Rng): unknown {
  const rarely = rng.fork('fate');
  if (rarely.next() < 0.3) return good;
  if (rarely.next() < 0.3) throw pick(thrown, rarely);
  return pick(returned, rarely);
}

export const simulatorKinds: readonly Kind[] = [
  {
    name: 'simulator',
    share: 0.3,
    async prepare(dir) {
      const plugin = definePlugin({ ...parts, simulator: misbehave as Simulator<BlobAnnotation> });
      return {
        async attempt(rng) {
          const out = join(dir, 'out');
          const seed = rng.int(2 ** 31);
          try {
            await simulateDataset({ plugin, count: 3, seed, out, existing: 'replace' });
            return 'success';
          } catch (error) {
            return outcomeOfError(error);
          }
        },
      };
    },
  },
];
