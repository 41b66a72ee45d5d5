import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { datasetOf, residualRefiner, type TrainingRecipe } from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import { expect, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobPlace } from '../../test/blob-place.ts';
import { blobs } from '../../test/blobs.ts';
import { filesBelow, jsonLines, readJson, temporaryFolder } from '../../test/folders.ts';
import { loadTensors } from '../weights/tensor-file.ts';
import type { JobEvent } from './events.ts';
import { holdOut } from './steering.ts';
import { readTimeline } from './timeline-file.ts';
import { trainRun } from './train-run.ts';

const plugin = blobs();

const steered: TrainingRecipe = {
  ...plugin.recipes.quick!,
  steps: 12,
  refinerUpdates: 1,
  refiner: residualRefiner({ width: 4, blocks: 1, output: 'residual' }),
  averaging: 0.5,
  learningRate: 0.05,
  steering: { every: 3, least: 3, patience: 20, pictures: 16, labelShift: 50 },
};

async function setUp(changes: Partial<TrainingRecipe> = {}) {
  const cwd = await temporaryFolder();
  const options = { plugin, engine: wasmEngine as Engine, cwd, recipe: { ...steered, ...changes } };
  return { cwd, options };
}

const weightsOf = async (file: string) => {
  const { tensors } = await loadTensors(file);
  return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, [...data]]));
};

test('a run is looked at every few turns, and its best refiner is the one to use', async () => {
  const { options } = await setUp();
  const events: JobEvent[] = [];
  const { dir } = await trainRun({ ...options, out: 'run', onEvent: (event) => events.push(event) });
  const looks = await jsonLines(join(dir, 'looks.jsonl'));
  expect(looks.map(({ step }) => step)).toEqual([5, 8, 11, 14]);
  expect(events.filter(({ type }) => type === 'look')).toHaveLength(4);
  // The timeline keeps what was looked at, between looks too where they are few.
  const { moments } = (await readTimeline(join(dir, 'timeline')))!;
  expect(moments).toHaveLength(14);
  for (const { step, moved, labels } of looks) {
    const { change, labels: shifts } = moments.find((moment) => moment.step === step)!;
    expect(change).toBe(moved);
    expect(shifts.place!.count + shifts.place!.lost).toBe((labels as { found: number }).found);
  }
  const often = { ...options.recipe, steps: 30, steering: { ...steered.steering!, patience: 40 } };
  const longer = await trainRun({ ...options, recipe: often, out: 'longer' });
  expect((await readTimeline(join(longer.dir, 'timeline')))!.moments.map(({ step }) => step)).toEqual(
    (await jsonLines(join(longer.dir, 'looks.jsonl'))).map(({ step }) => step),
  );
  const outcome = await readJson(join(dir, 'outcome.json'));
  expect(outcome).toMatchObject({ steps: 14, ended: 'all steps of the recipe are done' });
  const smoothed = looks.map((_, n) => {
    const last = looks.slice(Math.max(0, n - 2), n + 1).map((look) => look.distance as number);
    return last.sort((a, b) => a - b)[Math.floor(last.length / 2)]!;
  });
  expect(looks.map(({ step }) => step)).toContain(outcome.best);
  expect(Math.min(...smoothed)).toBeLessThan(smoothed.at(0)! + 1e-9);
  expect(await weightsOf(join(dir, 'refiner.safetensors'))).toEqual(
    await weightsOf(join(dir, 'best.safetensors')),
  );
  expect(Object.keys(await filesBelow(dir))).not.toContain('steady.safetensors');
});

