import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  annotationSchema,
  createDataset,
  type Dataset,
  datasetOf,
  mapDataset,
  type RealImage,
  type Sample,
  simulate,
} from '@simgan/core';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { expect, onTestFinished, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { type BlobAnnotation, blobs, blobsPath, writeRealPictures } from '../../test/blobs.ts';
import { filesBelow, jsonLines, readJson, temporaryFolder } from '../../test/folders.ts';
import { readDataset } from '../datasets/read-dataset.ts';
import { writeDataset } from '../datasets/write-dataset.ts';
import { readPicture } from '../pictures/decode-picture.ts';
import type { JobEvent } from '../runs/events.ts';
import { loadTensors } from '../weights/tensor-file.ts';
import { augment } from './augment.ts';
import type { AugmentOptions, AugmentResult } from './augment-options.ts';
import { simulateDataset } from './simulate-dataset.ts';

const plugin = blobs();
const options = { plugin, engine: wasmEngine } satisfies AugmentOptions;

/** The events of a job, and a signal that aborts at the first of them that is wanted. */
function watch(isWanted: (event: JobEvent) => boolean = () => false) {
  const events: JobEvent[] = [];
  const controller = new AbortController();
  const onEvent = (event: JobEvent) => {
    events.push(event);
    if (!controller.signal.aborted && isWanted(event)) controller.abort(new Error('Ctrl-C'));
  };
  return { events, onEvent, signal: controller.signal };
}

const phaseOf = (event: JobEvent) => (event.type === 'progress' ? event.phase : event.type);

/** What a list of events is made of, in order, each kind once. */
const course = (events: readonly JobEvent[]) =>
  events.map(phaseOf).filter((phase, index, phases) => phase !== phases[index - 1]);

/** Lines of metadata up to their provenance, which says how the picture was made. */
async function annotationTexts(dataset: string): Promise<string[]> {
  const text = await readFile(join(dataset, 'metadata.jsonl'), 'utf8');
  return text.split('\n').map((line) => line.slice(0, line.indexOf('"simgan"')));
}

const imagesOf = ({ dataset }: AugmentResult) => filesBelow(join(dataset, 'images'));

/** The values of the refiner that a run left, without its texts. */
async function weightsOf({ run }: AugmentResult) {
  const { tensors } = await loadTensors(join(run!, 'refiner.safetensors'));
  return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, [...data]]));
}

