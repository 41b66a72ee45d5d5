import { join } from 'node:path';
import { simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { blobs, blobsPath } from '../../test/blobs.ts';
import { filesBelow, readJson, temporaryFolder } from '../../test/folders.ts';
import { readDataset } from '../datasets/read-dataset.ts';
import type { JobEvent } from '../runs/events.ts';
import { simulateDataset } from './simulate-dataset.ts';

const plugin = blobs();

test('samples are those of the simulator, the same for the same seed and any number of threads', async () => {
  const cwd = await temporaryFolder();
  const events: JobEvent[] = [];
  const own = await simulateDataset({
    plugin,
    cwd,
    count: 12,
    seed: 3,
    onEvent: (event) => events.push(event),
  });
  expect(own).toEqual({ dir: join(cwd, 'blobs-synthetic'), count: 12, resumed: 0, formats: [] });
  expect(events).toEqual(
    Array.from({ length: 12 }, (_, i) => ({ type: 'progress', phase: 'simulate', done: i + 1, total: 12 })),
  );
  const { samples, annotations } = await readDataset(own.dir, plugin);
  expect(annotations).toBe('plugin');
  const source = simulate(plugin.simulator, { seed: 3, length: 12 });
  for (let i = 0; i < 12; i++) expect(await samples.at(i)).toMatchObject(await source.at(i));
  expect(await readJson(join(own.dir, 'dataset.json'))).toMatchObject({
    plugin: 'blobs',
    provenance: { made: 'simulated', seed: 3 },
  });
  const named = await simulateDataset({
    plugin: blobsPath,
    cwd,
    count: 12,
    seed: 3,
    threads: 2,
    out: 'named',
  });
  expect(await filesBelow(named.dir)).toEqual(await filesBelow(own.dir));
  const other = await simulateDataset({ plugin, cwd, count: 12, out: 'other' });
  expect(await filesBelow(other.dir)).not.toEqual(await filesBelow(own.dir));
});

test('a stopped simulation resumes to the same bytes and renders only what is missing', async () => {
  const cwd = await temporaryFolder();
  const job = { plugin, cwd, count: 40, out: 'out' };
  const whole = await simulateDataset({ ...job, out: 'whole' });
  const controller = new AbortController();
  const onEvent = (event: JobEvent) => {
    if (event.type === 'progress' && event.done === 5) controller.abort(new Error('Ctrl-C'));
  };
  await expect(simulateDataset({ ...job, onEvent, signal: controller.signal })).rejects.toThrow('Ctrl-C');
  await expect(simulateDataset(job)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });

  let rendered = 0;
  const counted = {
    ...plugin,
    simulator: (...args: Parameters<typeof plugin.simulator>) => {
      rendered++;
      return plugin.simulator(...args);
    },
  };
  const events: JobEvent[] = [];
  const resumed = await simulateDataset({
    ...{ ...job, plugin: counted, existing: 'resume' },
    onEvent: (event) => events.push(event),
  });
  expect(resumed.resumed).toBeGreaterThanOrEqual(5);
  expect(resumed).toMatchObject({ count: 40 });
  expect(rendered).toBe(40 - resumed.resumed);
  expect(events[0]).toEqual({ type: 'resume', phase: 'simulate', done: resumed.resumed, total: 40 });
  expect(await filesBelow(resumed.dir)).toEqual(await filesBelow(whole.dir));
  const replaced = await simulateDataset({ ...job, count: 3, existing: 'replace' });
  expect(replaced).toMatchObject({ count: 3, resumed: 0 });
});

test('a failing simulator rejects with its own error; written samples stay', async () => {
  const cwd = await temporaryFolder();
  let rendered = 0;
  const failing = {
    ...plugin,
    simulator: (...args: Parameters<typeof plugin.simulator>) => {
      if (++rendered > 9) throw new RangeError('The lamp burst.');
      return plugin.simulator(...args);
    },
  };
  await expect(simulateDataset({ plugin: failing, cwd, count: 20, out: 'out' })).rejects.toThrow(
    'The lamp burst.',
  );
  const resumed = await simulateDataset({ plugin, cwd, count: 20, out: 'out', existing: 'resume' });
  expect(resumed.resumed).toBe(9);
});
