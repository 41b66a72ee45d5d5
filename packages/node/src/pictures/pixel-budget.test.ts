import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createImage, createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/folders.ts';
import { readPicture, usePictureFile } from './decode-picture.ts';
import { encodePng } from './encode-picture.ts';
import { withinPixelBudget } from './pixel-budget.ts';

/** Jobs that note how much is in progress with them, and end only when told. */
function stage() {
  const running = new Map<string, () => void>();
  const begun: string[] = [];
  return {
    begun,
    running: () => [...running.keys()],
    job: (name: string) => () =>
      new Promise<string>((resolve) => {
        begun.push(name);
        running.set(name, () => {
          running.delete(name);
          resolve(name);
        });
      }),
    async end(name: string) {
      running.get(name)!();
      await new Promise((resolve) => setTimeout(resolve));
    },
  };
}

test('jobs begin in their order, as many at a time as fit the budget', async () => {
  const { begun, running, job, end } = stage();
  const jobs = [
    ['a', 40],
    ['b', 50],
    ['c', 30],
    ['huge', 500],
    ['d', 10],
    ['e', 90],
  ] as const;
  const done = jobs.map(([name, weight]) => withinPixelBudget(weight, 100, job(name)));
  await new Promise((resolve) => setTimeout(resolve));
  expect(running()).toEqual(['a', 'b']);
  await end('b');
  expect(running()).toEqual(['a', 'c']);
  await end('a');
  // The huge one waits until it is alone, and is not overtaken.
  expect(running()).toEqual(['c']);
  await end('c');
  expect(running()).toEqual(['huge']);
  await end('huge');
  expect(running()).toEqual(['d', 'e']);
  await end('e');
  await end('d');
  expect(await Promise.all(done)).toEqual(begun);
});

test('a job that fails gives its pixels back, and a job within a job does not wait for it', async () => {
  const failing = withinPixelBudget(100, 100, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  const inner = () => withinPixelBudget(100, 100, async () => 'inner');
  expect(await withinPixelBudget(100, 100, inner)).toBe('inner');
});

test('between pictures that are ready at the same time the event loop runs', async () => {
  const dir = await temporaryFolder();
  const png = await encodePng(createImage({ width: 8, height: 8, channels: 1, bits: 8 }));
  const files = Array.from({ length: 6 }, (_, i) => join(dir, `${i}.png`));
  for (const file of files) await writeFile(file, png);
  let isHeard = true;
  const read = files.map((file) =>
    usePictureFile(file, { channels: 1, bits: 8 }, {}, () => {
      expect(isHeard).toBe(true);
      isHeard = false;
      setTimeout(() => {
        isHeard = true;
      });
      // As long as a large picture takes: all others are ready when it is done.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }),
  );
  await Promise.all(read);
});

test('pictures count against the budget until whoever uses them is done', async () => {
  const dir = await temporaryFolder();
  const rng = createRng(3);
  const files = await Promise.all(
    Array.from({ length: 12 }, async (_, i) => {
      const image = createImage({ width: 100, height: 100, channels: 1, bits: 16 });
      image.data.forEach((_, at) => {
        image.data[at] = rng.int(65_536);
      });
      const file = join(dir, `${i}.png`);
      await writeFile(file, await encodePng(image));
      return { file, image };
    }),
  );
  /** Reads all, each waiting until as many as expected are in use; gives how many there were at most. */
  const most = async (pixelBudget: number, expected: number) => {
    let [now, peak] = [0, 0];
    let gather: (() => void)[] = [];
    const read = files.map(({ file }) =>
      usePictureFile(file, { channels: 1, bits: 16 }, { pixelBudget }, async ({ image }) => {
        peak = Math.max(peak, ++now);
        await new Promise<void>((resolve) => {
          gather.push(resolve);
          if (gather.length < expected) return;
          for (const go of gather) setTimeout(go, 5);
          gather = [];
        });
        now--;
        return image;
      }),
    );
    expect(await Promise.all(read)).toEqual(files.map(({ image }) => image));
    return peak;
  };
  // Incompressible, so a file has more bytes than pixels: 20 kB.
  expect(await most(1, 1)).toBe(1);
  expect(await most(45_000, 2)).toBe(2);
  expect(await most(1e9, 12)).toBe(12);
  expect((await readPicture(files[3]!.file, { channels: 1, bits: 16 }, { pixelBudget: 1 })).image).toEqual(
    files[3]!.image,
  );
});
