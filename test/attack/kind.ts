/** @file What a kind of input must offer, so that it can be attacked. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Rng } from '@simgan/core';
import type { Outcome } from './outcome.ts';

/** A kind of input that comes from outside. */
export interface Kind {
  readonly name: string;
  /** The share of attempts that the unit test makes of this kind; 1 where an attempt takes milliseconds. */
  readonly share: number;
  /** Whether damaged parts are skipped, so that an attempt rarely has another outcome than success. */
  readonly isTolerant?: boolean;
  /** Makes a sound input within an empty folder. */
  prepare(dir: string): Promise<Attack>;
}

/** A sound input that is damaged anew with each attempt. */
export interface Attack {
  /** @throws Defect, or any error that a user must not see. */
  attempt(rng: Rng, index: number): Promise<Outcome>;
  close?(): void | Promise<void>;
}

/** Writes files with the folders above them. */
export async function writeFiles(
  dir: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = join(dir, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}
