// Sets that are opened by headers: what is damaged shows when it is asked for.
import { join } from 'node:path';
import { createImage, createRng, itemsOf, type Sample } from '@simgan/core';
import { expect, test, vi } from 'vitest';
import { temporaryFolder, writeFiles } from '../../test/folders.ts';
import { readFormatSamples } from '../formats/format-samples.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { withoutDamaged } from './damaged-pictures.ts';
import { readDataset } from './read-dataset.ts';

const form = { channels: 1, bits: 8 } as const;

async function folderOf(names: readonly string[], bad: string): Promise<string> {
  const files: Record<string, Uint8Array | string> = {};
  for (const [n, name] of names.entries()) {
    const image = createImage({ ...form, width: 24, height: 20 });
    const rng = createRng(n);
    for (const i of image.data.keys()) image.data[i] = rng.int(256);
    const png = await encodePng(image);
    if (name === bad) png.fill(0, png.indexOf('IDAT') + 12, png.length - 20);
    files[name] = png;
  }
  const lines = names.map((name) => JSON.stringify({ file_name: name, n: name }));
  files['metadata.jsonl'] = `${lines.join('\n')}\n`;
  const dir = await temporaryFolder();
  await writeFiles(dir, files);
  return dir;
}

const names = ['a.png', 'b.png', 'c.png', 'd.png'];
const plugin = { name: 'any', image: form, annotation: undefined as never };

test.each(['read as a dataset', 'read in a format'])(
  'of samples %s by their headers, damaged ones are listed when met, and not written',
  async (how) => {
    const dir = await folderOf(names, 'b.png');
    const open = async (probedFrom: number) =>
      how === 'read as a dataset'
        ? await readDataset(dir, plugin, { probedFrom })
        : await readFormatSamples(dir, { format: 'imagefolder', image: form, probedFrom });
    const { samples, damaged, rejects } = await open(4);
    expect([samples.length, damaged.size, rejects.length]).toEqual([4, 0, 0]);
    const all = await itemsOf<Sample<unknown>>(samples as never);
    expect(all.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    expect(all[1]!.image).toEqual(all[2]!.image);
    expect([...damaged]).toEqual(['b']);
    expect(rejects).toEqual([
      {
        file: expect.stringMatching(/^b/),
        reason: 'The picture is damaged or cut off; it cannot be decoded.',
      },
    ]);

    const items = async function* () {
      yield* all;
    };
    const source = { damaged, rejects, origin: dir };
    const written: string[] = [];
    for await (const { id } of withoutDamaged(items(), source, false)) written.push(id);
    expect(written).toEqual(['a', 'c', 'd']);
    await expect(drain(withoutDamaged(items(), source, true))).rejects.toThrow(
      'Remove it from the folder, and write all shards anew',
    );
    // Where all are decoded at the start, it is known from then on.
    const decoded = await open(5);
    expect([decoded.samples.length, decoded.rejects.length]).toEqual([3, 1]);
  },
);

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

test('what is decoded after opening by headers is kept for the next run', async () => {
  vi.stubEnv('SIMGAN_CACHE', await temporaryFolder());
  try {
    const { writeFile, stat, utimes } = await import('node:fs/promises');
    const dir = await folderOf(names, 'none');
    const options = { probedFrom: 4, cachedFrom: 4 };
    const file = join(dir, 'c.png');
    await utimes(file, 1000, 1000);
    const first = await readDataset(dir, plugin, options);
    const { image } = (await first.samples.at(2)) as Sample<unknown>;
    // As long as size and time are the same, the file itself is not read again.
    const { size } = await stat(file);
    const header = (await encodePng(image)).subarray(0, 60);
    const end = (await encodePng(image)).subarray(-12);
    await writeFile(file, Buffer.concat([header, Buffer.alloc(size - header.length - end.length), end]));
    await utimes(file, 1000, 1000);
    const second = await readDataset(dir, plugin, options);
    expect(((await second.samples.at(2)) as Sample<unknown>).image).toEqual(image);
    expect(second.damaged.size).toBe(0);
  } finally {
    vi.unstubAllEnvs();
  }
});
