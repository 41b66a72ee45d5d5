import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mapDataset, simulate } from '@simgan/core';
import { afterAll, expect, test } from 'vitest';
import type { BarAnnotation } from '../../../core/test/bars.ts';
import { barsTask } from '../../test/bars.ts';
import { blobs } from '../../test/blobs.ts';
import { filesBelow, jsonLines, readJson, temporaryFolder } from '../../test/folders.ts';
import { readDataset } from '../datasets/read-dataset.ts';
import { createEngine } from '../engines/engines.ts';
import type { JobEvent } from '../runs/events.ts';
import { augment } from './augment.ts';
import { simulateDataset } from './simulate-dataset.ts';

const task = barsTask();

// Compiled, since judging takes a dozen small trainings.
const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
afterAll(() => engine.dispose());

test('without options, what a comparison recommends is done, and why is said; a resumed job judges nothing anew', async () => {
  const cwd = await temporaryFolder();
  const job = { ...task, cwd, engine };
  const whole = await augment({ ...job, out: 'whole' });
  expect(whole.treatment).toMatchObject({ treat: 'randomized', chosen: 'judged' });
  expect(await readJson(join(whole.dir, 'treatment.json'))).toEqual(whole.treatment);
  const lines = await jsonLines(join(whole.dataset, 'metadata.jsonl'));
  expect(lines[0]).toMatchObject({
    simgan: { made: 'treated', treatment: 'randomized', because: whole.treatment.reason },
  });
  expect(Object.keys(whole.distances)).toEqual(['synthetic', 'treated', 'real']);

  // Interrupted after the decision, while pictures are written.
  const controller = new AbortController();
  const events: JobEvent[] = [];
  const onEvent = (event: JobEvent) => {
    events.push(event);
    const isWriting = event.type === 'progress' && event.phase === 'refine';
    if (isWriting && event.done > 20) controller.abort(new Error('Ctrl-C'));
  };
  await expect(augment({ ...job, out: 'parts', onEvent, signal: controller.signal })).rejects.toThrow(
    'Ctrl-C',
  );
  expect(events.some((event) => event.type === 'rung' && event.name === 'randomized' && event.taken)).toBe(
    true,
  );
  const rest: JobEvent[] = [];
  const resumed = await augment({
    ...job,
    out: 'parts',
    existing: 'resume',
    onEvent: (event) => rest.push(event),
  });
  expect(resumed.resumed).toBeGreaterThan(0);
  expect(rest.some((event) => event.type === 'progress' && event.phase === 'judge')).toBe(false);
  expect(await filesBelow(join(resumed.dir, 'dataset'))).toEqual(
    await filesBelow(join(whole.dir, 'dataset')),
  );
  await expect(augment({ ...job, out: 'parts', existing: 'resume', treat: 'raw' })).rejects.toThrow(
    'was started with the treatment randomized (judged) and would now get raw (by hand)',
  );
});

test('treatments are named by hand: raw changes nothing, moved content takes its labels along', async () => {
  const cwd = await temporaryFolder();
  const job = { plugin: task.plugin, cwd, engine, count: 12 };
  const raw = await augment({ ...job, out: 'raw', treat: 'raw' });
  const simulated = await simulateDataset({ plugin: task.plugin, cwd, count: 12, out: 'simulated' });
  expect(await filesBelow(join(raw.dataset, 'images'))).toEqual(
    await filesBelow(join(simulated.dir, 'images')),
  );
  expect(raw).toMatchObject({
    run: undefined,
    labels: undefined,
    treatment: { treat: 'raw', chosen: 'by hand' },
  });

  const moving = { ...task.plugin, randomization: { shift: 0.2, noise: 0 } };
  const moved = await augment({ ...job, plugin: moving, out: 'moved', treat: ['randomized'] });
  const before = (await readDataset(raw.dataset, task.plugin)).samples;
  const after = (await readDataset(moved.dataset, task.plugin)).samples;
  let changed = 0;
  for (let index = 0; index < 12; index++) {
    const [one, other] = [await before.at(index), await after.at(index)];
    const [from, to] = [one.annotation as BarAnnotation, other.annotation as BarAnnotation];
    expect(to.way).toBe(from.way);
    changed += Math.hypot(to.at[0] - from.at[0], to.at[1] - from.at[1]);
  }
  expect(changed / 12).toBeGreaterThan(0.5);

  const refined = await augment({ ...job, out: 'refined', treat: ['randomized', 'refined'] });
  expect(refined.run).toBe(join(refined.dir, 'run'));
  expect(refined.treatment.treat).toBe('randomized,refined');
  // Options of training ask for a refiner.
  const steps = await augment({ ...job, out: 'steps', steps: 2 });
  expect(steps.treatment).toMatchObject({
    treat: 'refined',
    chosen: 'by hand',
    reason: 'Asked for by steps.',
  });
});

