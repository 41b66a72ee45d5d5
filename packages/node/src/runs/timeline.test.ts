import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRecords } from '@simgan/formats';
import { expect, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs } from '../../test/blobs.ts';
import { temporaryFolder } from '../../test/folders.ts';
import { readPicture } from '../pictures/decode-picture.ts';
import { cutStrip } from '../pictures/strip.ts';
import type { JobEvent } from './events.ts';
import { openRefiner } from './open-refiner.ts';
import { readTimeline } from './timeline-file.ts';
import { trainRun } from './train-run.ts';

const plugin = blobs();
const rgb = { channels: 3, bits: 8 } as const;

// On ONNX Runtime, too: there a program for refinement is compiled with the weights of its moment.
test.each(['wasm', 'onnx'] as const)(
  'on %s the last strip is what the finished refiner makes',
  async (engine) => {
    const cwd = await temporaryFolder();
    const lent = { plugin, engine, device: 'cpu', threads: 1 } as const;
    const recipe = { ...plugin.recipes.quick!, averaging: 0.5, learningRate: 0.05 };
    const events: JobEvent[] = [];
    const { dir } = await trainRun({
      ...lent,
      recipe,
      cwd,
      out: 'run',
      onEvent: (event) => events.push(event),
    });
    const timeline = (await readTimeline(join(dir, 'timeline')))!;
    expect(timeline).toMatchObject({ cell: { width: 12, height: 10 }, version: 1 });
    expect(timeline.ids).toHaveLength(8);
    expect(timeline.moments.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(events.filter(({ type }) => type === 'moment')).toEqual(
      timeline.moments.map((moment) => ({
        ...{ type: 'moment', file: join(dir, 'timeline', `000000${moment.step}.png`) },
        ...moment,
      })),
    );
    for (const { change, labels } of timeline.moments) {
      expect(change).toBeGreaterThan(0);
      expect(labels.place).toMatchObject({ unit: 'px', count: 24, lost: 0, abstained: 0 });
    }
    const stripAt = async (name: string) => (await readPicture(join(dir, 'timeline', name), rgb)).image;
    const first = cutStrip(await stripAt('0000001.png'), timeline.cell, 0);
    const last = cutStrip(await stripAt('0000006.png'), timeline.cell, 0);
    expect(first).not.toEqual(last);
    const refiner = await openRefiner(dir, { ...lent, recipe });
    const gray = (image: (typeof last)[number]) => image.data.filter((_, i) => i % 3 === 0);
    const synthetic = cutStrip(await stripAt('synthetic.png'), timeline.cell, 0).map((image) => ({
      ...{ ...image, channels: 1 as const },
      data: gray(image),
    }));
    const refined = await refiner.refine(synthetic);
    await refiner.dispose();
    expect(refined.map(({ data }) => data)).toEqual(last.map(gray));
    // Dark where nothing changed.
    const difference = cutStrip(await stripAt('0000006.png'), timeline.cell, 1)[0]!;
    const changed = refined[0]!.data.findIndex((value, i) => value > synthetic[0]!.data[i]! + 5);
    if (changed >= 0) expect(difference.data[changed * 3]).toBeGreaterThan(difference.data[changed * 3 + 2]!);
  },
);

test('a training keeps at most sixteen moments and the last; without a probe it says nothing of labels', async () => {
  const cwd = await temporaryFolder();
  const { probe: _, ...unprobed } = plugin;
  const { dir } = await trainRun({ plugin: unprobed, engine: wasmEngine, cwd, steps: 31, out: 'run' });
  const timeline = (await readTimeline(join(dir, 'timeline')))!;
  expect(timeline.moments.map(({ step }) => step)).toEqual([3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33]);
  expect(timeline.moments.every(({ labels }) => Object.keys(labels).length === 0)).toBe(true);
  const records = [...readRecords(await readFile(join(dir, 'events.out.tfevents.simgan')))];
  // The version, the first pictures, a record for each step and each moment.
  expect(records).toHaveLength(1 + 1 + 33 + 11);
  expect(records.filter(({ data }) => Buffer.from(data).includes('timeline/refined'))).toHaveLength(11);
});

test('a replaced run keeps no moment of the earlier one, and files of others stay', async () => {
  const cwd = await temporaryFolder();
  const options = { plugin, engine: wasmEngine, cwd, out: 'run' };
  const { dir } = await trainRun({ ...options, steps: 8 });
  await writeFile(join(dir, 'timeline', 'notes.txt'), 'mine');
  await trainRun({ ...options, steps: 2, existing: 'replace' });
  expect(await readdir(join(dir, 'timeline'))).toEqual([
    ...[1, 2, 3, 4].map((step) => `000000${step}.png`),
    ...['notes.txt', 'real.png', 'synthetic.png', 'timeline.json'],
  ]);
  await writeFile(join(dir, 'timeline', 'timeline.json'), '{"version":1}');
  await expect(readTimeline(join(dir, 'timeline'))).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining('is not the timeline of a training: cell: '),
  });
});
