/** @file The plugin of the tests: as an object, by its path, and pictures of its camera. */
import { fileURLToPath } from 'node:url';
import { type Plugin, simulate } from '@simgan/core';
import { encodePng } from '../src/pictures/encode-picture.ts';
import blobs from './blobs-plugin.ts';
import { writeFiles } from './folders.ts';

export type { BlobAnnotation } from './blobs-plugin.ts';
export { blobs };

/** The module of the plugin. */
export const blobsPath = fileURLToPath(new URL('./blobs-plugin.ts', import.meta.url));

/** Writes pictures of the plugin's camera: `0000000.png` and so on. */
export async function writeRealPictures(
  dir: string,
  count: number,
  plugin: Pick<Plugin, 'standIn'> = blobs(),
): Promise<void> {
  for await (const { id, image } of simulate(plugin.standIn!, { seed: 99, length: count })) {
    await writeFiles(dir, { [`${id}.png`]: await encodePng(image) });
  }
}
