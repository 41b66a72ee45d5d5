import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simulate } from '@simgan/core';
import { encodePng } from '@simgan/node';
import { eyes as eyesPlugin } from '@simgan/plugin-eyes';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import { blobsPlugin, eventsOf, temporaryFolder } from './spawn-cli.ts';

const engine = ['--engine', 'onnx', '--device', 'cpu', '--threads', '1'];

interface Evaluation {
  readonly distances: Record<string, { intensity: number }>;
  readonly realism: Record<string, { kernelDistance: number; balancedAccuracy: number; auc: number }>;
  readonly labels: Record<string, { pairs: number; quantities: Record<string, Record<string, unknown>> }>;
  readonly downstream?: { runs: Record<string, { mean: number; count: number }>[]; steps: number };
}

test('refined pictures are measured against real ones, with a control, and their labels against what they were', async () => {
  const cwd = await temporaryFolder();
  await writeShots(join(cwd, 'real'), 60);
  const eyes = ['--plugin', '@simgan/plugin-eyes', '--real', 'real', ...engine];
  const steps = ['--steps', '2', '--batch-size', '4', '--count', '24'];
  const made = await callCli(['augment', ...eyes, ...steps, '--out', 'made'], { cwd });
  expect(made.exitCode).toBe(0);
  expect(made.stdout).toMatch(/^pupilCenter +moved \d\.\d\d ± \d\.\d\d px at width 55/m);

  const command = ['evaluate', ...eyes, '--refined', 'made', '--count', '60', '--out', 'report'];
  const people = await callCli([...command, '--downstream', '--steps', '3'], { cwd });
  expect(people.exitCode).toBe(0);
  expect(people.stdout).toMatch(/told from real +KID +accuracy +AUC/);
  expect(people.stdout).toMatch(/gaze, trained in 3 steps, tested on 60 pictures of the stand-in camera/);
  const evaluation = JSON.parse(await readFile(join(cwd, 'report/evaluation.json'), 'utf8')) as Evaluation;

  expect(Object.keys(evaluation.realism)).toEqual(['synthetic', 'matched', 'refined', 'real']);
  const { synthetic, matched, real } = evaluation.realism;
  expect(synthetic!.kernelDistance).toBeGreaterThan(3 * Math.abs(real!.kernelDistance));
  expect(matched!.kernelDistance).toBeLessThan(synthetic!.kernelDistance);
  expect(Math.abs(real!.auc - 0.5)).toBeLessThan(0.25);

  const { refined } = evaluation.labels;
  expect(refined!.pairs).toBe(24);
  expect(Object.keys(refined!.quantities)).toEqual(['pupilCenter', 'iris', 'openness']);
  const [run] = evaluation.downstream!.runs;
  expect(Object.keys(run!)).toEqual(['synthetic', 'matched', 'refined', 'stand-in camera']);
  for (const { count, mean } of Object.values(run!)) {
    expect(count).toBe(60);
    expect(mean).toBeLessThan(90);
  }
}, 60_000);

/** Pictures of the eyes' stand-in camera as files. */
async function writeShots(dir: string, count: number): Promise<void> {
  const { image, standIn } = eyesPlugin();
  await mkdir(dir);
  for await (const shot of simulate(standIn!, { seed: 9, length: count })) {
    await writeFile(join(dir, `${shot.id}.png`), await encodePng(shot.image, image));
  }
}

test('a plugin without a probe or an estimator is measured as far as it goes', async () => {
  const cwd = await temporaryFolder();
  const blobs = ['--plugin', blobsPlugin, ...engine];
  await callCli(['augment', ...blobs, '--count', '12', '--out', 'made'], { cwd });
  const { exitCode, stdout } = await callCli(
    ['evaluate', ...blobs, '--refined', 'made', '--count', '40', '--json'],
    {
      cwd,
    },
  );
  expect(exitCode).toBe(0);
  const result = eventsOf(stdout).at(-1) as unknown as Evaluation;
  expect(Object.keys(result.distances)).toEqual(['synthetic', 'matched', 'refined', 'real']);
  expect(result.labels).toEqual({});

  const downstream = await callCli(['evaluate', ...blobs, '--refined', 'made', '--downstream'], { cwd });
  expect(downstream).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--downstream: the plugin blobs has no estimator to train.'),
  });
}, 30_000);

test('the refined pictures must be named', async () => {
  const { exitCode, stderr } = await callCli(['evaluate', '--plugin', blobsPlugin], { cwd: '/nowhere' });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining('--refined: expected DIR, which must be given'),
  });
});
