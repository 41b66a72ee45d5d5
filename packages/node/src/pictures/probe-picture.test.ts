import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/folders.ts';
import { readImages } from '../datasets/read-images.ts';
import { readPicture } from './decode-picture.ts';
import { probePicture } from './probe-picture.ts';

const pixels = (channels: 1 | 2 | 3 | 4) =>
  sharp(Buffer.from(Uint8Array.from({ length: 40 * 30 * channels }, (_, i) => (i * 37) % 251)), {
    raw: { width: 40, height: 30, channels },
  });
const forms = [
  { channels: 3, bits: 8 },
  { channels: 1, bits: 8, width: 20, height: 20 },
] as const;

test('headers say what decoding finds, or nothing', async () => {
  const dir = await temporaryFolder();
  const plain = {
    'gray.png': await pixels(1).toColourspace('b-w').png().toBuffer(),
    'color.png': await pixels(3).png().toBuffer(),
    'palette.png': await pixels(3).png({ palette: true }).toBuffer(),
    'color.jpg': await pixels(3).jpeg().toBuffer(),
    'progressive.jpg': await pixels(3).jpeg({ progressive: true }).toBuffer(),
    'clear.png': await pixels(4).png().toBuffer(),
    'camera.jpg': await pixels(3)
      .withMetadata({ orientation: 1 })
      .withExifMerge({ IFD0: { Copyright: 'none' } })
      .jpeg()
      .toBuffer(),
  };
  const others = {
    'turned.jpg': await pixels(3).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    'a.webp': await pixels(3).webp().toBuffer(),
    'cut.png': plain['color.png'].subarray(0, 300),
    'cut.jpg': plain['color.jpg'].subarray(0, 300),
    'short.png': Buffer.from('x'),
  };
  for (const [name, bytes] of Object.entries({ ...plain, ...others }))
    await writeFile(join(dir, name), bytes);
  for (const form of forms) {
    for (const name of Object.keys(plain)) {
      const { image: _, ...facts } = await readPicture(join(dir, name), form);
      expect(probePicture(join(dir, name), form), name).toEqual(facts);
    }
    for (const name of Object.keys(others)) expect(probePicture(join(dir, name), form), name).toBeUndefined();
    expect(probePicture(join(dir, 'color.png'), { ...form, bits: 16 })).toBeUndefined();
    expect(probePicture(join(dir, 'color.png'), { ...form, width: 400, height: 400 })).toBeUndefined();
  }
});

test('of a set that is opened by headers, a damaged picture is a reject when it is drawn, and the next takes its place', async () => {
  const dir = await temporaryFolder();
  const good = await pixels(3).png().toBuffer();
  const bad = Buffer.from(good);
  bad.fill(0, bad.indexOf('IDAT') + 12, bad.length - 20);
  for (const [n, bytes] of [good, bad, good].entries()) await writeFile(join(dir, `${n}.png`), bytes);
  const form = forms[0];
  const { images, rejects } = await readImages(dir, form, { probedFrom: 3 });
  expect([images.length, rejects.length]).toEqual([3, 0]);
  expect((await images.at(1)).image).toEqual((await images.at(2)).image);
  expect(rejects).toEqual([
    { file: '1.png', reason: 'The picture is damaged or cut off; it cannot be decoded.' },
  ]);
  expect((await readImages(dir, form)).images.length).toBe(2);
});