test('one call simulates, trains, refines and reports: new pixels, the same annotations to the byte', async () => {
  const cwd = await temporaryFolder();
  const { events, onEvent } = watch();
  const result = await augment({ ...options, cwd, count: 6, onEvent });
  const dir = join(cwd, 'blobs-augmented');
  expect(result).toMatchObject({
    dir,
    dataset: join(dir, 'dataset'),
    preview: join(dir, 'preview.png'),
    run: join(dir, 'run'),
    count: 6,
    resumed: 0,
    rejects: 0,
    real: 'stand-in',
  });
  expect(Object.keys(await filesBelow(dir))).toEqual([
    'README.md',
    'croissant.json',
    'dataset/dataset.json',
    ...[0, 1, 2, 3, 4, 5].map((index) => `dataset/images/000000${index}.png`),
    'dataset/metadata.jsonl',
    'dataset/rejects.jsonl',
    'preview.png',
    'report.json',
    'run/checkpoint.safetensors',
    'run/events.out.tfevents.simgan',
    'run/log.jsonl',
    'run/refiner.safetensors',
    'run/run.json',
    ...[1, 2, 3, 4, 5, 6].map((step) => `run/timeline/000000${step}.png`),
    'run/timeline/real.png',
    'run/timeline/synthetic.png',
    'run/timeline/timeline.json',
    'treatment.json',
    'triplets.png',
  ]);
  expect(course(events)).toEqual([
    ...['engine', 'synthetic', 'warning', 'real', 'treatment'],
    ...Array.from({ length: 2 }, () => ['step', 'train', 'moment']).flat(),
    ...Array.from({ length: 4 }, () => ['train', 'step', 'train', 'moment']).flat(),
    'refine',
  ]);
  expect(events.find(({ type }) => type === 'synthetic')).toMatchObject({ origin: 'simulator', count: 6 });
  expect(events.at(-1)).toEqual({ type: 'progress', phase: 'refine', done: 6, total: 6 });

  const simulated = await simulateDataset({ plugin, cwd, count: 6 });
  const annotations = await annotationTexts(result.dataset);
  expect(annotations).toEqual(await annotationTexts(simulated.dir));
  expect(annotations[0]).toMatch(/^\{"file_name":"images\/0000000.png","x":[\d.]+,"y":[\d.]+,$/);
  const pictures = await imagesOf(result);
  for (const [name, digest] of Object.entries(await filesBelow(join(simulated.dir, 'images')))) {
    expect(pictures[name]).not.toBe(digest);
  }

  expect(Object.keys(result.distances)).toEqual(['synthetic', 'refined', 'real']);
  for (const [name, distance] of Object.entries(result.distances)) {
    const measures = name === 'real' ? [] : ['intensity', 'gradient'];
    expect(Object.keys(distance).sort()).toEqual(['contrast', 'diversity', ...measures].sort());
    expect(Object.values(distance).every(Number.isFinite), name).toBe(true);
  }
  // Three rows of six pictures, twelve pixels wide, each pixel eight times as large.
  const { image: preview } = await readPicture(result.preview, { channels: 1, bits: 8 });
  expect(preview).toMatchObject({ height: 4 + 3 * (14 + 4 + 80 + 4) });
  expect(preview.width).toBeGreaterThanOrEqual(4 + 6 * (96 + 4));
  expect(result.labels).toMatchObject({ pairs: 6, quantities: { place: { unit: 'px' } } });
});

test('a plugin by path gives the same bytes as the plugin object', async () => {
  const cwd = await temporaryFolder();
  const own = await augment({ ...options, cwd, count: 5, out: 'own' });
  const named = await augment({ ...options, cwd, count: 5, out: 'named', plugin: blobsPath, threads: 2 });
  const [files, others] = [await filesBelow(own.dir), await filesBelow(named.dir)];
  expect(Object.keys(others)).toEqual(Object.keys(files));
  const same = Object.keys(files).filter((file) => files[file] === others[file]);
  expect(same).toEqual(expect.arrayContaining(['preview.png', 'run/log.jsonl']));
  const trained = (dir: string) => loadTensors(join(dir, 'run', 'checkpoint.safetensors'));
  expect((await trained(named.dir)).tensors).toEqual((await trained(own.dir)).tensors);
  expect(await imagesOf(named)).toEqual(await imagesOf(own));
  expect(await weightsOf(named)).toEqual(await weightsOf(own));
  // The others say which plugin it was.
  for (const file of ['dataset/metadata.jsonl', 'run/run.json']) {
    const text = await readFile(join(named.dir, file), 'utf8');
    expect(text.replaceAll(blobsPath, 'blobs')).toBe(await readFile(join(own.dir, file), 'utf8'));
  }
  const { seconds: _, ...measured } = named;
  expect(measured).toMatchObject({ distances: own.distances, labels: own.labels });
});

test('Dataset objects give the same bytes as folders with the same images', async () => {
  const cwd = await temporaryFolder();
  const synthetic = simulate(plugin.simulator, { seed: 8, length: 7 });
  const real = simulate(plugin.standIn, { seed: 9, length: 6 });
  await writeDataset(join(cwd, 'synthetic'), synthetic, { plugin });
  await writeDataset(join(cwd, 'real'), real, { plugin });
  const { events, onEvent } = watch();
  const made = await augment({ ...options, cwd, synthetic, real, out: 'made', onEvent });
  const read = await augment({ ...options, cwd, synthetic: 'synthetic', real: 'real', out: 'read' });
  expect(made).toMatchObject({ count: 7, real: 'dataset' });
  expect(await imagesOf(made)).toEqual(await imagesOf(read));
  expect(await annotationTexts(made.dataset)).toEqual(await annotationTexts(read.dataset));
  expect(await weightsOf(made)).toEqual(await weightsOf(read));
  expect(made.labels).toEqual(read.labels);
  expect((await jsonLines(join(made.dataset, 'metadata.jsonl')))[0]!.simgan).toMatchObject({
    made: 'refined',
    ...{ synthetic: 'dataset', real: 'dataset', plugin: 'blobs', recipe: 'quick', seed: 1 },
  });
  expect(events.slice(1, 3)).toEqual([
    { type: 'synthetic', origin: 'dataset', count: 7, rejects: 0 },
    { type: 'real', origin: 'dataset', count: 6, rejects: 0 },
  ]);
  const again = await readDataset(made.dataset, plugin);
  expect(again.annotations).toBe('plugin');
  const few: Dataset<RealImage> = datasetOf([await real.at(0)]);
  await expect(augment({ ...options, cwd, synthetic, real: few, out: 'few' })).rejects.toMatchObject({
    code: 'NOT_ENOUGH_DATA',
    message:
      'There is 1 usable real picture in the dataset, fewer than the one batch of 4 that a training step takes. Add pictures, or train with smaller batches: `batchSize` 1.',
  });
});

test('annotations of Dataset objects are written unchanged', async () => {
  const cwd = await temporaryFolder();
  const synthetic: Dataset<Sample<unknown>> = mapDataset(
    simulate(plugin.simulator, { seed: 1, length: 4 }),
    (sample, index) => ({
      ...sample,
      id: `left/${index}`,
      annotation: { deep: [index, { text: 'ü' }], none: null },
    }),
  );
  const named = createDataset(
    4,
    (index) => synthetic.at(index),
    (index) => `left/${index}`,
  );
  const { dataset } = await augment({ ...options, cwd, synthetic: named, out: 'out' });
  const lines = await jsonLines(join(dataset, 'metadata.jsonl'));
  expect(lines.map(({ simgan }) => (simgan as { id: string }).id)).toEqual(
    [0, 1, 2, 3].map((index) => `left/${index}`),
  );
  expect(lines.map(({ simgan: _, ...line }) => line)).toEqual(
    [0, 1, 2, 3].map((index) => ({
      file_name: `images/000000${index}.png`,
      deep: [index, { text: 'ü' }],
      none: null,
    })),
  );
});

test("the recipe's corrections are applied, recorded, and stored with the refiner", async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 8);
  const run = (out: string, more: AugmentOptions) =>
    augment({ ...options, cwd, real: 'real', count: 4, out, ...more });
  const plain = await run('plain', { recipe: 'matched', match: 'none' });
  const matched = await run('matched', { recipe: 'matched' });
  const { 'matching/quantiles': quantiles, ...weights } = await weightsOf(matched);
  expect(quantiles).toHaveLength(8 * 129);
  expect(weights).not.toEqual(await weightsOf(plain));
  expect(await imagesOf(matched)).not.toEqual(await imagesOf(plain));
  expect(Object.keys(matched.distances)).toEqual(['synthetic', 'matched', 'refined', 'real']);
  for (const { simgan } of await jsonLines(join(matched.dataset, 'metadata.jsonl'))) {
    expect(simgan).toMatchObject({
      match: 'histogram:1',
      matchedTo: expect.stringMatching(/^000000\d\.png$/),
    });
  }
  // With the intensities of real pictures, matched ones are nearer to them.
  expect(matched.distances.matched!.intensity).toBeLessThan(matched.distances.synthetic!.intensity!);
});

