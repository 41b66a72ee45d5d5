import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Evaluation } from '@simgan/node';
import { eyes } from '@simgan/plugin-eyes';
import { evaluationSchema } from '@simgan/report';
import { expect, test } from 'vitest';
import { callCli, callCliForEvents } from './call-cli.ts';
import { writeRealPictures } from './pictures.ts';
import { blobsPlugin, temporaryFolder } from './spawn-cli.ts';

const engine = ['--engine', 'onnx', '--device', 'cpu', '--threads', '1'];

test('refined pictures are measured against real ones, with a control, and their labels against what they were', async () => {
  const cwd = await temporaryFolder();
  // As a refiner would leave them that changes nothing.
  const simulate = ['simulate', '--plugin', 'eyes', '--count', '24', '--out', 'refined'];
  expect(await callCli(simulate, { cwd })).toMatchObject({ exitCode: 0 });
  await writeRealPictures(join(cwd, 'real'), 40, eyes());
  const sets = ['--synthetic', 'refined', '--refined', 'refined', '--real', 'real', '--count', '40'];
  const downstream = ['--downstream', '--steps', '2', '--out', 'report'];
  const people = await callCli(['evaluate', '--plugin', 'eyes', ...engine, ...sets, ...downstream], { cwd });
  expect(people.exitCode).toBe(0);
  for (const text of ['told from real', 'labels, refined against synthetic', 'gaze, trained in 2 steps'])
    expect(people.stdout).toContain(text);
  const file = await readFile(join(cwd, 'report', 'evaluation.json'), 'utf8');
  const evaluation = JSON.parse(file) as Omit<Evaluation, 'verdict'>;
  // What a report of the same run will show.
  expect(evaluationSchema.parse(evaluation).verdict).toMatchObject([
    { question: 'looks', verdict: 'no different' },
    { question: 'labels', verdict: 'no different' },
    { question: 'use', verdict: 'unknown' },
  ]);

  expect(Object.keys(evaluation.distances)).toEqual(['synthetic', 'matched', 'refined', 'real']);
  expect(Object.keys(evaluation.realism)).toEqual(['synthetic', 'matched', 'refined', 'real']);
  const { synthetic, matched, refined, real } = evaluation.realism;
  expect(synthetic!.kernelDistance).toBeGreaterThan(3 * Math.abs(real!.kernelDistance));
  expect(matched!.kernelDistance).toBeLessThan(synthetic!.kernelDistance);
  expect(refined!.kernelDistance).toBe(synthetic!.kernelDistance);
  // Halves of 24 refined and 40 real pictures are held out.
  expect(refined!.pictures).toEqual([20, 12]);
  expect(people.stdout).toContain(
    `${refined!.auc.toFixed(2)}  ${refined!.interval.low.toFixed(2)} to ${refined!.interval.high.toFixed(2)}`,
  );

  const { pairs, quantities } = evaluation.labels.refined!;
  expect(pairs).toBe(24);
  expect(Object.keys(quantities)).toEqual(['pupilCenter', 'iris', 'openness']);
  for (const { shift, lost } of Object.values(quantities)) {
    expect(shift.mean).toBe(0);
    expect(lost).toBe(0);
  }
  const [run] = evaluation.downstream!.runs;
  expect(Object.keys(run!)).toEqual(['synthetic', 'matched', 'refined', 'stand-in camera']);
  for (const { count } of Object.values(run!)) expect(count).toBe(40);
});

test('a plugin without a probe or an estimator is measured as far as it goes', async () => {
  const cwd = await temporaryFolder();
  const blobs = ['--plugin', blobsPlugin];
  await callCli(['simulate', ...blobs, '--count', '12', '--out', 'refined'], { cwd });
  const command = ['evaluate', ...blobs, ...engine, '--refined', 'refined', '--count', '20'];
  const { exitCode, events } = await callCliForEvents(command, { cwd });
  expect(exitCode).toBe(0);
  const { distances, labels, downstream } = events.at(-1) as unknown as Evaluation;
  expect(Object.keys(distances)).toEqual(['synthetic', 'matched', 'refined', 'real']);
  // What is seen at the labels is found again in place of a probe's quantities.
  expect(Object.keys(labels.refined!.quantities)).toEqual(['points']);
  expect(downstream).toBeUndefined();

  expect(await callCliForEvents([...command, '--downstream'], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--downstream: the plugin blobs has no estimator to train.'),
  });
});