test('the best refiner takes the place of a last one that is worse', async () => {
  const steering = { every: 3, least: 30, pictures: 16, labelShift: 0.5 };
  const { options } = await setUp({ learningRate: 0.2, lambda: 0, averaging: 0, steering });
  const { dir, steps } = await trainRun({ ...options, out: 'run' });
  expect(steps).toBe(14);
  expect(await readJson(join(dir, 'outcome.json'))).toMatchObject({ steps: 14, best: 5 });
  const [first, , , last] = (await jsonLines(join(dir, 'looks.jsonl'))).map(({ labels }) => labels);
  expect(first).toMatchObject({ median: 0 });
  expect((last as { median: number }).median).toBeGreaterThan(5);
  // It is the refiner that a run of only so many steps ends with.
  const short = await trainRun({ ...options, recipe: { ...options.recipe, steps: 3 }, out: 'short' });
  expect(await weightsOf(join(dir, 'refiner.safetensors'))).toEqual(
    await weightsOf(join(short.dir, 'refiner.safetensors')),
  );
});

test('a run ends early, saying why, and stays ended when it is resumed', async () => {
  const { options } = await setUp({
    steps: 60,
    learningRate: 1e-7,
    steering: { ...steered.steering!, patience: 2 },
  });
  const { dir, steps } = await trainRun({ ...options, out: 'run' });
  expect(steps).toBe(11);
  expect(await readJson(join(dir, 'outcome.json'))).toMatchObject({
    steps: 11,
    ended: 'the distance to real pictures has not fallen by 5% in 2 looks',
  });
  const files = await filesBelow(dir);
  const resumed = await trainRun({ ...options, out: 'run', existing: 'resume' });
  expect(resumed.steps).toBe(11);
  expect(await filesBelow(dir)).toEqual(files);
});

test.each([5, 7, 8, 14])('a run that is stopped at step %i resumes to the same bytes', async (stop) => {
  const { cwd, options } = await setUp();
  const whole = await trainRun({ ...options, out: 'whole' });
  const controller = new AbortController();
  const onEvent = (event: JobEvent) => {
    if (event.type === 'step' && event.step === stop) controller.abort(new Error('Ctrl-C'));
  };
  await expect(trainRun({ ...options, out: 'out', onEvent, signal: controller.signal })).rejects.toThrow(
    'Ctrl-C',
  );
  await trainRun({ ...options, out: 'out', existing: 'resume' });
  expect(await filesBelow(join(cwd, 'out'))).toEqual(await filesBelow(whole.dir));
});

test('a look that a kill cut off is done again', async () => {
  const { cwd, options } = await setUp();
  const whole = await trainRun({ ...options, out: 'whole' });
  const controller = new AbortController();
  const onEvent = (event: JobEvent) => {
    if (event.type === 'step' && event.step === 7) controller.abort(new Error('Ctrl-C'));
  };
  await trainRun({ ...options, out: 'out', onEvent, signal: controller.signal }).catch(() => {});
  // The looks and the best refiner of a process that came further than its last checkpoint.
  for (const name of ['looks.jsonl', 'best.safetensors', 'log.jsonl']) {
    await cp(join(whole.dir, name), join(cwd, 'out', name));
  }
  await trainRun({ ...options, out: 'out', existing: 'resume' });
  expect(await filesBelow(join(cwd, 'out'))).toEqual(await filesBelow(whole.dir));
});

/** An engine whose losses are no numbers in some runs of the refiner's step, as those of a diverging training. */
function diverging(isDiverging: (run: number) => boolean): Engine {
  let runs = 0;
  return {
    ...wasmEngine,
    compile(step, compileOptions) {
      const compiled = wasmEngine.compile(step, compileOptions);
      return {
        ...compiled,
        async run(inputs) {
          const outputs = await compiled.run(inputs);
          if ('adversarial' in outputs && isDiverging(++runs)) {
            return { ...outputs, loss: { data: Float32Array.of(Number.NaN), shape: [] } };
          }
          return outputs;
        },
      };
    },
  };
}