test('a refiner that learned from framed pictures frames others as well', async () => {
  const cwd = await temporaryFolder();
  const strokes = barsTask({ scale: 0.6 });
  const job = { ...strokes, cwd, engine };
  const trained = await augment({ ...job, out: 'trained', treat: ['framed', 'refined'] });
  const config = await readJson(join(trained.run!, 'run.json'));
  expect(config).toMatchObject({ framing: { ground: expect.any(Number) } });
  const again = await augment({ ...job, out: 'again', refiner: join(trained.dir, 'run') });
  expect(await filesBelow(join(again.dataset, 'images'))).toEqual(
    await filesBelow(join(trained.dataset, 'images')),
  );
});

test('content on a plain ground gets parts of real pictures behind it, and no refiner learns from those', async () => {
  const cwd = await temporaryFolder();
  // As bright as no other: no ground is that of the set.
  const real = mapDataset(task.real, ({ id, image }, index) => {
    const data = image.data.map((value) => Math.min(255, Math.max(0, value - 80 + ((index * 53) % 240))));
    return { id, image: { ...image, data } };
  });
  const { synthetic } = barsTask({ scale: 0.6 });
  const job = { ...task, synthetic, real, cwd, engine };
  const grounded = await augment({ ...job, out: 'grounded', treat: 'grounded' });
  const { samples } = await readDataset(grounded.dataset, task.plugin);
  for (const index of [0, 1, 2]) {
    const [before, after] = [await synthetic.at(index), await samples.at(index)];
    expect(after.annotation).toEqual(before.annotation);
    // The plain ground of bars is 70.
    expect(before.image.data.filter((value) => value === 70).length).toBeGreaterThan(20);
    expect(after.image.data.filter((value) => value === 70).length).toBeLessThan(10);
  }
  await expect(augment({ ...job, out: 'both', treat: ['grounded', 'refined'] })).rejects.toThrow(
    '`treat` refined: a refiner would learn from grounds that are parts of real pictures already.',
  );
});

test('where use cannot be judged, pictures are refined and it is said; what cannot be made is refused', async () => {
  const cwd = await temporaryFolder();
  const plugin = blobs();
  const same = simulate(plugin.simulator, { seed: 1, length: 12 });
  const { treatment } = await augment({ plugin, cwd, engine, count: 4 });
  expect(treatment).toEqual({
    treat: 'refined',
    chosen: 'not judged',
    reason:
      'The plugin blobs has no estimator whose answers can be compared, and they do not name a class of each picture (as "class" or "label"), so the use of the pictures cannot be judged. They are refined, as by default.',
  });
  await expect(
    augment({ plugin, cwd, engine, synthetic: same, real: same, out: 'camera', treat: 'camera' }),
  ).rejects.toThrow('`treat` camera: no correction brings the sets closer.');
  await expect(augment({ plugin, cwd, steps: 2, treat: 'raw' })).rejects.toThrow(
    '`steps` is for a refiner, and `treat` names none',
  );
  await expect(augment({ plugin, cwd, refiner: 'run', treat: 'raw' })).rejects.toThrow(
    '`treat` has no place beside `refiner`: its pictures are refined.',
  );
  expect(await readFile(join(cwd, 'blobs-augmented', 'treatment.json'), 'utf8')).toContain('not judged');
});

test('what trains nothing takes fewer pictures than a batch', async () => {
  const cwd = await temporaryFolder();
  const plugin = blobs();
  const [few, real] = [
    simulate(plugin.simulator, { seed: 1, length: 3 }),
    simulate(plugin.standIn, { seed: 2, length: 9 }),
  ];
  const job = { plugin, cwd, engine, synthetic: few, real };
  expect(await augment({ ...job, treat: 'raw', out: 'raw' })).toMatchObject({ count: 3 });
  await expect(augment({ ...job, treat: 'refined', out: 'refined' })).rejects.toThrow(
    'fewer than the one batch of',
  );
});
