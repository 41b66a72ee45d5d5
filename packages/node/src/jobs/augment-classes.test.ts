import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createImage } from '@simgan/core';
import { afterAll, expect, test } from 'vitest';
import { anyPictures, trueWay, writeBarFolders } from '../../test/bar-folders.ts';
import { jsonLines, temporaryFolder, writeFiles } from '../../test/folders.ts';
import { createEngine } from '../engines/engines.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import type { JobEvent } from '../runs/events.ts';
import { augment } from './augment.ts';

// Compiled, since judging takes a dozen small trainings.
const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
afterAll(() => engine.dispose());

const plugin = anyPictures();
const counts = { synthetic: 240, real: 120 };
const sets = { plugin, engine, synthetic: 'synthetic', format: 'imagefolder', real: 'real' };

test('two folders are judged by the classes of one of them, without a plugin of their own', async () => {
  const cwd = await temporaryFolder();
  await writeBarFolders(cwd, counts);
  const events: JobEvent[] = [];
  const { treatment } = await augment({ ...sets, cwd, onEvent: (event) => events.push(event) });
  expect(events).toContainEqual({
    type: 'task',
    what: 'the 2 classes of "class"',
    image: { channels: 1, bits: 8, width: 10, height: 10 },
  });
  expect(treatment.chosen).toBe('judged');
  const said = (name: string) => events.find((event) => event.type === 'rung' && event.name === name);
  expect(said('warped')).toMatchObject({
    taken: false,
    reason: 'Skipped: compare tries it, which takes longer.',
  });
});

test('a plugin that trains on crops moves things in whole pictures of one size, and again with its refiner', async () => {
  const cwd = await temporaryFolder();
  await writeBarFolders(cwd, { synthetic: 30, real: 30 });
  const { dataset, run } = await augment({ ...sets, cwd, out: 'out', treat: 'warped' });
  const moved = async (folder: string) =>
    ((await jsonLines(join(folder, 'metadata.jsonl'))) as { simgan: { displacement: object } }[]).map(
      ({ simgan }) => simgan.displacement,
    );
  const before = await moved(dataset);
  for (const displacement of before) expect(displacement).toMatchObject({ rms: expect.any(Number) });
  const { synthetic, format } = sets;
  const again = await augment({ plugin, engine, synthetic, format, cwd, out: 'again', refiner: run! });
  expect(await moved(again.dataset)).toEqual(before);
  await writeFiles(join(cwd, 'synthetic', 'large'), {
    'a.png': await encodePng(createImage({ width: 14, height: 12, channels: 1, bits: 8 })),
  });
  await expect(augment({ ...sets, cwd, out: 'other', treat: 'warped' })).rejects.toThrow(
    '`treat` warped: what moves things takes pictures of one size, and these differ.',
  );
});

test('real pictures with the labels of networks stand behind the samples, marked; resumed, they are the same bytes', async () => {
  const cwd = await temporaryFolder();
  await writeBarFolders(cwd, counts);
  const options = { ...sets, cwd, out: 'out', treat: 'pseudo-labeled' as const };
  const { count, pseudoLabeled, dataset, treatment } = await augment(options);
  expect(treatment.treat).toBe('pseudo-labeled');
  const lines = (await jsonLines(join(dataset, 'metadata.jsonl'))) as {
    class: string;
    simgan: { id: string; made: string; confidence?: number; source?: { file: string } };
  }[];
  const labeled = lines.slice(counts.synthetic);
  expect(lines).toHaveLength(count);
  expect(pseudoLabeled).toBe(labeled.length);
  expect(await readFile(join(dataset, '..', 'README.md'), 'utf8')).toContain('classes networks guessed');
  expect(labeled.length).toBeGreaterThanOrEqual(counts.real / 2);
  expect(lines.slice(0, counts.synthetic).every(({ simgan }) => simgan.made === 'treated')).toBe(true);
  let right = 0;
  for (const { class: way, simgan } of labeled) {
    expect(simgan.made).toBe('pseudo-labeled');
    expect(simgan.confidence).toBeGreaterThan(0.5);
    expect(simgan.id).toMatch(/^real-/);
    if ((await trueWay(simgan.id.slice('real-'.length, -'.png'.length), counts.real)) === way) right += 1;
  }
  expect(right / labeled.length).toBeGreaterThan(0.8);
  const before = await readFile(join(dataset, 'metadata.jsonl'), 'utf8');
  const stop = new AbortController();
  const again = { ...options, out: 'again' };
  await augment({
    ...again,
    signal: stop.signal,
    onEvent(event) {
      if (event.type === 'progress' && event.phase === 'refine' && event.done === counts.synthetic + 9)
        stop.abort();
    },
  }).catch(() => {});
  const resumed = await augment({ ...again, existing: 'resume' });
  expect(resumed.resumed).toBeGreaterThan(counts.synthetic);
  expect(await readFile(join(resumed.dataset, 'metadata.jsonl'), 'utf8')).toBe(before);
});

test('labels that say more than a class cannot be given to real pictures', async () => {
  const cwd = await temporaryFolder();
  await writeBarFolders(cwd, { synthetic: 40, real: 30 });
  await expect(augment({ ...sets, cwd, treat: 'pseudo-labeled' })).rejects.toThrow(
    /`treat` pseudo-labeled: it takes at least 100 real pictures/i,
  );
});
