/** @file Picture files for the tests. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Plugin, simulate } from '@simgan/core';
import { encodePng } from '@simgan/node';
import blobs from './blobs-plugin.ts';

/** Writes pictures of a plugin's stand-in camera, of the blobs' by default: `0000000.png` and so on. */
export async function writeRealPictures(
  dir: string,
  count: number,
  { standIn }: Pick<Plugin, 'standIn'> = blobs(),
): Promise<void> {
  await mkdir(dir, { recursive: true });
  for await (const sample of simulate(standIn!, { seed: 99, length: count })) {
    await writeFile(join(dir, `${sample.id}.png`), await encodePng(sample.image));
  }
}
