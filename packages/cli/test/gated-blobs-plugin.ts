/** @file Blobs whose simulator waits at a gate, so that a test can interrupt a run where it wants to. */
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { definePlugin, pluginFactory } from '@simgan/core';
import { z } from 'zod';
import blobs from './blobs-plugin.ts';

const options = z.object({
  gate: z.string().describe('The gate is open while there is a file of this name'),
  after: z.int().min(0).describe('How many pictures the simulator draws before it looks at the gate'),
});

export default pluginFactory(options, ({ gate, after }) => {
  const { apiVersion: _, ...parts } = blobs();
  let drawn = 0;
  return definePlugin({
    ...parts,
    async simulator(rng) {
      drawn += 1;
      while (drawn > after && !existsSync(gate)) await setTimeout(5);
      return parts.simulator(rng);
    },
  });
});
