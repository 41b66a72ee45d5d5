import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset, Plugin, Sample } from '@simgan/core';
import { type AugmentOptions, augment, type Decision, parseTreat, readDataset } from '@simgan/node';
import { collect } from './collect.ts';

/** What `augment` made of some pictures, and what it says of it. */
export interface Augmented<Annotation> {
  readonly samples: Dataset<Sample<Annotation>>;
  readonly treatment: Decision;
}

/** Lets `augment` treat pictures: as it finds best, or by the rungs named. They are read back from what it wrote. */
export async function augmented<Annotation>(
  plugin: Plugin<Annotation>,
  {
    treat,
    ...options
  }: Pick<AugmentOptions, 'engine' | 'seed' | 'real' | 'onEvent'> & {
    readonly synthetic: Dataset<Sample<Annotation>>;
    readonly treat?: string | undefined;
  },
): Promise<Augmented<Annotation>> {
  const cwd = await mkdtemp(join(tmpdir(), 'simgan-research-'));
  try {
    const { treatment } = await augment({
      ...{ ...options, plugin, cwd, out: 'out' },
      ...(treat !== undefined && { treat: parseTreat(treat) }),
    });
    const { samples } = await readDataset(join(cwd, 'out', 'dataset'), plugin);
    return { samples: await collect(samples as Dataset<Sample<Annotation>>), treatment };
  } finally {
    await rm(cwd, { recursive: true });
  }
}
