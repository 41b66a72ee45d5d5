import { appendFile, cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs } from '../../test/blobs.ts';
import { jsonLines, readJson, temporaryFolder } from '../../test/folders.ts';
import { augment } from '../jobs/augment.ts';
import { openRun } from './open-run.ts';
import { trainRun } from './train-run.ts';

const options = { plugin: blobs(), engine: wasmEngine };

test('a run opens by its folder or the augment folder, with configuration, steps and refiner', async () => {
  const cwd = await temporaryFolder();
  await augment({ ...options, cwd, count: 2, out: 'out', seed: 3, recipe: 'wide', steps: 2 });
  const dir = join(cwd, 'out', 'run');
  for (const folder of [dir, join(cwd, 'out')]) {
    const run = await openRun(folder);
    expect(run).toMatchObject({ dir, isDone: true });
    expect(run.config).toEqual(await readJson(join(dir, 'run.json')));
    expect(run.config).toMatchObject({ plugin: 'blobs', recipe: 'wide', numbers: { steps: 2 }, seed: 3 });
    const steps = await run.steps();
    expect(steps).toEqual(await jsonLines(join(dir, 'log.jsonl')));
    expect(steps.map(({ step, phase }) => `${step} ${phase}`)).toEqual([
      '1 refiner warm-up',
      '2 discriminator warm-up',
      '3 adversarial',
      '4 adversarial',
    ]);
    const refiner = await run.openRefiner(options);
    const sample = await simulate(options.plugin.simulator, { seed: 3, length: 1 }).at(0);
    expect((await refiner.refine(sample)).annotation).toEqual(sample.annotation);
    expect(refiner).toMatchObject({ recipe: 'wide', seed: 3 });
    await refiner.dispose();
  }
});

test('a stopped run is not done; its steps are the complete lines of the log', async () => {
  const cwd = await temporaryFolder();
  const controller = new AbortController();
  const stopped = trainRun({
    ...options,
    ...{ cwd, out: 'out', signal: controller.signal },
    onEvent: (event) => event.type === 'step' && event.step === 3 && controller.abort(new Error('Ctrl-C')),
  });
  await expect(stopped).rejects.toThrow('Ctrl-C');
  const dir = join(cwd, 'out');
  const run = await openRun(dir);
  expect(run.isDone).toBe(false);
  expect((await run.steps()).length).toBe(3);
  await appendFile(join(dir, 'log.jsonl'), '{"step":4,"ph');
  expect((await run.steps()).map(({ step }) => step)).toEqual([1, 2, 3]);
  for (const line of ['{"step":4,"ph', 'null', '5', '"x"', '{"step":-1}']) {
    await writeFile(join(dir, 'log.jsonl'), `${line}\n`);
    await expect(run.steps(), line).rejects.toMatchObject({
      code: 'INVALID_FILE',
      message: expect.stringContaining('log.jsonl, line 1 is not a step of a training. '),
    });
  }
  await rm(join(dir, 'log.jsonl'));
  expect(await run.steps()).toEqual([]);
  const refiner = await run.openRefiner(options);
  expect(refiner.step).toBe(3);
  await refiner.dispose();
});

test('a folder without a run and a damaged run are reported', async () => {
  const cwd = await temporaryFolder();
  await expect(openRun(cwd)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `${cwd} is no run: it has no run.json. Pass the folder that a training wrote.`,
  });
  await expect(openRun(join(cwd, 'nowhere'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  const { dir } = await trainRun({ ...options, cwd, out: 'out', steps: 0 });
  await cp(dir, join(cwd, 'around', 'run'), { recursive: true });
  await writeFile(join(cwd, 'around', 'run', 'run.json'), '{"plugin":');
  await expect(openRun(join(cwd, 'around'))).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining(
      `${join(cwd, 'around', 'run', 'run.json')} is not the configuration of a run`,
    ),
  });
});