test('a training that diverges goes back to the last look, once, with half the learning rate', async () => {
  const { options } = await setUp();
  const warnings: string[] = [];
  const onEvent = (event: JobEvent) => event.type === 'warning' && warnings.push(event.message);
  const { dir, steps } = await trainRun({
    ...options,
    engine: diverging((run) => run === 8),
    out: 'run',
    onEvent,
  });
  expect(steps).toBe(14);
  expect(warnings).toContain(
    'Training diverged at step 9. It goes on from step 8 with half the learning rate, 0.025.',
  );
  const log = await jsonLines(join(dir, 'log.jsonl'));
  expect(log.map(({ step }) => step)).toEqual(Array.from({ length: 14 }, (_, i) => i + 1));
  expect((await jsonLines(join(dir, 'looks.jsonl'))).map(({ step }) => step)).toEqual([5, 8, 11, 14]);

  const again = await setUp();
  await expect(
    trainRun({ ...again.options, engine: diverging((run) => run >= 8), out: 'run' }),
  ).rejects.toMatchObject({ code: 'TRAINING_DIVERGED' });
});

test('the same pictures are held out for the same seed, and none where there are too few', () => {
  const pictures = (length: number) =>
    datasetOf(Array.from({ length }, (_, i) => ({ id: `p${i}`, image: undefined! })));
  const idsOf = (set: { length: number; id(n: number): string } | undefined) =>
    Array.from({ length: set?.length ?? 0 }, (_, n) => set!.id(n));
  const { trained, heldOut } = holdOut(pictures(200), 16, 1);
  expect([trained.length, heldOut!.length]).toEqual([175, 25]);
  expect(new Set([...idsOf(trained), ...idsOf(heldOut)]).size).toBe(200);
  expect(idsOf(holdOut(pictures(200), 16, 1).heldOut)).toEqual(idsOf(heldOut));
  expect(idsOf(holdOut(pictures(200), 16, 2).heldOut)).not.toEqual(idsOf(heldOut));
  expect(holdOut(pictures(90), 16, 1).heldOut).toBeUndefined();
  expect(holdOut(pictures(130), 120, 1).heldOut).toBeUndefined();
  expect(holdOut(pictures(90_000), 16, 1).heldOut!.length).toBe(256);
});

test('a damaged log of looks is named', async () => {
  const { options, cwd } = await setUp();
  const controller = new AbortController();
  const onEvent = (event: JobEvent) => {
    if (event.type === 'step' && event.step === 9) controller.abort(new Error('Ctrl-C'));
  };
  await trainRun({ ...options, out: 'out', onEvent, signal: controller.signal }).catch(() => {});
  const file = join(cwd, 'out', 'looks.jsonl');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('"moved"', '"loved"'));
  await expect(trainRun({ ...options, out: 'out', existing: 'resume' })).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringMatching(/looks.jsonl, line 1 is not a look at a training. moved: /),
  });
});

test('use is judged at every so many looks, by the same figures after a stop', async () => {
  const use = { every: 2, pictures: 40, steps: 4 };
  const { options } = await setUp({ steering: { ...steered.steering!, use } });
  const judged = { ...options, plugin: { ...plugin, estimator: blobPlace } };
  const events: JobEvent[] = [];
  const whole = await trainRun({ ...judged, out: 'whole', onEvent: (event) => events.push(event) });
  const looks = await jsonLines(join(whole.dir, 'looks.jsonl'));
  expect(looks.map((look) => 'use' in look)).toEqual([false, true, false, true]);
  expect(looks[1]!.use).toMatchObject({ raw: (looks[3]!.use as { raw: number }).raw });
  const { timeShares } = events.find((event) => event.type === 'outcome')!;
  expect(timeShares.use).toBeGreaterThan(0);
  expect(timeShares.looks + timeShares.use).toBeLessThan(1);

  const controller = new AbortController();
  const onEvent = (event: JobEvent) => {
    if (event.type === 'step' && event.step === 10) controller.abort(new Error('Ctrl-C'));
  };
  await trainRun({ ...judged, out: 'out', onEvent, signal: controller.signal }).catch(() => {});
  const { dir } = await trainRun({ ...judged, out: 'out', existing: 'resume' });
  expect(await filesBelow(dir)).toEqual(await filesBelow(whole.dir));

  const off = { ...judged.recipe, steering: { ...steered.steering!, use: false as const } };
  const without = await trainRun({ ...judged, recipe: off, out: 'without' });
  expect((await jsonLines(join(without.dir, 'looks.jsonl'))).some((look) => 'use' in look)).toBe(false);
});
