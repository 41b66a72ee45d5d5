import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { l1Regularizer, residualRefiner, type TrainingRecipe } from '@simgan/core';
import { expect, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs, blobsPath, writeRealPictures } from '../../test/blobs.ts';
import { filesBelow, jsonLines, readJson, temporaryFolder } from '../../test/folders.ts';
import { loadTensors } from '../weights/tensor-file.ts';
import type { JobEvent } from './events.ts';
import { openRefiner } from './open-refiner.ts';
import { type TrainRunOptions, trainRun } from './train-run.ts';

const options = { plugin: blobs(), engine: wasmEngine } satisfies TrainRunOptions;

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

const isStep = (wanted: number) => (event: JobEvent) => event.type === 'step' && event.step === wanted;

/** The values of a refiner's file, without its texts. */
async function weightsOf(dir: string): Promise<Record<string, readonly number[]>> {
  const { tensors } = await loadTensors(join(dir, 'refiner.safetensors'));
  return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, [...data]]));
}

test('a finished run has all its files, with the same bytes for the same seed', async () => {
  const cwd = await temporaryFolder();
  const first = await trainRun({ ...options, cwd });
  expect(first).toEqual({
    dir: join(cwd, 'runs', 'blobs'),
    steps: 6,
    refiner: join(cwd, 'runs', 'blobs', 'refiner.safetensors'),
  });
  const files = await filesBelow(first.dir);
  expect(Object.keys(files)).toEqual([
    'checkpoint.safetensors',
    'events.out.tfevents.simgan',
    'log.jsonl',
    'refiner.safetensors',
    'run.json',
    ...[1, 2, 3, 4, 5, 6].map((step) => `timeline/000000${step}.png`),
    'timeline/real.png',
    'timeline/synthetic.png',
    'timeline/timeline.json',
  ]);
  expect(await readJson(join(first.dir, 'run.json'))).toMatchObject({
    plugin: 'blobs',
    pluginOptions: {},
    recipe: 'quick',
    numbers: { steps: 4, batchSize: 4 },
    corrections: 'none',
    seed: 1,
    synthetic: 'simulator',
    real: 'stand-in',
  });
  const log = await jsonLines(join(first.dir, 'log.jsonl'));
  expect(log.map(({ step, steps, phase }) => [step, steps, phase])).toEqual([
    [1, 6, 'refiner warm-up'],
    [2, 6, 'discriminator warm-up'],
    ...[3, 4, 5, 6].map((step) => [step, 6, 'adversarial']),
  ]);

  const again = await trainRun({ ...options, cwd, out: 'again' });
  expect(await filesBelow(again.dir)).toEqual(files);
  const other = await trainRun({ ...options, cwd, out: 'other', seed: 2 });
  expect(await weightsOf(other.dir)).not.toEqual(await weightsOf(first.dir));
  // The engine was lent, and works on.
  const byName = await trainRun({ ...options, cwd, out: 'by-name', engine: 'wasm' });
  expect(await filesBelow(byName.dir)).toEqual(files);
});

test('events come in order and agree with the log', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 5);
  const { events, onEvent } = watch();
  const { dir } = await trainRun({ ...options, cwd, real: 'real', match: 'histogram', onEvent });
  const kinds = events.map((event) => (event.type === 'progress' ? event.phase : event.type));
  // Two updates of the refiner and one of the discriminator a turn: each but the last tells how far it is.
  const turn = ['train', 'train', 'step', 'train', 'moment'];
  expect(kinds).toEqual([
    'engine',
    'synthetic',
    ...Array.from({ length: 5 }, () => 'read'),
    'real',
    'match',
    ...['step', 'train', 'moment', 'step', 'train', 'moment'],
    ...turn,
    ...turn,
    ...turn,
    ...turn,
  ]);
  expect(events[0]).toEqual({ type: 'engine', name: 'wasm', device: 'test', passedOver: [] });
  expect(events[1]).toEqual({ type: 'synthetic', origin: 'simulator', count: 8192, rejects: 0 });
  expect(events.find(({ type }) => type === 'real')).toEqual({
    ...{ type: 'real', origin: join(cwd, 'real'), count: 5, rejects: 0, resized: 0, ignored: 0 },
  });
  expect(events.find(({ type }) => type === 'match')).toMatchObject({ text: 'histogram:1', omitted: [] });
  expect(events.at(-2)).toEqual({ type: 'progress', phase: 'train', done: 6, total: 6 });
  const steps = events.flatMap((event) => (event.type === 'step' ? [event] : []));
  const log = await jsonLines(join(dir, 'log.jsonl'));
  expect(steps.map(({ type: _, ...step }) => step)).toEqual(log);
});

