import { expect, test } from 'vitest';
import { blobs, tinyRecipe } from '../../test/blobs.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import { createDataset, datasetOf, mapDataset, takeFrom } from '../dataset.ts';
import type { Engine } from '../engine/engine.ts';
import type { HostTensor } from '../host-tensor.ts';
import { cropImage, encodeImages, type Image, imageOf } from '../image.ts';
import { createMatcher } from '../matching/matcher.ts';
import { createImageRefiner } from '../refining/image-refiner.ts';
import type { RealImage } from '../sample.ts';
import { simulate } from '../simulate.ts';
import type { TrainingRecipe } from './recipe.ts';
import { train } from './train.ts';
import { createTraining, cropsOf, type TrainingOptions, trainedRefiner } from './training.ts';

const plugin = blobs();
const { image } = plugin;
const synthetic = simulate(plugin.simulator, { seed: 1, length: 20 });
const real = simulate(plugin.standIn, { seed: 2, length: 20 });

const setUp = (changes: Partial<TrainingRecipe> = {}, options: Partial<TrainingOptions> = {}) =>
  createTraining({
    ...{ plugin, synthetic, real, engine: wasmEngine, seed: 3 },
    ...options,
    recipe: { ...tinyRecipe, ...changes },
  });

async function finish(training: Awaited<ReturnType<typeof setUp>>): Promise<void> {
  for await (const _ of train(training));
}

/** An engine that keeps what a kind of input was, batch by batch. */
function recordingEngine(input: 'synthetic' | 'real'): { engine: Engine; batches: HostTensor[] } {
  const batches: HostTensor[] = [];
  const engine: Engine = {
    ...wasmEngine,
    compile(step, options) {
      const compiled = wasmEngine.compile(step, options);
      return {
        ...compiled,
        run(inputs) {
          if (inputs[input]) batches.push(inputs[input]);
          return compiled.run(inputs);
        },
      };
    },
  };
  return { engine, batches };
}

