import { datasetOf, type Plugin, type Sample } from '@simgan/core';
import { expect, test } from 'vitest';
import { bars } from '../../../core/test/bars.ts';
import { anyPictures } from '../../test/bar-folders.ts';
import { barsPlugin } from '../../test/bars.ts';
import { findTask, type JudgedTask } from './judged-task.ts';

const real = { images: bars(2, 30) };
const source = (annotations: 'plugin' | 'foreign', annotate: (index: number) => unknown, length = 40) => {
  const samples: Sample<unknown>[] = [];
  const pictures = bars(1, length);
  return (async () => {
    for await (const { id, image } of pictures)
      samples.push({ id, image, annotation: annotate(samples.length) });
    const training = datasetOf(samples);
    return { samples: training, training, annotations, rejects: [], origin: 'test' } as const;
  })();
};
const found = async (plugin: Plugin, ...of: Parameters<typeof source>) =>
  findTask(plugin, { synthetic: await source(...of), real });

test("a plugin's estimator judges its own annotations, in the plugin's form", async () => {
  const plugin = barsPlugin() as Plugin;
  const task = (await found(plugin, 'plugin', () => ({ way: 0, at: [3, 3] }))) as JudgedTask;
  expect(task.estimator).toBe(plugin.estimator);
  expect(task.image).toBe(plugin.image);
});

test.each([
  ['class', (index: number) => ({ class: index % 2 ? 'a' : 'b', objects: [] })],
  ['label', (index: number) => ({ label: index % 3 })],
  ['category', (index: number) => ({ objects: [], fields: { category: index % 2 === 0 } })],
])('without one, the classes of the field %s do', async (field, annotate) => {
  const task = (await found(anyPictures(), 'foreign', annotate)) as JudgedTask;
  expect(task.what).toMatch(new RegExp(`^the [23] classes of "${field}"$`));
  expect(task.image).toEqual({ channels: 1, bits: 8, width: 10, height: 10 });
  const { answer } = task.estimator;
  if (answer?.kind !== 'class') throw new Error('It is no task of classes.');
  expect(answer.annotation!(answer.truth(annotate(1))!)).toEqual(annotate(1));
});

test('annotations that say more than the class judge, but cannot be made up', async () => {
  const task = (await found(anyPictures(), 'foreign', (index) => ({
    label: index % 2,
    angle: index,
  }))) as JudgedTask;
  expect(task.estimator.answer).not.toHaveProperty('annotation');
});

test.each<[string, (index: number) => unknown]>([
  ['a number of the picture', (index) => ({ label: index })],
  ['a class of some pictures', (index) => (index < 20 ? { label: index % 2 } : {})],
  ['one class', () => ({ label: 'cup' })],
  ['numbers that are measured', (index) => ({ label: index / 7 })],
])('%s is no task', async (_, annotate) => {
  expect(await found(anyPictures(), 'foreign', annotate)).toMatch(/do not name a class of each picture/);
});

test('large pictures are judged small, each scaled from its own size', async () => {
  const image = { width: 200, height: 100, channels: 1, bits: 8, data: new Uint8Array(20_000) } as const;
  const samples = Array.from({ length: 20 }, (_, i) => ({ id: `${i}`, image, annotation: { label: i % 2 } }));
  const training = datasetOf<Sample<unknown>>(samples);
  const synthetic = { samples: training, training, annotations: 'foreign', rejects: [], origin: '' } as const;
  const task = (await findTask(anyPictures(), { synthetic, real: { images: training } })) as JudgedTask;
  expect(task.image).toMatchObject({ width: 64, height: 32 });
  expect(task.fit(samples[0]!).image).toMatchObject({ width: 64, height: 32 });
});