test('without real images the stand-in camera is used with a warning; without either it is an error', async () => {
  const cwd = await temporaryFolder();
  const { events, onEvent } = watch();
  await trainRun({ ...options, cwd, onEvent });
  expect(events.find(({ type }) => type === 'warning')).toMatchObject({
    message: expect.stringContaining('a simulated stand-in camera plays the real one. Pass yours as `real`'),
  });
  const { standIn: _, ...blind } = blobs();
  await expect(trainRun({ ...options, cwd, out: 'blind', plugin: blind })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'The plugin blobs has no stand-in camera: pass real pictures as `real`.',
  });
  expect(Object.keys(await filesBelow(cwd)).some((file) => file.startsWith('blind'))).toBe(false);
});

test.each([
  ['between two steps', (event: JobEvent) => isStep(4)(event)],
  [
    'within a turn',
    (event: JobEvent) => event.type === 'progress' && event.detail === 'update 2/3 of the turn',
  ],
  ['in the warm-up', isStep(1)],
  ['at the last step', isStep(6)],
])('a run stopped %s resumes to the same bytes', async (_, isWanted) => {
  const cwd = await temporaryFolder();
  const real = join(cwd, 'real');
  await writeRealPictures(real, 6);
  const whole = await trainRun({ ...options, cwd, real, match: 'histogram', out: 'whole' });
  const { onEvent, signal } = watch(isWanted);
  const again = { ...options, cwd, real, match: 'histogram', out: 'out' } as const;
  const error = await trainRun({ ...again, onEvent, signal }).catch((error) => error);
  expect(error).toBe(signal.reason);
  expect(error.message).toBe('Ctrl-C');
  const dir = join(cwd, 'out');
  expect(Object.keys(await filesBelow(dir)).filter((name) => !name.startsWith('timeline/'))).toEqual([
    'checkpoint.safetensors',
    'events.out.tfevents.simgan',
    'log.jsonl',
    'run.json',
  ]);

  const resumed = watch();
  const done = await trainRun({ ...again, existing: 'resume', onEvent: resumed.onEvent });
  expect(await filesBelow(done.dir)).toEqual(await filesBelow(whole.dir));
  const logged = (await jsonLines(join(whole.dir, 'log.jsonl'))).length;
  const steps = resumed.events.filter(({ type }) => type === 'step').length;
  const before = resumed.events.find(({ type }) => type === 'resume');
  if (before?.type === 'resume') expect(before.done + steps).toBe(logged);
  expect(steps).toBeLessThan(logged);
});

test('on ONNX Runtime, which keeps variables outside tfjs, a run resumes to the same bytes', async () => {
  const cwd = await temporaryFolder();
  const onnx = { plugin: blobs(), engine: 'onnx', device: 'cpu', threads: 1, cwd } as const;
  const whole = await trainRun({ ...onnx, out: 'whole' });
  const { onEvent, signal } = watch(isStep(4));
  await expect(trainRun({ ...onnx, out: 'out', onEvent, signal })).rejects.toThrow('Ctrl-C');
  const done = await trainRun({ ...onnx, out: 'out', existing: 'resume' });
  expect(await filesBelow(done.dir)).toEqual(await filesBelow(whole.dir));
  // What is saved is what was trained.
  const { dir } = await trainRun({ ...onnx, out: 'short', steps: 0 });
  expect(await weightsOf(dir)).not.toEqual(await weightsOf(whole.dir));
});

test('after a kill, steps since the last checkpoint are repeated and logged again', async () => {
  const cwd = await temporaryFolder();
  const whole = await trainRun({ ...options, cwd, out: 'whole' });
  const { onEvent, signal } = watch(isStep(3));
  await expect(trainRun({ ...options, cwd, out: 'stopped', onEvent, signal })).rejects.toThrow('Ctrl-C');
  const log = await readFile(join(whole.dir, 'log.jsonl'), 'utf8');
  const lines = log.split('\n');
  const logs = {
    'two steps more': lines.slice(0, 5).join('\n'),
    'a line that is cut off': `${lines.slice(0, 3).join('\n')}\n{"step":4,"pha`,
    'no line more': `${lines.slice(0, 3).join('\n')}\n`,
  };
  for (const [name, text] of Object.entries(logs)) {
    const dir = join(cwd, name);
    await cp(join(cwd, 'stopped'), dir, { recursive: true });
    await writeFile(join(dir, 'log.jsonl'), text);
    await writeFile(join(dir, '.checkpoint.safetensors.tmp'), 'half');
    await trainRun({ ...options, cwd, out: name, existing: 'resume' });
    expect(await filesBelow(dir), name).toEqual(await filesBelow(whole.dir));
  }
  // A power cut may take lines of the log that the checkpoint is ahead of: what is left stays readable.
  const dir = join(cwd, 'shorter');
  await cp(join(cwd, 'stopped'), dir, { recursive: true });
  await writeFile(join(dir, 'log.jsonl'), `${lines[0]}\n`);
  await trainRun({ ...options, cwd, out: 'shorter', existing: 'resume' });
  expect(await readFile(join(dir, 'log.jsonl'), 'utf8')).toBe(
    `${[lines[0], ...lines.slice(3, 6)].join('\n')}\n`,
  );
});

