import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { callCli, callCliForEvents } from './call-cli.ts';
import { blobsPlugin, filesBelow, jsonLines, runCli, temporaryFolder } from './spawn-cli.ts';

const simulate = ['simulate', '--plugin', blobsPlugin];

test('writes an annotated dataset, the same bytes for the same seed', async () => {
  const cwd = await temporaryFolder();
  const first = await callCli([...simulate, '--count', '5', '--out', 'first'], { cwd });
  expect(first).toMatchObject({
    exitCode: 0,
    stdout: `5 samples in first\nNext: simgan-cli augment --plugin ${blobsPlugin} --synthetic first --real YOUR_PICTURES\n`,
    stderr: expect.stringMatching(/^simulate {3}5\/5 {2}100%.*\n$/),
  });
  const second = await callCliForEvents([...simulate, '--count', '5', '--seed', '1'], { cwd });
  expect(second.events).toEqual([{ event: 'result', out: 'blobs-synthetic', count: 5 }]);

  const files = await filesBelow(join(cwd, 'first'));
  expect(Object.keys(files)).toEqual([
    'README.md',
    'croissant.json',
    'dataset.json',
    ...[0, 1, 2, 3, 4].map((index) => `images/000000${index}.png`),
    'metadata.jsonl',
    'rejects.jsonl',
  ]);
  expect(await filesBelow(join(cwd, 'blobs-synthetic'))).toEqual(files);
  await callCli([...simulate, '--count', '5', '--seed', '2', '--out', 'other'], { cwd });
  const others = await filesBelow(join(cwd, 'other'));
  for (const file of ['images/0000000.png', 'metadata.jsonl']) expect(others[file]).not.toBe(files[file]);

  const lines = await jsonLines(join(cwd, 'first', 'metadata.jsonl'));
  expect(lines[0]).toMatchObject({
    file_name: 'images/0000000.png',
    x: expect.any(Number),
    y: expect.any(Number),
    simgan: { made: 'simulated', seed: 1 },
  });
});

test('refuses, resumes, enlarges and replaces a dataset, and leaves the files of others alone', async () => {
  const cwd = await temporaryFolder();
  const out = join(cwd, 'out');
  const run = (...args: string[]) => callCliForEvents([...simulate, '--out', 'out', ...args], { cwd });
  expect((await run('--count', '3')).exitCode).toBe(0);
  const three = await filesBelow(out);

  const refused = await run('--count', '3');
  expect(refused).toMatchObject({ exitCode: 2, events: [{ event: 'error', code: 'OUTPUT_EXISTS' }] });
  expect(refused.stderr).toContain(`${out} holds a dataset already.`);
  const otherwise = await run('--count', '3', '--seed', '2', '--resume');
  expect(otherwise).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('provenance.seed is 1 there and 2 now'),
  });
  expect(await filesBelow(out)).toEqual(three);

  expect((await run('--count', '6', '--resume')).events).toEqual([
    { event: 'resume', phase: 'simulate', done: 3, total: 6 },
    { event: 'result', out: 'out', count: 6 },
  ]);
  await callCli([...simulate, '--count', '6', '--out', 'fresh'], { cwd });
  expect(await filesBelow(out)).toEqual(await filesBelow(join(cwd, 'fresh')));

  await writeFile(join(out, 'thesis.tex'), 'precious');
  expect(await run('--count', '3', '--force')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('thesis.tex'),
  });
  expect(await readFile(join(out, 'thesis.tex'), 'utf8')).toBe('precious');
  await unlink(join(out, 'thesis.tex'));
  expect((await run('--count', '3', '--force')).exitCode).toBe(0);
  expect(await filesBelow(out)).toEqual(three);
});

test('a folder of others is never written to', async () => {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'thesis.tex'), 'precious');
  for (const flag of ['--force', '--resume']) {
    expect(await callCliForEvents([...simulate, '--out', '.', flag], { cwd })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('it holds thesis.tex'),
      events: [{ event: 'error', code: 'OUTPUT_EXISTS' }],
    });
  }
  expect(Object.keys(await filesBelow(cwd))).toEqual(['thesis.tex']);
});

test('many samples are rendered in threads, the same bytes as in one', async () => {
  const cwd = await temporaryFolder();
  const slow = fileURLToPath(new URL('./slow-blobs-plugin.ts', import.meta.url));
  const marks = join(cwd, 'marks');
  const options = ['--plugin-option', `marks=${marks}`, '--plugin-option', 'alone=25'];
  const count = ['--count', '80'];
  expect(
    await runCli(['simulate', '--plugin', slow, ...count, ...options, '--threads', '2', '--out', 'two'], {
      cwd,
    }),
  ).toMatchObject({ exitCode: 0 });
  expect(await readFile(marks, 'utf8')).toContain('draws');
  await callCli([...simulate, ...count, '--threads', '1', '--out', 'one'], { cwd });
  expect(await filesBelow(join(cwd, 'two'))).toEqual(await filesBelow(join(cwd, 'one')));
});
