import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import {
  blobsPlugin,
  eventsOf,
  filesBelow,
  jsonLines,
  runCli,
  runCliForEvents,
  temporaryFolder,
} from './spawn-cli.ts';

const simulate = ['simulate', '--plugin', blobsPlugin];

test('writes an annotated dataset, the same bytes for the same seed', async () => {
  const cwd = await temporaryFolder();
  const [first, second, other] = await Promise.all([
    runCli([...simulate, '--count', '5', '--out', 'first'], { cwd }),
    runCliForEvents([...simulate, '--count', '5', '--seed', '1'], { cwd }),
    runCli([...simulate, '--count', '5', '--seed', '2', '--out', 'other'], { cwd }),
  ]);
  expect(first).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(/^simulate {3}5\/5 {2}100%.*\n$/),
  });
  expect(first.stdout).toBe(
    `5 samples in first\nNext: simgan-cli augment --plugin ${blobsPlugin} --synthetic first --real YOUR_PICTURES\n`,
  );
  expect(second.events).toEqual([{ event: 'result', out: 'blobs-synthetic', count: 5 }]);
  expect(other.exitCode).toBe(0);

  const files = await filesBelow(join(cwd, 'first'));
  expect(Object.keys(files)).toEqual([
    'dataset.json',
    ...[0, 1, 2, 3, 4].map((index) => `images/000000${index}.png`),
    'metadata.jsonl',
    'rejects.jsonl',
  ]);
  expect(await filesBelow(join(cwd, 'blobs-synthetic'))).toEqual(files);
  const others = await filesBelow(join(cwd, 'other'));
  for (const file of ['images/0000000.png', 'metadata.jsonl']) expect(others[file]).not.toBe(files[file]);

  const lines = await jsonLines(join(cwd, 'first', 'metadata.jsonl'));
  expect(lines[0]).toEqual({
    file_name: 'images/0000000.png',
    x: expect.any(Number),
    y: expect.any(Number),
    simgan: { made: 'simulated', seed: 1 },
  });
});

test('refuses, resumes, enlarges and replaces a dataset, and leaves the files of others alone', async () => {
  const cwd = await temporaryFolder();
  const out = join(cwd, 'out');
  const run = (...args: string[]) => callCli([...simulate, '--out', 'out', ...args], { cwd });
  expect((await run('--count', '3')).exitCode).toBe(0);
  const three = await filesBelow(out);

  const refused = await run('--count', '3');
  expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
  expect(refused.stderr).toContain(`${out} holds a dataset already.`);
  expect(refused.stderr).toContain('--resume goes on with a dataset, --force replaces it');

  const again = await run('--count', '3', '--resume');
  expect(again).toMatchObject({ exitCode: 0, stderr: 'resume    3 of 3 samples were there already\n' });
  expect(await filesBelow(out)).toEqual(three);

  const otherwise = await run('--count', '3', '--seed', '2', '--resume');
  expect(otherwise).toMatchObject({ exitCode: 2 });
  expect(otherwise.stderr).toContain('provenance.seed is 1 there and 2 now');

  const more = await run('--count', '6', '--resume');
  expect(more).toMatchObject({ exitCode: 0 });
  expect(more.stderr).toContain('resume    3 of 6 samples were there already');
  await callCli([...simulate, '--count', '6', '--out', 'fresh'], { cwd });
  expect(await filesBelow(out)).toEqual(await filesBelow(join(cwd, 'fresh')));

  await writeFile(join(out, 'thesis.tex'), 'precious');
  const precious = await run('--count', '3', '--force');
  expect(precious).toMatchObject({ exitCode: 2 });
  expect(precious.stderr).toContain(
    "holds files that are not the dataset's (thesis.tex). Nothing was deleted",
  );
  expect(await readFile(join(out, 'thesis.tex'), 'utf8')).toBe('precious');
  await rm(join(out, 'thesis.tex'));
  expect((await run('--count', '3', '--force')).exitCode).toBe(0);
  expect(await filesBelow(out)).toEqual(three);
});

test('a folder of others is never written to', async () => {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'thesis.tex'), 'precious');
  for (const flag of ['--force', '--resume', '--json']) {
    const { exitCode, stdout, stderr } = await callCli([...simulate, '--out', '.', flag], { cwd });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining('is not empty and is no dataset of ours (it holds thesis.tex)'),
    });
    expect(eventsOf(stdout).map(({ code }) => code)).toEqual(flag === '--json' ? ['OUTPUT_EXISTS'] : []);
  }
  expect(Object.keys(await filesBelow(cwd))).toEqual(['thesis.tex']);
});

test('many samples are rendered in threads, the same bytes as in one', async () => {
  const cwd = await temporaryFolder();
  const slow = fileURLToPath(new URL('./slow-blobs-plugin.ts', import.meta.url));
  const run = (out: string, ...args: string[]) =>
    runCli(['simulate', '--plugin', slow, '--count', '150', '--out', out, ...args], { cwd });
  const marks = join(cwd, 'marks');
  const inOne = run('one', '--threads', '1', '--plugin-option', `marks=${join(cwd, 'none')}`);
  const inTwo = run(
    'two',
    '--threads',
    '2',
    '--plugin-option',
    `marks=${marks}`,
    '--plugin-option',
    'alone=25',
  );
  expect(await Promise.all([inOne, inTwo])).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }]);
  expect(await readFile(marks, 'utf8')).toContain('draws');
  expect(await filesBelow(join(cwd, 'two'))).toEqual(await filesBelow(join(cwd, 'one')));
  expect(Object.keys(await filesBelow(cwd)).filter((file) => !file.includes('/'))).toEqual(['marks']);
});