test('a damaged checkpoint falls back to the previous one, which is kept until a new one is written', async ({
  skip,
}) => {
  const cwd = await temporaryFolder();
  const whole = await trainRun({ ...options, cwd, out: 'whole' });
  const dir = join(cwd, 'out');
  for (const step of [2, 4]) {
    const { onEvent, signal } = watch(isStep(step));
    const stopped = trainRun({ ...options, cwd, out: 'out', existing: 'resume', onEvent, signal });
    await expect(stopped).rejects.toThrow('Ctrl-C');
  }
  expect(Object.keys(await filesBelow(dir))).toContain('checkpoint.previous.safetensors');
  const newest = join(dir, 'checkpoint.safetensors');
  const bytes = await readFile(newest);
  bytes[bytes.length - 2]! ^= 1;
  await writeFile(newest, bytes);

  if (process.platform === 'linux') {
    // The next checkpoint cannot be written either.
    await symlink('/dev/full', join(dir, '.checkpoint.safetensors.tmp'));
    await expect(trainRun({ ...options, cwd, out: 'out', existing: 'resume' })).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringContaining('the disk is full'),
    });
    await writeFile(newest, bytes);
  }
  const { events, onEvent } = watch();
  const { refiner } = await trainRun({ ...options, cwd, out: 'out', existing: 'resume', onEvent });
  expect(events).toContainEqual({
    type: 'warning',
    message: `Cannot load weights from ${newest}. It is damaged: its checksum does not fit what it holds. Restore it from a copy. The checkpoint before it is used.`,
  });
  expect(events).toContainEqual({ type: 'resume', phase: 'train', done: 2, total: 6 });
  expect((await readFile(refiner)).equals(await readFile(whole.refiner))).toBe(true);
  if (process.platform !== 'linux') skip('only Linux has /dev/full');
});

test('a run is refused, resumed or replaced as requested; foreign files are left alone', async () => {
  const cwd = await temporaryFolder();
  const run = (more: Partial<TrainRunOptions> = {}) => trainRun({ ...options, cwd, out: 'out', ...more });
  const { dir } = await run();
  const done = await filesBelow(dir);
  await expect(run()).rejects.toMatchObject({
    code: 'OUTPUT_EXISTS',
    message: `${dir} holds an earlier run. Resume it, replace it, or choose another folder.`,
  });
  const { events, onEvent } = watch();
  expect((await run({ existing: 'resume', onEvent })).steps).toBe(6);
  expect(events).toContainEqual({ type: 'resume', phase: 'train', done: 6, total: 6 });
  expect(await filesBelow(dir)).toEqual(done);

  await expect(run({ existing: 'resume', steps: 5, seed: 2, recipe: 'wide' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `The run in ${dir} was started with other options and cannot be resumed: recipe was "quick" and is "wide" now; steps was 4 and is 5 now; seed was 1 and is 2 now. Pass the same options, or replace the run.`,
  });
  // A replacement that cannot even begin costs nothing.
  await writeRealPictures(join(cwd, 'few'), 2);
  for (const [real, code] of [
    ['nowhere', 'NOT_ENOUGH_DATA'],
    ['few', 'NOT_ENOUGH_DATA'],
  ]) {
    await expect(run({ existing: 'replace', real })).rejects.toMatchObject({ code });
  }
  expect(await filesBelow(dir)).toEqual(done);
  await writeFile(join(dir, 'thesis.tex'), 'precious');
  for (const existing of ['resume', 'replace'] as const) {
    await expect(run({ existing })).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
      message: expect.stringContaining('holds files of others (thesis.tex), which are never replaced'),
    });
  }
  await rm(join(dir, 'thesis.tex'));
  await writeFile(join(dir, '.DS_Store'), '');
  // What a kill may have left of an earlier run goes with it.
  await writeFile(join(dir, '.checkpoint.previous.safetensors.tmp'), 'half');
  expect(await filesBelow(dir)).toMatchObject(done);

  await run({ existing: 'replace', seed: 2 });
  const replaced = await filesBelow(dir);
  expect(Object.keys(replaced)).toEqual(['.DS_Store', ...Object.keys(done)]);
  expect(replaced['refiner.safetensors']).not.toBe(done['refiner.safetensors']);
  await expect(run({ out: 'out/run.json' })).rejects.toThrow('is a file. Choose another folder');
});

