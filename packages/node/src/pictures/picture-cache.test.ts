import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Image, imageOf } from '@simgan/core';
import { expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../test/folders.ts';
import { openPictureCache, pictureCacheFolder } from './picture-cache.ts';

const image = (value: number, bits: 8 | 16 = 8): Image =>
  imageOf(bits === 8 ? new Uint8Array(6).fill(value) : new Uint16Array(6).fill(value * 100), {
    ...{ width: 3, height: 2, channels: 1, bits },
  });
const facts = { isResized: false, isTurned: false, hasAlpha: false } as never;

async function folder() {
  const dir = await temporaryFolder();
  const file = (name: string) => join(dir, name);
  for (const name of ['a', 'b', 'c']) await writeFile(file(name), name);
  const cacheDir = join(dir, 'cache');
  const open = async (set: object = { set: 1 }) => (await openPictureCache(set, cacheDir))!;
  return { file, open, cacheDir };
}

test('what was decoded is found by the next run as it was, opacity and 16 bits included', async () => {
  const { file, open } = await folder();
  const first = await open();
  expect(first.find('a', file('a'))).toBeUndefined();
  const clear = { ...image(4), alpha: new Uint8Array(6).fill(9) };
  first.add('a', file('a'), image(3, 16), facts);
  first.add('b', file('b'), clear, facts);
  await first.tidy();
  const second = await open();
  expect(second.find('a', file('a'))!.image()).toEqual(image(3, 16));
  expect(second.find('b', file('b'))!.image()).toEqual(clear);
  expect(second.find('b', file('b'))!.facts).toEqual(facts);
  expect(second.find('c', file('c'))).toBeUndefined();
  // Another way of decoding has pixels of its own.
  expect((await open({ set: 2 })).find('a', file('a'))).toBeUndefined();
  second.add('c', file('c'), image(5), facts);
  await second.tidy();
  const third = await open();
  expect([third.find('a', file('a'))!.image(), third.find('c', file('c'))!.image()]).toEqual([
    image(3, 16),
    image(5),
  ]);
});

test('a file that changed, and pixels that are gone or cut off, are decoded again', async () => {
  const { file, open, cacheDir } = await folder();
  const first = await open();
  for (const name of ['a', 'b', 'c']) first.add(name, file(name), image(1), facts);
  await first.tidy();
  await writeFile(file('a'), 'longer');
  await utimes(file('b'), 1000, 1000);
  const second = await open();
  expect(second.find('a', file('a'))).toBeUndefined();
  expect(second.find('b', file('b'))).toBeUndefined();
  expect(second.find('c', file('c'))).toBeDefined();
  const [pixels] = (await readdir(cacheDir)).filter((name) => name.endsWith('.pixels'));
  await writeFile(join(cacheDir, pixels!), 'cut');
  expect((await open()).find('c', file('c'))).toBeUndefined();
});

test('the environment says where pictures are kept, if at all', () => {
  expect(pictureCacheFolder({ SIMGAN_CACHE: 'off' })).toBeUndefined();
  expect(pictureCacheFolder({ SIMGAN_CACHE: '/fast' })).toBe('/fast');
  expect(pictureCacheFolder({ XDG_CACHE_HOME: '/caches' })).toBe(join('/caches', 'simgan', 'pictures'));
});

test('a large folder is decoded once, and has the same pictures from then on', async () => {
  const cache = await temporaryFolder();
  vi.stubEnv('SIMGAN_CACHE', cache);
  try {
    const { readImages } = await import('../datasets/read-images.ts');
    const { encodePng } = await import('./encode-picture.ts');
    const dir = await temporaryFolder();
    const pngs = await Promise.all([1, 2, 3].map((value) => encodePng(image(value))));
    await Promise.all(Array.from({ length: 12 }, (_, i) => writeFile(join(dir, `${i}.png`), pngs[i % 3]!)));
    await writeFile(join(dir, 'bad.png'), pngs[0]!.subarray(0, 40));
    await utimes(join(dir, '4.png'), 1000, 1000);
    const form = { channels: 1, bits: 8 } as const;
    const first = await readImages(dir, form, { cachedFrom: 10 });
    expect(first.images.length).toBe(12);
    // From now on the files' content does not matter as long as size and time are the same.
    const second = await readImages(dir, form, { cachedFrom: 10 });
    expect(second.rejects).toEqual(first.rejects);
    for (const index of [0, 1, 5, 11]) {
      expect((await second.images.at(index)).image).toEqual((await first.images.at(index)).image);
    }
    await writeFile(join(dir, '4.png'), Buffer.alloc(pngs[1]!.length, 1));
    await utimes(join(dir, '4.png'), 1000, 1000);
    const third = await readImages(dir, form, { cachedFrom: 10 });
    expect(third.images.length).toBe(12);
    // Small sets are decoded each time.
    expect((await readImages(dir, form, { cachedFrom: 14 })).images.length).toBe(11);
  } finally {
    vi.unstubAllEnvs();
  }
});
