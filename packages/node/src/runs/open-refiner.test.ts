import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Plugin, type RealImage, type Sample, simulate, writeSafetensors } from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { type BlobAnnotation, blobs, blobsPath, writeRealPictures } from '../../test/blobs.ts';
import { makeFolder, temporaryFolder, writeFiles } from '../../test/folders.ts';
import { augment } from '../jobs/augment.ts';
import { readPicture } from '../pictures/decode-picture.ts';
import { loadTensors, saveTensors } from '../weights/tensor-file.ts';
import type { JobEvent } from './events.ts';
import { openRefiner } from './open-refiner.ts';
import type { RunConfig } from './run-config.ts';
import { trainRun } from './train-run.ts';

const plugin = blobs();
const COUNT = 6;
const lent = { plugin, engine: wasmEngine };

/** A run with noise and histograms of real pictures, which are no longer there. */
let root: string;
let augmented: string;
let file: string;
let samples: Sample<BlobAnnotation>[];
/** What the run wrote, picture by picture. */
let refined: RealImage[];

beforeAll(async () => {
  root = await makeFolder();
  augmented = join(root, 'augmented');
  file = join(augmented, 'run', 'refiner.safetensors');
  await writeRealPictures(join(root, 'real'), 9);
  const real = join(root, 'real');
  await augment({
    ...lent,
    recipe: 'noisy',
    match: 'histogram',
    real,
    seed: 5,
    count: COUNT,
    out: augmented,
  });
  await rm(real, { recursive: true });
  samples = await all(simulate(plugin.simulator, { seed: 5, length: COUNT }));
  refined = await Promise.all(
    samples.map(async ({ id }) => {
      const { image } = await readPicture(join(augmented, 'dataset', 'images', `${id}.png`), plugin.image);
      return { id, image };
    }),
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

const pictures = (items: readonly RealImage[]) => items.map(({ id, image }) => ({ id, image }));

/** The trained refiner with another configuration in its file. */
async function fileOf(config: Partial<RunConfig>): Promise<string> {
  const { tensors, metadata } = await loadTensors(file);
  const run = JSON.stringify({ ...JSON.parse(metadata.run!), ...config });
  const copy = join(await temporaryFolder(), 'refiner.safetensors');
  await saveTensors(copy, { tensors, metadata: { ...metadata, run } });
  return copy;
}

/** An engine that counts what is compiled and whether it was disposed. */
function spiedEngine() {
  const seen = { compiled: 0, freed: 0, disposed: 0 };
  const engine: Engine = {
    ...wasmEngine,
    compile(step, options) {
      seen.compiled++;
      const compiled = wasmEngine.compile(step, options);
      return {
        run: (inputs) => compiled.run(inputs),
        async dispose() {
          seen.freed++;
          await compiled.dispose();
        },
      };
    },
    async dispose() {
      seen.disposed++;
    },
  };
  return { engine, seen };
}

test('a run folder, an augment folder, a file and a URL all give the images that the run wrote', async () => {
  const url = 'https://example.test/refiner.safetensors';
  const bytes = new Uint8Array(await readFile(file));
  const server = setupServer(http.get(url, () => HttpResponse.arrayBuffer(bytes.buffer)));
  server.listen({ onUnhandledRequest: 'error' });
  onTestFinished(() => server.close());
  const origins = { [join(augmented, 'run')]: file, [augmented]: file, [file]: file, [url]: url };
  for (const [source, origin] of Object.entries(origins)) {
    const events: JobEvent[] = [];
    const refiner = await openRefiner(source, { ...lent, onEvent: (event) => events.push(event) });
    expect(pictures(await refiner.refine(samples)), source).toEqual(refined);
    expect(refiner).toMatchObject({ origin, recipe: 'noisy', seed: 5, plugin, engine: wasmEngine });
    expect(refiner.config).toMatchObject({
      plugin: 'blobs',
      real: join(root, 'real'),
      corrections: 'histogram:1',
    });
    expect(events.map(({ type }) => type)).toEqual(['engine', 'refiner']);
    expect(events[1]).toEqual({ type: 'refiner', origin: source, recipe: 'noisy' });
    await refiner.dispose();
  }
  const refiner = await openRefiner('augmented', { ...lent, cwd: root });
  expect(refiner.origin).toBe(file);
  await refiner.dispose();
});

test('one compiled program serves images, samples, lists and streams concurrently', async () => {
  const { engine, seen } = spiedEngine();
  const refiner = await openRefiner(file, { plugin, engine, batchSize: 4 });
  expect(seen.compiled).toBe(0);
  const single = await Promise.all(samples.map((sample) => refiner.refine(sample)));
  expect(pictures(single)).toEqual(refined);
  expect(single.map(({ annotation }) => annotation)).toEqual(samples.map(({ annotation }) => annotation));
  expect(pictures(await all(refiner.refine(samples.values())))).toEqual(refined);
  const bare = await refiner.refine(samples[2]!.image);
  expect(bare).toMatchObject({ width: 12, height: 10, channels: 1, bits: 8 });
  expect(bare.data).not.toEqual(samples[2]!.image.data);
  expect(await refiner.refine([samples[2]!.image])).toEqual([bare]);
  expect(seen).toEqual({ compiled: 1, freed: 0, disposed: 0 });
  await refiner.dispose();
  // The engine was lent.
  expect(seen).toEqual({ compiled: 1, freed: 1, disposed: 0 });
});

test('an engine by name and a plugin by path give the same images', async () => {
  const byName = await openRefiner(file, { plugin: blobsPath, engine: 'wasm' });
  expect(byName.engine.name).toBe('wasm');
  expect(pictures(await byName.refine(samples))).toEqual(refined);
  await byName.dispose();
});

test('seed and recipe of the run can be overridden', async () => {
  const other = await openRefiner(file, { ...lent, seed: 6 });
  expect(other.seed).toBe(6);
  expect(pictures(await other.refine(samples))).not.toEqual(refined);
  await other.dispose();
  const same = await openRefiner(file, { ...lent, recipe: plugin.recipes.noisy });
  expect(pictures(await same.refine(samples))).toEqual(refined);
  await same.dispose();
  const differences = openRefiner(file, { ...lent, recipe: 'wide' });
  await expect(differences).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringMatching(
      /^The weights in .* are not of this network:\n {2}stem\/kernel is \[.*\] in the file and \[.*\] in the network/,
    ),
  });
});

test('the plugin gets the options of the run, unless they are overridden', async () => {
  const cwd = await temporaryFolder();
  const started = { plugin: blobsPath, pluginOptions: { anySize: true, brightness: 99 }, threads: 1 };
  const { dir } = await trainRun({ ...started, engine: wasmEngine, cwd, out: 'run' });
  const refiner = await openRefiner(dir, { engine: wasmEngine, plugin: blobsPath });
  expect(refiner.plugin.image).toEqual({ channels: 1, bits: 8 });
  await refiner.dispose();
  const pluginOptions = { anySize: false };
  const sized = await openRefiner(dir, { engine: wasmEngine, plugin: blobsPath, pluginOptions });
  expect(sized.plugin.image).toMatchObject({ width: 12 });
  await sized.dispose();
  await expect(
    openRefiner(dir, { engine: wasmEngine, plugin: blobsPath, pluginOptions: { brighness: 1 } }),
  ).rejects.toThrow('Did you mean brightness?');
});

test('a file may name an installed package, which is then loaded', async () => {
  const cwd = await temporaryFolder();
  // Packages are loaded by Node itself, which cannot load the plugin's TypeScript: this one is handed over.
  (globalThis as { blobsForTest?: Plugin }).blobsForTest = plugin;
  onTestFinished(() => {
    delete (globalThis as { blobsForTest?: Plugin }).blobsForTest;
  });
  await writeFiles(cwd, {
    'node_modules/simgan-plugin-blobs/package.json':
      '{ "name": "simgan-plugin-blobs", "type": "module", "exports": "./index.js" }',
    'node_modules/simgan-plugin-blobs/index.js': 'export default () => globalThis.blobsForTest;',
  });
  const refiner = await openRefiner(file, { engine: wasmEngine, cwd });
  expect(refiner.plugin).toBe(plugin);
  expect(pictures(await refiner.refine(samples))).toEqual(refined);
  await refiner.dispose();
  await expect(openRefiner(file, { engine: wasmEngine, cwd: root })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('There is no plugin "blobs"'),
  });
});

