import { existsSync } from 'node:fs';
import { readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { callCli, callCliForEvents } from './call-cli.ts';
import { writeRealPictures } from './pictures.ts';
import { blobsPlugin, filesBelow, startCli, temporaryFolder } from './spawn-cli.ts';

const simulate = ['simulate', '--plugin', blobsPlugin, '--count', '10'];
const augment = ['augment', '--plugin', blobsPlugin, '--engine', 'wasm', '--count', '10'];
const gatedBlobs = fileURLToPath(new URL('./gated-blobs-plugin.ts', import.meta.url));

test('shards of simulated samples, and what they are merged to', async () => {
  const cwd = await temporaryFolder();
  const run = (...args: string[]) => callCli(args, { cwd });
  await run(...simulate, '--out', 'single');
  const one = await run(...simulate, '--out', 'a folder', '--shard', '1/3');
  expect(one).toMatchObject({
    exitCode: 0,
    stdout:
      "3 samples (3 to 5 of 10) in a folder/shards/0001-of-0003\nNext, when all 3 shards are done: simgan-cli merge 'a folder'\n",
  });
  const missing = await run('merge', 'a folder');
  expect(missing).toMatchObject({ exitCode: 1, stdout: '' });
  expect(missing.stderr).toBe(
    `The shards in ${join(cwd, 'a folder', 'shards')} cannot be merged.\n` +
      'Missing shards, of 3 counted from 0: 0, 2. Run them, the first with --shard 0/3.\n',
  );
  await run(...simulate, '--out', 'a folder', '--shard', '2/3');
  const { events } = await callCliForEvents([...simulate, '--out', 'a folder', '--shard', '0/3'], { cwd });
  expect(events).toEqual([
    { event: 'result', out: 'a folder', shard: { index: 0, count: 3, start: 0, total: 10 }, count: 3 },
  ]);
  const kept = await callCliForEvents(['merge', '--out', 'a folder', '--keep'], { cwd });
  const merged = { event: 'result', out: 'a folder', count: 10, rejects: 0, shards: 3, left: [] };
  expect(kept.events).toEqual([merged]);
  expect(await readdir(join(cwd, 'a folder', 'shards'))).toHaveLength(3);
  expect(await run('merge', 'a folder/')).toMatchObject({
    exitCode: 0,
    stdout: '10 samples, of 3 shards, in a folder\n',
  });
  expect(await filesBelow(join(cwd, 'a folder'))).toEqual(await filesBelow(join(cwd, 'single')));
  expect((await run('merge', 'a folder')).stdout).toBe('10 samples, merged before, in a folder\n');
});

test('shards of refined samples, which run again at will and are replaced when asked', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 5);
  await writeFile(join(cwd, 'real', 'broken.png'), 'x');
  const run = (...args: string[]) => callCliForEvents(args, { cwd });
  const plugin = ['--plugin', blobsPlugin, '--engine', 'wasm'];
  expect(await run('train', ...plugin, '--real', 'real', '--out', 'run')).toMatchObject({ exitCode: 0 });
  const refine = [...augment, '--refiner', 'run'];
  await run(...refine, '--out', 'single');
  for (const index of [1, 0]) await run(...refine, '--out', 'out', '--shard', `${index}/2`);
  const again = await run(...refine, '--out', 'out', '--shard', '1/2');
  expect(again.events.find(({ event }) => event === 'resume')).toMatchObject({ done: 5, total: 5 });
  expect(again.events.at(-1)).toEqual({
    event: 'result',
    out: 'out',
    shard: { index: 1, count: 2, start: 5, total: 10 },
    count: 5,
  });
  const forced = await run(...refine, '--out', 'out', '--shard', '1/2', '--force');
  expect(forced.events.map(({ event }) => event)).not.toContain('resume');
  expect((await run('merge', 'out')).events.at(-1)).toMatchObject({
    out: join('out', 'dataset'),
    count: 10,
    rejects: 1,
  });
  const dataset = (dir: string) => filesBelow(join(cwd, dir, 'dataset'));
  expect(await dataset('out')).toEqual(await dataset('single'));

  const untrained = await callCli([...augment, '--shard', '0/2'], { cwd });
  expect(untrained).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^--shard needs --refiner: without it every shard would train/),
  });
});

