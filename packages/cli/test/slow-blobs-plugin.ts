/** @file Blobs that take their time, and marks of the threads that draw them. */
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { definePlugin, pluginFactory } from '@simgan/core';
import { z } from 'zod';
import blobs from './blobs-plugin.ts';

const options = z.object({
  marks: z
    .string()
    .describe('A file that gets a line from each thread when it starts and at its first picture'),
  alone: z.int().min(0).optional().describe('After so many pictures the main thread waits for another one'),
});

export default pluginFactory(options, ({ marks, alone }) => {
  const { apiVersion: _, ...parts } = blobs();
  let drawn = 0;
  if (!isMainThread) appendFileSync(marks, 'started\n');
  return definePlugin({
    ...parts,
    async simulator(rng) {
      drawn += 1;
      if (isMainThread) {
        // As long as a picture may take to render.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        while (alone !== undefined && drawn > alone && !existsSync(marks)) await setTimeout(10);
      } else if (drawn === 1) appendFileSync(marks, 'draws\n');
      return parts.simulator(rng);
    },
  });
});