test('a log or refiner that cannot be written is named, and finished steps stay', async () => {
  const cwd = await temporaryFolder();
  const whole = await trainRun({ ...options, cwd, out: 'whole' });
  const { onEvent, signal } = watch(isStep(3));
  await expect(trainRun({ ...options, cwd, out: 'out', onEvent, signal })).rejects.toThrow('Ctrl-C');
  const dir = join(cwd, 'out');
  const log = await readFile(join(dir, 'log.jsonl'));
  for (const name of ['log.jsonl', 'refiner.safetensors']) {
    // A folder stands where the file has to go.
    await rm(join(dir, name), { force: true });
    await mkdir(join(dir, name, 'x'), { recursive: true });
    await expect(trainRun({ ...options, cwd, out: 'out', existing: 'resume' })).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringContaining(`Cannot write ${join(dir, name)}: `),
    });
    await rm(join(dir, name), { recursive: true });
    if (name === 'log.jsonl') await writeFile(join(dir, name), log);
  }
  await trainRun({ ...options, cwd, out: 'out', existing: 'resume' });
  expect(await filesBelow(dir)).toEqual(await filesBelow(whole.dir));
});

test('corrections are those of the recipe unless the match option overrides them', async () => {
  const cwd = await temporaryFolder();
  const run = (out: string, more: Partial<TrainRunOptions>) => trainRun({ ...options, cwd, out, ...more });
  const plain = await run('plain', { recipe: 'matched', match: 'none' });
  const byRecipe = await run('recipe', { recipe: 'matched' });
  const byOption = await run('option', { match: 'histogram' });
  expect((await readJson(join(byRecipe.dir, 'run.json'))).corrections).toBe('histogram:1');
  expect((await readJson(join(plain.dir, 'run.json'))).corrections).toBe('none');
  const { 'matching/quantiles': quantiles, ...weights } = await weightsOf(byRecipe.dir);
  expect(quantiles!.length).toBe(512 * 129);
  expect({ ...weights, 'matching/quantiles': quantiles }).toEqual(await weightsOf(byOption.dir));
  expect(weights).not.toEqual(await weightsOf(plain.dir));
});

test("numbers of the recipe may be put in place, and a recipe may be of one's own", async () => {
  const cwd = await temporaryFolder();
  const short = await trainRun({ ...options, cwd, out: 'short', steps: 1, batchSize: 2 });
  expect(short.steps).toBe(3);
  expect((await readJson(join(short.dir, 'run.json'))).numbers).toMatchObject({ steps: 1, batchSize: 2 });

  const recipe: TrainingRecipe = {
    ...blobs().recipes.quick,
    steps: 2,
    refiner: residualRefiner({ width: 2, blocks: 2 }),
    regularizer: l1Regularizer(),
  };
  const own = await trainRun({ ...options, cwd, out: 'own', recipe });
  expect(await readJson(join(own.dir, 'run.json'))).toMatchObject({
    recipe: 'custom',
    numbers: { steps: 2 },
  });
  const refiner = await openRefiner(own.dir, { ...options, recipe });
  expect(refiner.recipe).toBeUndefined();
  await refiner.dispose();
  await expect(openRefiner(own.dir, options)).rejects.toThrow('The plugin blobs has no recipe "custom"');
  await expect(trainRun({ ...options, cwd, out: 'x', recipe: 'quik' })).rejects.toThrow(
    'Did you mean quick?',
  );
  await expect(trainRun({ ...options, cwd, out: 'x', batchSize: 0 })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('batchSize must be a whole number of at least 1, not 0'),
  });
});

test('a plugin by path is recorded with its absolute path and its options', async () => {
  const cwd = await temporaryFolder();
  const pluginOptions = { brightness: 120 };
  const named = await trainRun({ ...options, cwd, out: 'a', plugin: blobsPath, pluginOptions, threads: 1 });
  expect(await readJson(join(named.dir, 'run.json'))).toMatchObject({ plugin: blobsPath, pluginOptions });
  const made = await trainRun({ ...options, cwd, out: 'b', plugin: blobs(pluginOptions) });
  expect(await weightsOf(named.dir)).toEqual(await weightsOf(made.dir));
  const other = await trainRun({ ...options, cwd, out: 'c', plugin: blobsPath, threads: 1 });
  expect(await weightsOf(named.dir)).not.toEqual(await weightsOf(other.dir));
});