test('a path or URL that a file names as its plugin is never loaded', async () => {
  const cwd = await temporaryFolder();
  const code = 'globalThis.wasLoaded = 1; export default () => ({})';
  await writeFiles(cwd, {
    'evil.mjs': code,
    'evil/package.json': '{"name":"evil","exports":"./evil.mjs"}',
    'evil/evil.mjs': code,
  });
  const names = [
    join(cwd, 'evil.mjs'),
    './evil.mjs',
    'evil.mjs',
    './evil',
    '../evil',
    '.',
    join(cwd, 'evil'),
    pathToFileURL(join(cwd, 'evil.mjs')).href,
    ` ${pathToFileURL(join(cwd, 'evil.mjs')).href}`,
    `data:text/javascript,${code}`,
    ` data:text/javascript,${code}`,
    'https://example.test/evil.mjs?x',
    blobsPath,
    '',
  ];
  for (const name of names) {
    const origin = await fileOf({ plugin: name });
    await expect(openRefiner(origin, { engine: wasmEngine, cwd }), name).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `The refiner ${origin} names the plugin ${JSON.stringify(name)}, which is not the name of a package, and code is not loaded because a file says so. If you trust it, pass it as \`plugin\`.`,
    });
  }
  expect(globalThis).not.toHaveProperty('wasLoaded');
  const origin = await fileOf({ plugin: blobsPath });
  const trusted = await openRefiner(origin, { engine: wasmEngine, plugin: blobsPath });
  expect(pictures(await trusted.refine(samples))).toEqual(refined);
  await trusted.dispose();
});

