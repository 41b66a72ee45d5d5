/**
 * @file How long a folder of many pictures takes to open, the first time and again, and what memory a long dataset takes.
 * Usage: node --conditions=@simgan/source --import tsx bench/many-pictures.ts [PICTURES] [SAMPLES]
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDataset, createImage, createRng, type Sample } from '@simgan/core';
import { encodePng, readDataset, readImages, writeDataset } from '@simgan/node';

const [pictures = 100_000, samples = 200_000] = process.argv.slice(2).map(Number);
const form = { width: 64, height: 64, channels: 1, bits: 8 } as const;
const rng = createRng(1);

const mebibytes = () => `${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`;

async function timed<Value>(what: string, job: () => Promise<Value>): Promise<Value> {
  const started = performance.now();
  const value = await job();
  console.log(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s, ${mebibytes()} resident`);
  return value;
}

/** Different pictures in turns: what is in them changes nothing here. */
const kinds = await Promise.all(
  Array.from({ length: 50 }, () => {
    const image = createImage(form);
    for (const i of image.data.keys()) image.data[i] = (i % 64) + rng.int(64);
    return encodePng(image);
  }),
);

const dir = await mkdtemp(join(tmpdir(), 'simgan-many-'));
process.env.SIMGAN_CACHE = join(dir, 'cache');
try {
  for (let first = 0; first < pictures; first += 1000) {
    const folder = join(dir, 'real', String(first));
    await mkdir(folder, { recursive: true });
    const names = Array.from({ length: Math.min(1000, pictures - first) }, (_, n) => n);
    await Promise.all(
      names.map((n) => writeFile(join(folder, `${n}.png`), kinds[(first + n) % kinds.length]!)),
    );
  }
  console.log(`${pictures} pictures of 64 x 64, ${mebibytes()} resident`);
  for (const time of ['first', 'again']) {
    const { images } = await timed(`as real pictures, ${time}`, () => readImages(join(dir, 'real'), form));
    await timed(`  1,000 of them`, async () => {
      for (let n = 0; n < 1000; n++) await images.at(rng.int(images.length));
    });
  }
  // Of runs before this one nothing is known.
  process.env.SIMGAN_CACHE = join(dir, 'cache of samples');
  const plugin = { name: 'any', image: form, annotation: undefined as never };
  for (const time of ['first', 'again']) {
    await timed(`as samples, ${time}`, () => readDataset(join(dir, 'real'), plugin, { labels: 'none' }));
  }

  const image = createImage({ ...form, width: 8, height: 8 });
  const all = createDataset<Sample<object>>(samples, (index) => ({
    id: String(index).padStart(7, '0'),
    image,
    annotation: { x: index / 7, name: 'sample' },
  }));
  await timed(`${samples} samples written`, () =>
    writeDataset(join(dir, 'out'), all, {
      plugin: { name: 'any', image: { channels: 1, bits: 8 } },
      onProgress: (done) => {
        if (done % (samples / 5) === 0) console.log(`  ${done} samples, ${mebibytes()} resident`);
      },
    }),
  );
} finally {
  await rm(dir, { recursive: true, force: true });
}
