/** @file Picture files for the tests. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simulate } from '@simgan/core';
import { encodePng } from '@simgan/node';
import blobs from './blobs-plugin.ts';

/** Writes pictures of the blobs' camera: `0000000.png` and so on. */
export async function writeRealPictures(dir: string, count: number): Promise<void> {
  const { standIn } = blobs();
  await mkdir(dir, { recursive: true });
  for await (const sample of simulate(standIn, { seed: 99, length: count })) {
    await writeFile(join(dir, `${sample.id}.png`), await encodePng(sample.image));
  }
}