test('a trained refiner gives the same images without its real set; the report uses the set where it exists', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 6);
  const trained = await augment({
    ...options,
    cwd,
    real: 'real',
    recipe: 'matched',
    seed: 4,
    count: 4,
    out: 'trained',
  });
  const lend = (out: string, more: AugmentOptions = {}) => {
    const { events, onEvent } = watch();
    const result = augment({ ...options, cwd, refiner: 'trained', count: 4, out, onEvent, ...more });
    return result.then((result) => ({ result, events }));
  };
  const { result, events } = await lend('lent');
  expect(await imagesOf(result)).toEqual(await imagesOf(trained));
  expect(result).toMatchObject({ run: undefined, real: join(cwd, 'real'), distances: trained.distances });
  expect((await readdir(result.dir)).sort()).toEqual([
    'README.md',
    'croissant.json',
    'dataset',
    'preview.png',
    'report.json',
    'triplets.png',
  ]);
  expect(course(events)).toEqual(['engine', 'synthetic', 'refiner', 'read', 'real', 'refine']);
  const { provenance } = await readJson(join(result.dataset, 'dataset.json'));
  expect(provenance).toMatchObject({ recipe: 'matched', match: 'histogram:1', refiner: 'trained', seed: 4 });
  // More of them begin with the same, by the file as well.
  const more = await lend('more', { count: 9, refiner: 'trained/run/refiner.safetensors' });
  expect(await imagesOf(more.result)).toMatchObject(await imagesOf(trained));
  expect(more.result.count).toBe(9);

  await rm(join(cwd, 'real'), { recursive: true });
  const alone = await lend('alone');
  expect(await imagesOf(alone.result)).toEqual(await imagesOf(trained));
  expect(alone.result.real).toBeUndefined();
  expect(Object.keys(alone.result.distances)).toEqual(['synthetic', 'matched', 'refined']);
  expect(alone.result.distances.refined).not.toHaveProperty('intensity');
  expect(alone.events).toContainEqual({
    type: 'warning',
    message: `The refiner was trained on the real pictures in ${join(cwd, 'real')}, which is not there. It has all it needs; only the report compares with nothing. To compare, pass \`real\`.`,
  });
  await writeRealPictures(join(cwd, 'others'), 3);
  const compared = await lend('compared', { real: 'others' });
  expect(await imagesOf(compared.result)).toEqual(await imagesOf(trained));
  expect(compared.result.real).toBe(join(cwd, 'others'));
  expect(compared.result.distances.real).toBeDefined();
});

