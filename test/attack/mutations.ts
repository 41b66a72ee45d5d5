/** @file Damaged inputs: a sound one of each kind, with seeded changes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '@simgan/core';
import type { Kind } from './kind.ts';
import { datasetKinds } from './kinds/datasets.ts';
import { formatKinds } from './kinds/formats.ts';
import { labelKinds } from './kinds/labels.ts';
import { modelKinds } from './kinds/models.ts';
import { pictureKinds } from './kinds/pictures.ts';
import { simulatorKinds } from './kinds/simulators.ts';
import { weightKinds } from './kinds/weights.ts';
import type { Outcome } from './outcome.ts';

/** All kinds of input that are damaged. */
export const mutationKinds: readonly Kind[] = [
  ...pictureKinds,
  ...datasetKinds,
  ...labelKinds,
  ...formatKinds,
  ...weightKinds,
  ...modelKinds,
  ...simulatorKinds,
];

/** What came of one attempt. */
export type Attempt = { readonly index: number } & (
  | { readonly outcome: Outcome }
  | { readonly failure: string }
);

/** Damages a kind of input again and again; attempt i of a seed is always the same. */
export async function* attemptsAt(
  kind: Kind,
  { seed, from = 0, to }: { seed: number; from?: number; to: number },
): AsyncGenerator<Attempt> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-attack-'));
  const rng = createRng(seed).fork(kind.name);
  try {
    const attack = await kind.prepare(dir);
    try {
      for (let index = from; index < to; index++) {
        let attempt: Attempt;
        try {
          attempt = { index, outcome: await attack.attempt(rng.fork(index), index) };
        } catch (error) {
          attempt = {
            index,
            failure: error instanceof Error ? (error.stack ?? error.message) : String(error),
          };
        }
        yield attempt;
      }
    } finally {
      await attack.close?.();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
