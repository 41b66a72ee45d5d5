/** @file Blobs that take their time, and marks of the threads that draw them. */
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import type { Plugin, Rng } from '@simgan/core';
import blobs, { type BlobAnnotation } from './blobs-plugin.ts';

export interface SlowBlobOptions {
  /** A file that gets a line from each thread when it is there, and one with its first picture. */
  readonly marks: string;
  /** After so many pictures the main thread waits until one is there. */
  readonly alone?: number;
}

export default function slowBlobs({ marks, alone }: SlowBlobOptions): Plugin<BlobAnnotation> {
  const plugin = blobs();
  let drawn = 0;
  if (!isMainThread) appendFileSync(marks, 'there\n');
  return {
    ...plugin,
    async simulator(rng: Rng) {
      drawn += 1;
      if (isMainThread) {
        // As long as a picture may take to render.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        while (alone !== undefined && drawn > alone && !existsSync(marks)) await setTimeout(10);
      } else if (drawn === 1) appendFileSync(marks, 'draws\n');
      return plugin.simulator(rng);
    },
  };
}