test('weights of other programs need a plugin, and use its default recipe', async () => {
  const cwd = await temporaryFolder();
  const { dir } = await trainRun({ ...lent, cwd, out: 'run' });
  const { tensors } = await loadTensors(join(dir, 'refiner.safetensors'));
  const foreign = join(cwd, 'foreign.safetensors');
  await writeFile(foreign, writeSafetensors({ tensors, metadata: { by: 'someone' } }));
  await expect(openRefiner(foreign, { engine: wasmEngine })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `The refiner ${foreign} does not say which plugin it is of: pass it as \`plugin\`.`,
  });
  const refiner = await openRefiner(foreign, lent);
  expect(refiner).toMatchObject({ config: undefined, recipe: 'quick', seed: 0 });
  const own = await openRefiner(dir, lent);
  expect(await refiner.refine(samples)).toEqual(await own.refine(samples));
  await refiner.dispose();
  await own.dispose();
});

test('the checkpoint of a run is its refiner, averaged and corrected as the finished one', async () => {
  const cwd = await temporaryFolder();
  for (const averaging of [0, 0.5]) {
    const out = `averaging-${averaging}`;
    const recipe = { ...plugin.recipes.noisy!, match: 'histogram' as const, averaging };
    const { dir } = await trainRun({ ...lent, cwd, recipe, seed: 5, out });
    const open = (source: string, events: JobEvent[] = []) =>
      openRefiner(source, { ...lent, recipe, onEvent: (event) => events.push(event) });
    const finished = await open(dir);
    expect(finished.step).toBeUndefined();
    const expected = pictures(await finished.refine(samples));
    await finished.dispose();
    const checkpoint = join(dir, 'checkpoint.safetensors');
    await rm(join(dir, 'refiner.safetensors'));
    for (const source of [checkpoint, dir]) {
      const events: JobEvent[] = [];
      const refiner = await open(source, events);
      expect(refiner).toMatchObject({ origin: checkpoint, step: 6, seed: 5 });
      expect(pictures(await refiner.refine(samples))).toEqual(expected);
      expect(events.find(({ type }) => type === 'warning')).toMatchObject({
        message: expect.stringContaining(
          `${checkpoint} is a checkpoint, and its refiner of step 6 of 6 is used`,
        ),
      });
      await refiner.dispose();
    }
    const { tensors, metadata } = await loadTensors(checkpoint);
    const { run: _, ...older } = metadata;
    await saveTensors(checkpoint, { tensors, metadata: older });
    await expect(open(dir)).rejects.toThrow('is a checkpoint without the corrections of its run');
  }
});

test('anything that is not a refiner is reported as what it is', async () => {
  const cwd = await temporaryFolder();
  await cp(join(augmented, 'run'), join(cwd, 'unfinished'), { recursive: true });
  for (const name of ['refiner', 'checkpoint']) await rm(join(cwd, 'unfinished', `${name}.safetensors`));
  await writeFiles(cwd, {
    text: 'no weights at all',
    'folder/x': '',
    cut: (await readFile(file)).subarray(0, -9),
  });
  const cases = {
    nowhere: ['INVALID_ARGUMENT', `There is no refiner ${join(cwd, 'nowhere')}. Pass a run's folder`],
    folder: ['INVALID_ARGUMENT', `${join(cwd, 'folder')} is no run: it has no run.json.`],
    unfinished: ['INVALID_ARGUMENT', `The run in ${join(cwd, 'unfinished')} has no checkpoint yet`],
    text: ['INVALID_FILE', `Cannot load weights from ${join(cwd, 'text')}. This is not a valid safetensors`],
    cut: ['INVALID_FILE', `Cannot load weights from ${join(cwd, 'cut')}. `],
  } as const;
  for (const [source, [code, message]] of Object.entries(cases)) {
    await expect(openRefiner(source, { ...lent, cwd }), source).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  }
  const { tensors, metadata } = await loadTensors(file);
  const broken: Record<string, Record<string, string>> = {
    'is not the configuration of a run': { ...metadata, run: '{' },
    'The corrections of light that the refiner was trained with are damaged': { ...metadata, matching: '{}' },
  };
  for (const [message, texts] of Object.entries(broken)) {
    await saveTensors(join(cwd, 'broken'), { tensors, metadata: texts });
    await expect(openRefiner('broken', { ...lent, cwd })).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining(message),
    });
  }
});

test("a refiner that fails to open leaks nothing and keeps the caller's engine", async () => {
  const { engine, seen } = spiedEngine();
  await expect(openRefiner(file, { plugin, engine, recipe: 'wide' })).rejects.toThrow('not of this network');
  await expect(openRefiner(file, { plugin, engine: 'wasm', recipe: 'wide' })).rejects.toThrow(
    'not of this network',
  );
  expect(seen).toEqual({ compiled: 0, freed: 0, disposed: 0 });
});
