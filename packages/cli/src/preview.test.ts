import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetOf, type ImageSpec } from '@simgan/core';
import { decodePicture } from '@simgan/core/node';
import { expect, onTestFinished, test } from 'vitest';
import { writePreview } from './preview.ts';

const image: ImageSpec = { width: 2, height: 1, channels: 1, bits: 16, range: [0, 100] };
const rows = [{ label: 'real', images: datasetOf([{ id: '1', image: Uint16Array.of(0, 100) }]) }];

test('a preview is in the colours in which the plugin shows its pictures', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-preview-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const paint = (picture: ArrayLike<number>) =>
    Uint8Array.from(Array.from(picture).flatMap((value) => [value, 7, 9]));
  const file = await readFile(await writePreview(dir, rows, { image, display: { paint } }));
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  const { image: pixels } = await decodePicture(file, { width, height, channels: 3, bits: 8 });
  const colours = new Set(
    Array.from({ length: width * height }, (_, at) => pixels.subarray(3 * at, 3 * at + 3).join()),
  );
  // Ground, letters and the two pixels.
  expect(colours).toEqual(new Set(['24,24,24', '230,230,230', '0,7,9', '100,7,9']));
});
