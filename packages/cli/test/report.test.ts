import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCli, callCliForEvents } from './call-cli.ts';
import { blobsPlugin, temporaryFolder } from './spawn-cli.ts';

const blobs = ['--plugin', blobsPlugin, '--engine', 'wasm'];

test('report writes one page, with the figures of evaluate once they are there', async () => {
  const cwd = await temporaryFolder();
  await callCli(['augment', ...blobs, '--count', '12', '--out', 'out'], { cwd });
  const first = await callCli(['report', 'out'], { cwd });
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  expect(first.stdout).toMatch(/^\S.+\n {2}looks {3}\w/);
  expect(first.stdout).toContain(`Open ${join('out', 'report.html')} in a browser\n`);
  const html = await readFile(join(cwd, 'out', 'report.html'), 'utf8');
  expect(html).not.toContain('real halves (control)');

  const measure = ['evaluate', ...blobs, '--refined', 'out', '--count', '12', '--out', 'out'];
  expect(await callCli(measure, { cwd })).toMatchObject({ exitCode: 0 });
  const { exitCode, events } = await callCliForEvents(['report', '--run', 'out', '--out', 'page.html'], {
    cwd,
  });
  expect(exitCode).toBe(0);
  const { verdict, file } = events.at(-1) as unknown as { verdict: { question: string }[]; file: string };
  expect(verdict.map(({ question }) => question)).toEqual(['looks', 'labels', 'use']);
  expect(file).toBe(join(cwd, 'page.html'));
  const evaluated = await readFile(file, 'utf8');
  expect(evaluated).toContain('real halves (control)');
  expect(evaluated).toContain('intervals of 95 %');
});

test('a run that is not done is shown; one that is damaged or is none is named, and no page is written', async () => {
  const cwd = await temporaryFolder();
  await callCli(['train', ...blobs, '--out', 'run'], { cwd });
  await rename(join(cwd, 'run', 'refiner.safetensors'), join(cwd, 'kept'));
  const unfinished = await callCli(['report', 'run'], { cwd });
  expect(unfinished.exitCode).toBe(0);
  expect(await readFile(join(cwd, 'run', 'report.html'), 'utf8')).toContain('The run is not done');

  const damaged = async (name: string, text: string, message: string) => {
    const path = join(cwd, 'run', name);
    const before = await readFile(path, 'utf8').catch(() => undefined);
    await writeFile(path, text);
    const names = await readdir(cwd);
    expect(await callCli(['report', 'run', '--out', 'page.html'], { cwd })).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining(message),
    });
    expect(await readdir(cwd)).toEqual(names);
    if (before !== undefined) await writeFile(path, before);
  };
  await damaged('log.jsonl', '{"step":1}\n{"phase"\n{}\n', join(cwd, 'run', 'log.jsonl'));
  await damaged('evaluation.json', '{"realism":{"refined":5}}', 'realism.refined');

  expect(await callCli(['report', 'nowhere'], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(`${join(cwd, 'nowhere')} holds no run`),
  });
  expect(await callCli(['report'], { cwd })).toMatchObject({ exitCode: 2 });
  expect(await callCli(['report', 'run', '--port', '1'], { cwd })).toMatchObject({ exitCode: 2 });
});
