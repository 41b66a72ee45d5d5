import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabelProbe } from '@simgan/core/evaluation';
import { verdictOf } from '@simgan/report';
import { expect, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs } from '../../test/blobs.ts';
import { filesBelow, temporaryFolder } from '../../test/folders.ts';
import { trainRun } from '../runs/train-run.ts';
import { augment } from './augment.ts';
import { reportRun } from './report-run.ts';

const options = { plugin: blobs(), engine: wasmEngine };

test('what augment left becomes a page, and nothing else changes; the folder stays usable', async () => {
  const cwd = await temporaryFolder();
  const { dir } = await augment({ ...options, cwd, count: 4, out: 'out', steps: 2 });
  const before = await filesBelow(dir);
  const { file, losses, animation, data } = await reportRun({ run: 'out', cwd });
  expect([file, losses, animation]).toEqual(
    ['report.html', 'losses.svg', 'timeline.webp'].map((name) => join(dir, name)),
  );
  expect(await filesBelow(dir)).toMatchObject(before);
  expect(data).toMatchObject({ title: 'out', plugin: 'blobs', isDone: true, step: 4, steps: 4 });
  expect(data.triplets.map(({ id }) => id)).toEqual(['0000000', '0000001', '0000002', '0000003']);
  expect(data.real).toHaveLength(12);
  expect(data.moments.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  expect(data.figures.labelPairs?.place?.points).toHaveLength(4);
  expect(data.warnings).toEqual([
    'No real pictures were given, so a simulated stand-in camera plays the real one. Pass yours as --real.',
  ]);
  expect(data.command).toBe(
    'simgan-cli augment --plugin blobs --recipe quick --steps 2 --batch-size 4 --seed 1 --count 4 --out out',
  );
  expect(verdictOf(data).map(({ question }) => question)).toEqual(['looks', 'labels', 'use']);
  expect((await readFile(file, 'utf8')).match(/data:image\/webp/g)!.length).toBeGreaterThan(4 * 4 + 12 + 4);
  // What the report left is ours: the run goes on, and is replaced with it.
  await augment({ ...options, cwd, count: 4, out: 'out', steps: 2, existing: 'resume' });
  await augment({ ...options, cwd, count: 4, out: 'out', steps: 2, existing: 'replace' });
  expect((await readdir(dir)).includes('report.html')).toBe(false);
});

test('figures of an evaluation are shown in place of the first ones; damaged ones are named', async () => {
  const cwd = await temporaryFolder();
  const { dir } = await augment({ ...options, cwd, count: 4, out: 'out', steps: 1 });
  const realism = {
    synthetic: { balancedAccuracy: 0.9, auc: 0.9 },
    refined: { balancedAccuracy: 0.5, auc: 0.5 },
  };
  await writeFile(join(dir, 'evaluation.json'), JSON.stringify({ realism }));
  const { data } = await reportRun({ run: 'out', cwd });
  expect(verdictOf(data)[0]).toMatchObject({ question: 'looks', verdict: 'better' });
  expect(data.figures.distances).toBeDefined();
  const symptom = { name: 'no effect', finding: 'Nothing happened.', advice: 'Pass `steps`.' };
  const outcome = { steps: 3, best: 2, ended: 'its steps are done', symptoms: [symptom] };
  await writeFile(join(dir, 'run', 'outcome.json'), JSON.stringify(outcome));
  const steered = await reportRun({ run: 'out', cwd });
  expect(steered.data.warnings[0]).toBe('Nothing happened. Pass --steps.');
  expect(steered.data.provenance).toContainEqual(['ended', 'its steps are done']);
  expect(await readFile(steered.file, 'utf8')).toContain('The refiner that is used is that of step 2,');
  await writeFile(join(dir, 'evaluation.json'), '{"realism":{"refined":5}}');
  await expect(reportRun({ run: 'out', cwd })).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining(
      `${join(dir, 'evaluation.json')} does not hold the figures of a run: realism.refined`,
    ),
  });
});

test('a run in progress is shown as far as it has come, before its first step, too', async () => {
  const cwd = await temporaryFolder();
  const controller = new AbortController();
  const stopped = trainRun({
    ...options,
    ...{ cwd, out: 'run', signal: controller.signal },
    onEvent: (event) => event.type === 'step' && event.step === 3 && controller.abort(new Error('Ctrl-C')),
  });
  await expect(stopped).rejects.toThrow('Ctrl-C');
  const { data, file } = await reportRun({ run: 'run', cwd });
  expect(data).toMatchObject({ isDone: false, step: 3, steps: 6 });
  expect(data.triplets).toHaveLength(8);
  expect(await readFile(file, 'utf8')).toContain('The run is not done');
  expect(data.command).toMatch(/^simgan-cli train --plugin blobs /);
  await rm(join(cwd, 'run', 'timeline'), { recursive: true });
  await rm(join(cwd, 'run', 'log.jsonl'));
  const begun = await reportRun({ run: 'run', cwd });
  expect(begun.data).toMatchObject({ step: 0, triplets: [], moments: [] });
  expect([begun.losses, begun.animation]).toEqual([undefined, undefined]);
  const nowhere = join(cwd, 'nowhere');
  await expect(reportRun({ run: 'nowhere', cwd })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `${nowhere} holds no run: it has neither run.json nor report.json. Pass the folder that train or augment wrote.`,
  });
});

test('pictures refined by an earlier refiner are reported without its run', async () => {
  const cwd = await temporaryFolder();
  await trainRun({ ...options, cwd, out: 'run', steps: 1 });
  await augment({ ...options, cwd, refiner: 'run', count: 3, out: 'more' });
  const { data, losses } = await reportRun({ run: 'more', cwd });
  expect(losses).toBeUndefined();
  expect(data).toMatchObject({ plugin: 'blobs', recipe: 'quick', isDone: true });
  expect(data.triplets).toHaveLength(3);
  expect(data.command).toBe('simgan-cli augment --refiner run --seed 1 --count 3 --out more');
});

test('of values as many as a mask has pixels, and of such that are not seen, a report has how far they moved', async () => {
  const cwd = await temporaryFolder();
  const mask = {
    quantities: {
      mask: { unit: 'share', distance: (a, b) => Math.abs(a[0]! - b[0]!) / 255 },
      joints: { unit: 'mm', distance: (a, b) => Math.abs(a[0]! - b[0]!) },
    },
    // Of the second joint nothing is seen.
    measure: ({ data }) => ({
      mask: { values: Array.from(data), confidence: 1 },
      joints: { values: [data[0]!, Number.NaN], confidence: 1 },
    }),
    expected: () => ({}),
  } satisfies LabelProbe;
  await augment({
    ...{ ...options, plugin: { ...options.plugin, probe: mask } },
    ...{ cwd, count: 4, out: 'out', steps: 1 },
  });
  const { data } = await reportRun({ run: 'out', cwd });
  const { points } = data.figures.labelPairs!.mask!;
  expect(points).toHaveLength(4);
  expect(points[0]).toMatchObject({ before: [], after: [] });
  expect(data.figures.labelPairs!.joints!.points[0]).toMatchObject({ before: [], after: [] });
  expect(verdictOf(data)[1]!.question).toBe('labels');
});
