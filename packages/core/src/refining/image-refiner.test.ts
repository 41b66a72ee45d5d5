import { afterAll, expect, expectTypeOf, test } from 'vitest';
import { type BlobAnnotation, blobs } from '../../test/blobs.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import { mapDataset } from '../dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { cropImage, type Image } from '../image.ts';
import { createMatcher } from '../matching/matcher.ts';
import { residualRefiner } from '../networks/refiner.ts';
import type { RealImage, Sample } from '../sample.ts';
import { simulate } from '../simulate.ts';
import { createImageRefiner, type ImageRefiner, type ImageRefinerOptions } from './image-refiner.ts';

/** Only against hangs: what must not wait would wait forever. */
const HANG = 120_000;

const plugin = blobs();
const { image } = plugin;
const synthetic = simulate(plugin.simulator, { seed: 1, length: 11 });

const network = plugin.refiner(image, 5);
const noisy = residualRefiner({ width: 4, blocks: 1, noiseChannels: 2 })(image, 5);
const samples = await all(synthetic);
afterAll(() => {
  network.dispose();
  noisy.dispose();
});

async function all<Item>(items: AsyncIterable<Item> | Iterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** What was compiled and what ran, besides what the engine does. */
function spiedEngine(isBatchInvariant = true) {
  const seen = { compiled: 0, itemwise: 0, disposed: 0, batches: [] as number[][] };
  const engine: Engine = {
    ...wasmEngine,
    isBatchInvariant,
    compile(step, options) {
      seen.compiled++;
      if (options?.itemwise) seen.itemwise++;
      const compiled = wasmEngine.compile(step, options);
      return {
        run(inputs) {
          seen.batches.push([...inputs.synthetic!.shape]);
          return compiled.run(inputs);
        },
        async dispose() {
          seen.disposed++;
          await compiled.dispose();
        },
      };
    },
  };
  return { engine, seen };
}

const setUp = (options: Partial<ImageRefinerOptions> = {}): ImageRefiner =>
  createImageRefiner({ network, image, engine: wasmEngine, ...options });

test('pictures change, and nothing else of a sample does', async () => {
  const refiner = setUp();
  for (const [i, refined] of (await all(refiner.refine(synthetic))).entries()) {
    const original = samples[i]!;
    expect({ ...refined, image: original.image }).toEqual(original);
    expect(refined.image).not.toEqual(original.image);
    expect(refined.image).toMatchObject({ width: 12, height: 10, channels: 1, bits: 8 });
  }
  const tagged = await refiner.refine({ ...samples[0]!, camera: 'left', annotation: 'unchecked' });
  expect(tagged).toMatchObject({ id: '0000000', camera: 'left', annotation: 'unchecked' });
  expectTypeOf(tagged).toMatchObjectType<{ camera: string; annotation: string }>();
});

test('one sample, arrays, iterables, streams and datasets give the same', async () => {
  const refiner = setUp({ network: noisy });
  const expected = await refiner.refine(samples);
  expect(expected).toHaveLength(11);
  const one = await refiner.refine(samples[4]!);
  expect(one).toEqual(expected[4]);
  expect(await all(refiner.refine(new Set(samples)))).toEqual(expected);
  expect(await all(refiner.refine(synthetic))).toEqual(expected);
  async function* stream() {
    yield* samples;
  }
  const streamed = refiner.refine(stream());
  expect(await all(streamed)).toEqual(expected);
  expect(await refiner.refine([] as RealImage[])).toEqual([]);
  expect(await all(refiner.refine(new Set<RealImage>()))).toEqual([]);
  expectTypeOf(one).toEqualTypeOf<Sample<BlobAnnotation>>();
  expectTypeOf(expected).toEqualTypeOf<Sample<BlobAnnotation>[]>();
  expectTypeOf(streamed).toEqualTypeOf<AsyncGenerator<Sample<BlobAnnotation>, void, void>>();
});

test('a picture without an id gives the same result wherever it is', async () => {
  const refiner = setUp({ network: noisy });
  const images = samples.map((sample) => sample.image);
  const expected = await refiner.refine(images);
  expectTypeOf(expected).toEqualTypeOf<Image[]>();
  const one = await refiner.refine(images[3]!);
  expectTypeOf(one).toEqualTypeOf<Image>();
  expect(one).toEqual(expected[3]);
  expect(await all(refiner.refine(new Set(images)))).toEqual(expected);
  // Their noise follows from their pixels.
  const copy = { ...images[3]!, data: images[3]!.data.slice() };
  expect(await refiner.refine(copy)).toEqual(one);
});

test('the network is compiled once, at the first picture, and again only after dispose', async () => {
  const { engine, seen } = spiedEngine();
  const refiner = setUp({ engine });
  expect(seen.compiled).toBe(0);
  await refiner.dispose();
  await refiner.refine(samples[0]!);
  await refiner.refine(samples.slice(0, 3));
  await all(refiner.refine(synthetic));
  await Promise.all([refiner.refine(samples), all(refiner.refine(samples.values()))]);
  expect([seen.compiled, seen.itemwise, seen.disposed]).toEqual([1, 1, 0]);
  await refiner.dispose();
  await refiner.dispose();
  expect(seen.disposed).toBe(1);
  await refiner.refine(samples[0]!);
  expect(seen.compiled).toBe(2);
  await refiner.dispose();
});

test.each([1, 3, 7, 32])('the batch size changes no bit of the result: %i', async (batchSize) => {
  const refiner = setUp({ network: noisy, batchSize });
  expect(await refiner.refine(samples)).toEqual(await setUp({ network: noisy }).refine(samples));
});

test('a picture does not depend on what is refined beside it', async () => {
  const refiner = setUp({ network: noisy, batchSize: 4 });
  const whole = await refiner.refine(samples);
  const backwards = await refiner.refine(samples.toReversed());
  expect(backwards.toReversed()).toEqual(whole);
  for (const [i, sample] of samples.entries()) expect(await refiner.refine(sample)).toEqual(whole[i]);
});

test('noise follows from the seed and the id', async () => {
  const [sample] = samples;
  const refined = (seed: number, id: string) => setUp({ network: noisy, seed }).refine({ ...sample!, id });
  const images = await Promise.all([refined(1, 'a'), refined(1, 'b'), refined(2, 'a'), refined(1, 'a')]);
  const distinct = new Set(images.map((one) => one.image.data.join()));
  expect(distinct.size).toBe(3);
  expect(images[3]).toEqual(images[0]);
  // A network without noise has no use for a seed.
  expect(await setUp({ seed: 1 }).refine(sample!)).toEqual(await setUp({ seed: 2 }).refine(sample!));
});

test('batches of a fast source are full, the last is what is left', async () => {
  const { engine, seen } = spiedEngine();
  await setUp({ engine, batchSize: 4 }).refine(samples);
  expect(seen.batches.map(([size]) => size)).toEqual([4, 4, 3]);
});

test('an engine whose bits depend on the size of a batch gets full batches alone', async () => {
  const { engine, seen } = spiedEngine(false);
  const refiner = setUp({ engine, network: noisy, batchSize: 4 });
  const one = await refiner.refine(samples[5]!);
  const whole = await refiner.refine(samples);
  expect(seen.batches.map(([size]) => size)).toEqual([4, 4, 4, 4]);
  expect(whole).toHaveLength(11);
  expect(one).toEqual(whole[5]);
  expect(whole).toEqual(await setUp({ network: noisy }).refine(samples));
});

test(
  'a source that yields its next picture only once the last came back refined is not waited for',
  async () => {
    const { engine, seen } = spiedEngine();
    const refiner = setUp({ engine, batchSize: 4 });
    let received = 0;
    let tell = () => {};
    async function* source() {
      for (const [i, sample] of samples.entries()) {
        while (received < i) await new Promise<void>((resolve) => (tell = resolve));
        yield sample;
      }
    }
    const refined: typeof samples = [];
    for await (const sample of refiner.refine(source())) {
      refined.push(sample);
      received++;
      tell();
    }
    expect(refined).toEqual(await refiner.refine(samples));
    expect(seen.batches.slice(0, 11).map(([size]) => size)).toEqual(Array(11).fill(1));
  },
  HANG,
);

test(
  'a loop that ends early does not wait for its source, and closes it',
  async () => {
    const { engine, seen } = spiedEngine();
    const refiner = setUp({ engine });
    // Gives one picture and then nothing more.
    async function* stuck() {
      yield samples[0]!;
      await new Promise(() => {});
    }
    for await (const sample of refiner.refine(stuck())) {
      expect(sample.id).toBe('0000000');
      break;
    }
    expect(seen.batches).toHaveLength(1);

    let isClosed = false;
    async function* endless() {
      try {
        for (;;) yield* samples;
      } finally {
        isClosed = true;
      }
    }
    for await (const _ of refiner.refine(endless())) break;
    while (!isClosed) await new Promise((resolve) => setTimeout(resolve));
  },
  HANG,
);

test('images of several sizes may come in one stream', async () => {
  const { engine, seen } = spiedEngine();
  const anySize = { channels: 1, bits: 8 } as const;
  const refiner = setUp({ engine, image: anySize, network: noisy, batchSize: 4 });
  const mixed = mapDataset(synthetic, (sample, index) =>
    [2, 3, 7].includes(index)
      ? { ...sample, image: cropImage(sample.image, { left: 1, top: 2, width: 9, height: 7 }) }
      : sample,
  );
  const refined = await all(refiner.refine(mixed));
  expect(refined.map(({ id }) => id)).toEqual(samples.map(({ id }) => id));
  expect(seen.compiled).toBe(1);
  expect(seen.batches).toEqual([
    [2, 10, 12, 1],
    [2, 7, 9, 1],
    [3, 10, 12, 1],
    [1, 7, 9, 1],
    [3, 10, 12, 1],
  ]);
  for (const [i, sample] of (await all(mixed)).entries()) {
    expect(refined[i]!.image).toMatchObject({ width: sample.image.width, height: sample.image.height });
    expect(await refiner.refine(sample)).toEqual(refined[i]);
  }
  // Where the form has a size, other sizes are refused.
  await expect(all(setUp().refine(mixed))).rejects.toMatchObject({
    code: 'INVALID_IMAGE',
    message: expect.stringContaining('it is 9 x 7, not 12 x 10'),
  });
});

test('corrections of light are applied first, with the noise of the sample’s own id', async () => {
  const real = simulate(plugin.standIn, { seed: 2, length: 9 });
  const corrections = [
    { correction: 'histogram', strength: 1 },
    { correction: 'noise', strength: 0.05 },
  ] as const;
  const matcher = await createMatcher(corrections, real, { image, seed: 4 });
  const refiner = setUp({ matcher, network: noisy });
  const plain = setUp({ network: noisy });
  expect(refiner.matcher).toBe(matcher);
  expect(plain.matcher.corrections).toEqual([]);
  const refined = await refiner.refine(samples);
  expect(refined).toEqual(await all(plain.refine(matcher.match(synthetic))));
  expect(refined).not.toEqual(await plain.refine(samples));
  expect(refined.map(({ annotation }) => annotation)).toEqual(samples.map(({ annotation }) => annotation));
});

test('errors of the source, a picture or the engine are thrown in order', async () => {
  const given: string[] = [];
  async function* failing() {
    yield* samples.slice(0, 4);
    throw new Error('the disk is gone');
  }
  const refiner = setUp({ batchSize: 2 });
  await expect(
    (async () => {
      for await (const { id } of refiner.refine(failing())) given.push(id);
    })(),
  ).rejects.toThrow('the disk is gone');
  expect(given).toEqual(samples.slice(0, 4).map(({ id }) => id));

  const bits16 = { ...samples[0]!, image: { ...image, bits: 16, data: new Uint16Array(120) } } as const;
  await expect(refiner.refine(bits16)).rejects.toThrow('it has 16 bits, not 8');

  const engine: Engine = {
    ...wasmEngine,
    compile: () => ({ run: () => Promise.reject(new Error('out of memory')), async dispose() {} }),
  };
  await expect(setUp({ engine }).refine(samples)).rejects.toThrow('out of memory');
});

test('the source is read while the engine works, one batch ahead and no further', async () => {
  let drawn = 0;
  function* source() {
    for (const sample of samples) {
      drawn++;
      yield sample;
    }
  }
  const refined = setUp({ batchSize: 2 }).refine(source());
  await refined.next();
  // The batch given out, the next one, and the first item behind it.
  expect(drawn).toBe(5);
  await refined.return();
});