test('a refiner trained on the stand-in camera is compared with the stand-in again', async () => {
  const cwd = await temporaryFolder();
  const trained = await augment({ ...options, cwd, count: 4, out: 'trained' });
  const lent = await augment({ ...options, cwd, refiner: 'trained', count: 4, out: 'lent' });
  expect(lent).toMatchObject({ real: 'stand-in', distances: trained.distances });
  const files = await filesBelow(trained.dir);
  expect((await filesBelow(lent.dir))['preview.png']).toBe(files['preview.png']);
});

test('conflicting options are reported all at once, before anything is done', async () => {
  const cwd = await temporaryFolder();
  await expect(
    augment({
      ...{ cwd, engine: wasmEngine, refiner: 'nowhere', synthetic: 'x', count: 3 },
      ...{ steps: 1, batchSize: 2, match: 'auto', features: { file: 'vgg.onnx' } },
    }),
  ).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    problems: [
      '`count` has no place beside `synthetic`: all pictures of that set are refined.',
      '`steps` has no place beside `refiner`: nothing is trained.',
      '`batchSize` has no place beside `refiner`: nothing is trained.',
      '`features` has no place beside `refiner`: nothing is trained.',
      '`match` has no place beside `refiner`: it brings its own corrections.',
    ],
  });
  await expect(augment({ cwd, count: 1, synthetic: 'x' })).rejects.toMatchObject({
    problems: [
      '`plugin` must be given: the domain, such as eyes.',
      expect.stringContaining('`count` has no place beside `synthetic`'),
    ],
  });
  const wrong: [AugmentOptions, string, string][] = [
    [{ recipe: 'quik' }, 'INVALID_ARGUMENT', 'Did you mean quick?'],
    [
      { format: 'cocoa', synthetic: 'x' },
      'INVALID_ARGUMENT',
      'does not read the format "cocoa": it has no formats of its own; every plugin reads ',
    ],
    [{ synthetic: 'nowhere' }, 'NOT_ENOUGH_DATA', 'nowhere cannot be read'],
    [{ real: 'nowhere' }, 'NOT_ENOUGH_DATA', 'nowhere cannot be read'],
    [{ match: [{ correction: 'blur', strength: 99 }] }, 'INVALID_ARGUMENT', 'the strength of blur must be'],
    [{ features: { file: 'nowhere.onnx' } }, 'INVALID_ARGUMENT', 'there is no file'],
  ];
  for (const [more, code, message] of wrong) {
    await expect(augment({ ...options, cwd, ...more }), message).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  }
  expect(await readdir(cwd)).toEqual([]);
});