/** The images of batches as texts to compare, sorted. */
function imagesIn(batches: readonly HostTensor[]): string[] {
  return batches
    .flatMap(({ data, shape }) => {
      const length = data.length / shape[0]!;
      return Array.from({ length: shape[0]! }, (_, i) => data.slice(i * length, (i + 1) * length).join());
    })
    .sort();
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

const match = [
  { correction: 'histogram', strength: 0.9 },
  { correction: 'noise', strength: 0.03 },
] as const;

test('a recipe with corrections of light trains on matched pictures', async () => {
  const { engine, batches } = recordingEngine('synthetic');
  // One round of the 20 pictures in five warm-up steps.
  const changes = { match, warmup: { refiner: 5, discriminator: 0 }, steps: 0 };
  const training = await setUp(changes, { engine });
  await finish(training);
  const matcher = await createMatcher(match, real, { image, seed: 3 });
  const encoded = async (set: typeof synthetic) =>
    imagesIn((await all(set)).map((sample) => encodeImages([sample.image], image)));
  expect(imagesIn(batches)).toEqual(await encoded(matcher.match(synthetic)));
  expect(imagesIn(batches)).not.toEqual(await encoded(synthetic));
  expect(await all(training.synthetic)).toEqual(await all(matcher.match(synthetic)));
  expect(await all(training.real)).toEqual(await all(real));
  training.dispose();
});

test('the trained refiner applies the corrections of its training, and its averaged weights', async () => {
  const training = await setUp({ match, averaging: 0.5, steps: 1 });
  await finish(training);
  const refiner = trainedRefiner(training);
  expect(refiner.matcher).toBe(training.matcher);
  expect(refiner.network).toBe(training.averagedRefiner);
  const plain = createImageRefiner({ network: training.averagedRefiner, image, engine: wasmEngine, seed: 3 });
  const refined = await all(refiner.refine(synthetic));
  expect(refined).toEqual(await all(plain.refine(training.matcher.match(synthetic))));
  expect(refined).not.toEqual(await all(plain.refine(synthetic)));
  const latest = createImageRefiner({
    ...{ network: training.refiner.network, image, engine: wasmEngine, seed: 3 },
    matcher: training.matcher,
  });
  expect(refined).not.toEqual(await all(latest.refine(synthetic)));
  for (const one of [refiner, plain, latest]) await one.dispose();
  training.dispose();
});

test('strengths that a recipe leaves open are measured, and a given matcher is used as it is', async () => {
  const measured = await setUp({ match: [{ correction: 'noise' }] });
  expect(measured.matcher.corrections).toEqual([
    { correction: 'noise', strength: expect.any(Number), reason: expect.any(String) },
  ]);
  const given = await setUp({ match: 'auto' }, { matcher: measured.matcher });
  expect(given.matcher).toBe(measured.matcher);
  const none = await setUp();
  expect(none.matcher.corrections).toEqual([]);
  for (const training of [measured, given, none]) training.dispose();
});

/** Pictures of blobs of two sizes, both larger than the crops. */
const anySize = { channels: 1, bits: 8 } as const;
const crop = { width: 8, height: 6 };
const mixed = (from: typeof synthetic): typeof synthetic =>
  mapDataset(from, (sample, index) =>
    index % 2 === 0
      ? sample
      : { ...sample, image: cropImage(sample.image, { left: 2, top: 1, width: 9, height: 8 }) },
  );

/** The places at which a crop lies in an image. */
function placesOf(part: Image, whole: Image): string[] {
  const places: string[] = [];
  for (let top = 0; top + part.height <= whole.height; top++) {
    for (let left = 0; left + part.width <= whole.width; left++) {
      const { data } = cropImage(whole, { ...part, left, top });
      if (data.every((value, i) => value === part.data[i])) places.push(`${left},${top}`);
    }
  }
  return places;
}

test('without a size, training is on random crops of larger pictures of any size', async () => {
  const { engine, batches } = recordingEngine('real');
  const training = await setUp(
    { crop, steps: 8, warmup: { refiner: 0, discriminator: 2 } },
    { plugin: { ...plugin, image: anySize }, synthetic: mixed(synthetic), real: mixed(real), engine },
  );
  expect(training.form).toEqual({ ...anySize, ...crop });
  await finish(training);
  const pictures = await all(mixed(real));
  const places = new Map<string, Set<string>>();
  for (const { data, shape } of batches) {
    expect(shape).toEqual([4, 6, 8, 1]);
    for (let i = 0; i < 4; i++) {
      const values = data.subarray(i * 48, (i + 1) * 48);
      const part = imageOf(
        Uint8Array.from(values, (value) => Math.round((value + 1) * 127.5)),
        { ...anySize, ...crop },
      );
      const found = pictures.flatMap((picture) =>
        placesOf(part, picture.image).map((place) => [picture.id, place] as const),
      );
      expect(found).toHaveLength(1);
      const [[id, place]] = found as [[string, string]];
      places.set(id, (places.get(id) ?? new Set()).add(place));
    }
  }
  // Two rounds of 20 pictures: most crops differ from the first ones of their picture.
  expect(places.size).toBe(20);
  expect([...places.values()].filter(({ size }) => size === 2).length).toBeGreaterThan(10);
  training.dispose();
});

test('a refiner that was trained on crops refines pictures of any size', async () => {
  const options = { plugin: { ...plugin, image: anySize }, synthetic: mixed(synthetic), real: mixed(real) };
  const training = await setUp({ crop, match: 'histogram', steps: 1 }, options);
  await finish(training);
  const refiner = trainedRefiner(training);
  const [first, second] = await all(takeFrom(options.synthetic, 2));
  for (const sample of [first!, second!]) {
    const refined = await refiner.refine(sample);
    expect(refined).toMatchObject({ id: sample.id, annotation: sample.annotation });
    expect([refined.image.width, refined.image.height]).toEqual([sample.image.width, sample.image.height]);
    expect(refined.image).not.toEqual(sample.image);
  }
  await refiner.dispose();
  training.dispose();
});

test('the crops that corrections are measured on are the same every time, one of each picture', async () => {
  const form = { ...anySize, ...crop };
  const [crops, again] = [cropsOf(mixed(real), form, 1), cropsOf(mixed(real), form, 1)];
  expect(await all(crops)).toEqual(await all(again));
  expect(await crops.at(7)).toEqual((await all(again))[7]);
  expect(await all(crops)).not.toEqual(await all(cropsOf(mixed(real), form, 2)));
  for (const { image: part, id } of await all(crops)) {
    expect(part).toMatchObject(crop);
    expect(placesOf(part, (await mixed(real).at(Number(id))).image)).not.toEqual([]);
  }
});

test('unusable recipes and sets are refused before anything is built', async () => {
  await expect(setUp({ batchSize: 21 })).rejects.toMatchObject({
    code: 'NOT_ENOUGH_DATA',
    message: expect.stringContaining(
      'There are 20 synthetic pictures, fewer than the one batch of 21 that a step takes.',
    ),
  });
  await expect(setUp({}, { real: takeFrom(real, 3) })).rejects.toThrow('There are 3 real pictures');
  await expect(setUp({ batchSize: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(setUp({}, { plugin: { ...plugin, image: anySize } })).rejects.toThrow(
    'The recipe has no crop, which is required if images may be of any size.',
  );
  await expect(
    setUp({ match: 'histogram' }, { real: createDataset(9, () => Promise.reject(new Error('unreadable'))) }),
  ).rejects.toThrow('unreadable');
});

test('a picture smaller than the crops ends the training, naming the picture', async () => {
  const training = await setUp({ crop: { width: 12, height: 11 } });
  await expect(finish(training)).rejects.toThrow(
    /^The image 00000\d\d is 12 x 10, smaller than the training size of 12 x 11/,
  );
  training.dispose();
});

test('pictures are kept in memory as far as the budget goes, which changes no result', async () => {
  const trained = async (memoryBudget?: number) => {
    const made = new Map<number, number>();
    const counted = createDataset<RealImage>(real.length, (index) => {
      made.set(index, (made.get(index) ?? 0) + 1);
      return real.at(index);
    });
    const training = await setUp(
      { steps: 12 },
      { real: counted, ...(memoryBudget !== undefined && { memoryBudget }) },
    );
    await finish(training);
    const weights = [...training.refiner.network.variables[0]!.dataSync()];
    training.dispose();
    return { most: Math.max(...made.values()), weights };
  };
  const [kept, anew] = [await trained(), await trained(0)];
  expect(kept.most).toBe(1);
  expect(anew.most).toBeGreaterThan(1);
  expect(anew.weights).toEqual(kept.weights);
});

test('the recipe’s own networks come before the plugin’s', async () => {
  const wider = blobs({ ...image, width: 14 });
  const training = await setUp({
    refiner: (form, seed) => ({ ...wider.refiner(form, seed), receptiveField: 99 }),
    discriminator: (form, seed) => ({ ...wider.discriminator(form, seed), receptiveField: 77 }),
    averaging: 0.9,
  });
  expect(training.refiner.network.receptiveField).toBe(99);
  expect(training.averagedRefiner.receptiveField).toBe(99);
  expect(training.discriminator.network.receptiveField).toBe(77);
  training.dispose();
});

test('a set may be an array of pictures without annotations', async () => {
  const bare = datasetOf((await all(real)).map(({ id, image: picture }) => ({ id, image: picture })));
  const [training, labeled] = [
    await setUp({}, { real: bare, synthetic: bare }),
    await setUp({}, { synthetic: real }),
  ];
  for (const one of [training, labeled]) await finish(one);
  const weights = [training, labeled].map((one) => [...one.refiner.network.variables[0]!.dataSync()]);
  expect(weights[0]).toEqual(weights[1]);
  training.dispose();
  labeled.dispose();
});