test('a shard that is killed in the middle goes on where it was, to the same bytes', async () => {
  const cwd = await temporaryFolder();
  const gate = join(cwd, 'gate');
  const options = ['--plugin-option', `gate=${gate}`, '--plugin-option', 'after=12', '--threads', '1'];
  const command = ['simulate', '--plugin', gatedBlobs, ...options, '--count', '60'];
  await writeFile(gate, '');
  await callCli([...command, '--out', 'single'], { cwd });
  await callCli([...command, '--out', 'out', '--shard', '0/2'], { cwd });
  await unlink(gate);
  const shard = [...command, '--out', 'out', '--shard', '1/2'];
  const killed = startCli(shard, { cwd });
  const log = join(cwd, 'out', 'shards', '0001-of-0002', 'metadata.jsonl.partial');
  const lines = async () => (existsSync(log) ? (await readFile(log, 'utf8')).split('\n').length - 1 : 0);
  while ((await lines()) === 0 && killed.child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  killed.child.kill('SIGKILL');
  expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });
  const begun = await callCli(['merge', 'out'], { cwd });
  expect(begun).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('0001-of-0002 is not complete'),
  });

  await writeFile(gate, '');
  const { exitCode, events } = await callCliForEvents(shard, { cwd });
  expect(exitCode).toBe(0);
  const { done } = events.find(({ event }) => event === 'resume')!;
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(30);
  expect(await callCli(['merge', 'out'], { cwd })).toMatchObject({ exitCode: 0 });
  expect(await filesBelow(join(cwd, 'out'))).toEqual(await filesBelow(join(cwd, 'single')));
});

test('the scheduler is asked with --shard auto, and never without', async () => {
  const cwd = await temporaryFolder();
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  vi.stubEnv('JOB_COMPLETION_INDEX', '1');
  vi.stubEnv('JOB_COMPLETIONS', '5');
  const events = async (...args: string[]) =>
    (await callCliForEvents([...simulate, '--out', 'out', ...args], { cwd })).events.at(-1);
  expect(await events('--shard', 'auto')).toMatchObject({
    shard: { index: 1, count: 5, start: 2 },
    count: 2,
  });
  await rm(join(cwd, 'out'), { recursive: true });
  expect(await events()).toEqual({ event: 'result', out: 'out', count: 10 });
  vi.stubEnv('JOB_COMPLETIONS', undefined);
  expect(await events('--shard', 'auto')).toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('set JOB_COMPLETIONS to .spec.completions in their env'),
  });
});

test.each([
  ['simulate --plugin eyes --shard', '--shard needs an argument: --shard I/N|auto'],
  [`simulate --plugin ${blobsPlugin} --shard 8/8`, '--shard must be auto or I/N, such as 0/8'],
  ['merge', '--out: expected DIR, which must be given'],
  ['merge --out', '--out needs an argument: --out DIR'],
  ['merge one two', 'Unexpected argument "two": one folder is expected.'],
  ['merge one --out two', '--out is given more than once.'],
  ['merge https://example.org/out', '--out: expected a folder on this machine'],
  ['merge one --kep', 'Unknown option --kep. Did you mean --keep?'],
  ['merge nowhere', 'Merge the folder that was --out when they were made.'],
])('refused: %s', async (args, problem) => {
  const cwd = await temporaryFolder();
  const { exitCode, stderr } = await callCli(args.split(' '), { cwd });
  expect(exitCode).toBe(2);
  expect(stderr).toContain(problem);
  expect(await filesBelow(cwd)).toEqual({});
});