test('an output folder is refused, resumed or replaced as requested; foreign files are left alone', async () => {
  const cwd = await temporaryFolder();
  const run = (more: AugmentOptions = {}) => augment({ ...options, cwd, count: 4, out: 'out', ...more });
  const { dir } = await run();
  const done = await filesBelow(dir);
  await expect(run()).rejects.toMatchObject({
    code: 'OUTPUT_EXISTS',
    message: `${dir} holds an earlier run. Resume it, replace it, or choose another folder.`,
  });
  const resumed = watch();
  expect(await run({ existing: 'resume', onEvent: resumed.onEvent })).toMatchObject({ count: 4, resumed: 4 });
  expect(resumed.events.filter(({ type }) => type === 'resume')).toEqual([
    { type: 'resume', phase: 'train', done: 6, total: 6 },
    { type: 'resume', phase: 'refine', done: 4, total: 4 },
  ]);
  expect(await filesBelow(dir)).toEqual(done);

  // Only what is missing is made: the dataset grows without another training.
  const enlarged = watch();
  expect(await run({ existing: 'resume', count: 9, onEvent: enlarged.onEvent })).toMatchObject({
    count: 9,
    resumed: 4,
  });
  expect(course(enlarged.events)).not.toContain('step');
  const fresh = await run({ existing: 'resume', count: 9, out: 'fresh' });
  expect(await filesBelow(dir)).toEqual(await filesBelow(fresh.dir));

  await expect(run({ existing: 'resume', seed: 2 })).rejects.toThrow('seed was 1 and is 2 now');
  for (const place of ['thesis.tex', 'run/thesis.tex', 'dataset/thesis.tex', 'dataset/images/thesis.tex']) {
    await writeFile(join(dir, place), 'precious');
    const before = await filesBelow(dir);
    await expect(run({ existing: 'replace' }), place).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
      message: expect.stringContaining('thesis.tex'),
    });
    expect(await filesBelow(dir)).toEqual(before);
    await rm(join(dir, place));
  }
  const before = await filesBelow(dir);
  await expect(run({ existing: 'replace', real: 'nowhere' })).rejects.toMatchObject({
    code: 'NOT_ENOUGH_DATA',
  });
  expect(await filesBelow(dir)).toEqual(before);
  await run({ existing: 'replace' });
  expect(await filesBelow(dir)).toEqual(done);
});

test.each([
  ['while it trains', (event: JobEvent) => event.type === 'step' && event.step === 3],
  [
    'within a turn of training',
    (event: JobEvent) => event.type === 'progress' && event.detail === 'update 1/3 of the turn',
  ],
  ['while it refines', (event: JobEvent) => phaseOf(event) === 'refine'],
])('an augmentation stopped %s resumes to the same bytes', async (_, isWanted) => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 5);
  const job = { ...options, cwd, real: 'real', recipe: 'matched', count: 40 };
  const whole = await augment({ ...job, out: 'whole' });
  const { events, onEvent, signal } = watch(isWanted);
  const error = await augment({ ...job, out: 'out', onEvent, signal }).catch((error) => error);
  expect(error).toBe(signal.reason);
  const hasRefined = phaseOf(events.at(-1)!) === 'refine';
  const left = Object.keys(await filesBelow(join(cwd, 'out')));
  expect(left).not.toContain('dataset/dataset.json');
  expect(left.includes('dataset/metadata.jsonl.partial')).toBe(hasRefined);

  const again = watch();
  const resumed = await augment({ ...job, out: 'out', existing: 'resume', onEvent: again.onEvent });
  expect(await filesBelow(resumed.dir)).toEqual(await filesBelow(whole.dir));
  const { seconds: _a, dir: _b, dataset: _c, preview: _d, run: _e, resumed: done, ...report } = resumed;
  expect(whole).toMatchObject(report);
  expect(done > 0).toBe(hasRefined);
  expect(done).toBeLessThan(40);
});

test('a signal that is already aborted stops the job before it writes anything', async () => {
  const cwd = await temporaryFolder();
  const signal = AbortSignal.abort(new Error('Ctrl-C'));
  await expect(augment({ ...options, cwd, count: 4, signal })).rejects.toThrow('Ctrl-C');
  expect(await readdir(cwd)).toEqual([]);
});

test('the simulator is called only for images that are written, trained on or used for planning', async () => {
  const cwd = await temporaryFolder();
  const drawn: BlobAnnotation[] = [];
  const counted = {
    ...plugin,
    async simulator(rng: Parameters<typeof plugin.simulator>[0]) {
      const sample = await plugin.simulator(rng);
      drawn.push(sample.annotation);
      return sample;
    },
  };
  const job = { ...options, plugin: counted, cwd, count: 50, steps: 1 };
  await augment({ ...job, out: 'plain' });
  // One update of the refiner and of the discriminator to warm up, two and one in the turn; a batch is made ahead.
  const { batchSize, discriminatorUpdates } = plugin.recipes.quick;
  const refinerUpdates = plugin.recipes.quick.refinerUpdates as number;
  const trained = (1 + 1 + refinerUpdates + discriminatorUpdates + 1) * batchSize;
  expect(drawn.length).toBeGreaterThanOrEqual(50);
  // The labels of a few are looked at for a class to judge by.
  const lookedAt = 8;
  expect(drawn.length).toBeLessThanOrEqual(50 + trained + lookedAt);
  const distinct = () => new Set(drawn.map(({ x, y }) => `${x} ${y}`)).size;
  expect(distinct()).toBe(drawn.length);

  drawn.length = 0;
  await augment({ ...job, out: 'planned', match: [{ correction: 'noise' }] });
  // What corrections are decided on: 96 pictures, spread over all that may be trained on.
  expect(drawn.length).toBeGreaterThan(50 + trained);
  expect(drawn.length).toBeLessThanOrEqual(50 + trained + 96 + lookedAt);
  expect(distinct()).toBe(drawn.length);
});

test('images of any size keep their size, from folders and from the simulator', async () => {
  const cwd = await temporaryFolder();
  const anySize = blobs({ anySize: true });
  await writeRealPictures(join(cwd, 'real'), 6, anySize);
  const source = simulate(anySize.simulator, { seed: 2, length: 7 });
  await writeDataset(join(cwd, 'synthetic'), source, { plugin: anySize });
  const job = { engine: wasmEngine, plugin: anySize, cwd, real: 'real', recipe: 'matched' };
  const result = await augment({ ...job, synthetic: 'synthetic', out: 'out' });
  const sizes: string[] = [];
  const refined = await readDataset(result.dataset, anySize);
  for (let i = 0; i < 7; i++) {
    const [before, after] = [await source.at(i), await refined.samples.at(i)];
    const { width, height } = after.image;
    expect([width, height]).toEqual([before.image.width, before.image.height]);
    expect(after.image.data).not.toEqual(before.image.data);
    expect(after.annotation).toEqual(before.annotation);
    sizes.push(`${width}x${height}`);
  }
  expect(new Set(sizes).size).toBeGreaterThan(2);
  expect(
    Object.values(result.distances)
      .flatMap((one) => Object.values(one))
      .every(Number.isFinite),
  ).toBe(true);
  expect((await readPicture(result.preview, { channels: 1, bits: 8 })).image.width).toBeGreaterThan(7 * 80);

  // From the simulator, stopped in between, to the same bytes.
  const whole = await augment({ ...job, count: 30, out: 'whole' });
  const { onEvent, signal } = watch((event) => phaseOf(event) === 'refine');
  await expect(augment({ ...job, count: 30, out: 'stopped', onEvent, signal })).rejects.toThrow('Ctrl-C');
  const resumed = await augment({ ...job, count: 30, out: 'stopped', existing: 'resume' });
  expect(await filesBelow(resumed.dir)).toEqual(await filesBelow(whole.dir));
  // And with the refiner that was trained on crops.
  const lent = await augment({ ...job, recipe: undefined, refiner: 'whole', count: 30, out: 'lent' });
  expect(await imagesOf(lent)).toEqual(await imagesOf(whole));

  // An image smaller than the crops is named in the error.
  const { standIn } = blobs();
  const form = { width: 6, height: 6 };
  const small: Dataset<RealImage> = mapDataset(simulate(standIn, { seed: 1, length: 4 }), (sample) => ({
    id: `small-${sample.id}`,
    image: { ...sample.image, ...form, data: new Uint8Array(36) },
  }));
  await expect(augment({ ...job, recipe: 'quick', real: small, count: 4, out: 'small' })).rejects.toThrow(
    'is 6 x 6, smaller than the training size of 12 x 10',
  );
});

test('rejects are listed with their set', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 5);
  await writeFile(join(cwd, 'real', 'broken.png'), 'x');
  await cp(join(cwd, 'real'), join(cwd, 'renders'), { recursive: true });
  const result = await augment({ ...options, cwd, synthetic: 'renders', real: 'real', out: 'out' });
  expect(result).toMatchObject({ count: 5, rejects: 2 });
  expect(await jsonLines(join(result.dataset, 'rejects.jsonl'))).toEqual(
    ['synthetic', 'real'].map((of) => ({
      file: 'broken.png',
      reason: expect.stringContaining('not a picture'),
      of,
    })),
  );
  // Pictures without labels are refined all the same; of nothing there is nothing to measure.
  expect((await jsonLines(join(result.dataset, 'metadata.jsonl'))).map((line) => Object.keys(line))).toEqual(
    Array.from({ length: 5 }, () => ['file_name', 'simgan']),
  );
});

test('the real set may be a list of files and URLs', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 5);
  const inFolder = await augment({ ...options, cwd, real: 'real', count: 4, out: 'folder' });
  const bytes = new Uint8Array(await readFile(join(cwd, 'real', '0000003.png')));
  const server = setupServer(
    http.get('https://example.test/3.png', () => HttpResponse.arrayBuffer(bytes.buffer)),
    http.get('https://example.test/gone.png', () => new HttpResponse(null, { status: 404 })),
  );
  server.listen({ onUnhandledRequest: 'error' });
  onTestFinished(() => server.close());
  const real = [
    ...['real/0000000.png', join(cwd, 'real', '0000001.png'), './real/0000002.png'],
    ...['HTTPS://example.test/3.png', 'real/0000004.png', 'https://example.test/gone.png'],
  ];
  const listed = await augment({ ...options, cwd, real, count: 4, out: 'list' });
  expect(listed).toMatchObject({ real: '6 files and URLs', rejects: 1 });
  expect(await imagesOf(listed)).toEqual(await imagesOf(inFolder));
  expect(listed.distances).toEqual(inFolder.distances);
});

test('the shift of labels is measured with the probe, or else by what is seen where they are', async () => {
  const cwd = await temporaryFolder();
  const { labels, dataset } = await augment({ ...options, cwd, count: 8, out: 'with' });
  const { samples } = await readDataset(dataset, plugin);
  const { measure, quantities } = plugin.probe;
  const { distance } = quantities.place!;
  let [moved, off] = [0, 0];
  for (let i = 0; i < 8; i++) {
    const before = await simulate(plugin.simulator, { seed: 1, length: 8 }).at(i);
    const [from, to] = [before.image, (await samples.at(i)).image].map(
      (image) => measure(image).place!.values,
    );
    moved += distance(from!, to!) / 8;
    off += distance(to!, [before.annotation.x, before.annotation.y]) / 8;
  }
  expect(labels).toMatchObject({ pairs: 8, quantities: { place: { unit: 'px', lost: 0, abstained: 0 } } });
  const { shift, toAnnotation } = labels!.quantities.place!;
  expect(moved).toBeGreaterThan(0);
  expect([shift.count, shift.mean]).toEqual([8, expect.closeTo(moved, 9)]);
  expect(toAnnotation.refined.mean).toBeCloseTo(off, 9);
  const { probe: _, ...blind } = plugin;
  const without = await augment({ ...options, plugin: blind, cwd, count: 8, out: 'without' });
  const { points } = without.labels!.quantities;
  expect(points!.shift.count + points!.abstained + points!.lost).toBe(8);
  const annotation = annotationSchema(plugin.annotation, { x: 'invariant', y: 'invariant' });
  const placeless = { ...blind, annotation };
  const nowhere = await augment({ ...options, plugin: placeless, cwd, count: 2, out: 'nowhere' });
  expect(nowhere.labels).toBeUndefined();
});

test('ids that cannot be written are refused before anything is trained', async () => {
  const cwd = await temporaryFolder();
  const samples: Sample<BlobAnnotation>[] = [];
  for await (const sample of simulate(plugin.simulator, { seed: 1, length: 6 })) samples.push(sample);
  const { events, onEvent } = watch();
  const run = (ids: readonly string[]) => {
    const synthetic = datasetOf(samples.map((sample, i) => ({ ...sample, id: ids[i] ?? `s${i}` })));
    return augment({ ...options, synthetic, cwd, out: 'out', onEvent });
  };
  await expect(run(['a', 'A'])).rejects.toThrow(
    'two samples have the id "A", or one that differs only in case',
  );
  await expect(run(['../a', 'aux'])).rejects.toThrow(
    'the id "../a" cannot name a file: it would leave its folder',
  );
  expect(course(events)).not.toContain('step');
});

test('the same folder as synthetic and as real is refused, however it is written', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'one'), 8);
  const job = augment({ ...options, cwd, synthetic: 'one', real: './one/../one/', out: 'out' });
  await expect(job).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('`synthetic` and `real` are the same folder'),
  });
});
