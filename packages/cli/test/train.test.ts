import { cp, readFile, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import {
  blobsPlugin,
  eventsOf,
  filesBelow,
  jsonLines,
  runCli,
  runCliForEvents,
  startCli,
  temporaryFolder,
} from './spawn-cli.ts';

const train = ['train', '--plugin', blobsPlugin, '--engine', 'wasm'];

test('leaves a run, the same bytes for the same seed', async () => {
  const cwd = await temporaryFolder();
  const [first, second, other] = await Promise.all([
    runCli([...train, '--out', 'first'], { cwd }),
    runCliForEvents([...train], { cwd }),
    runCli([...train, '--out', 'other', '--seed', '2'], { cwd }),
  ]);
  expect(first).toMatchObject({
    exitCode: 0,
    stdout: `Refiner trained in 6 steps: first/refiner.safetensors\nNext: simgan-cli augment --plugin ${blobsPlugin} --refiner first\n`,
  });
  const notes = first.stderr.split('\n');
  expect(notes[0]).toBe('engine    wasm (cpu through WebAssembly, 1 thread)');
  expect(notes[1]).toBe('synthetic 8192 from the simulator of blobs, seed 1');
  expect(notes[2]).toContain(
    'no real pictures were given, so a simulated stand-in camera plays the real one',
  );
  expect(notes[3]).toMatch(/^train {6}6\/6 {2}100%.* R: fools D .* D: right on real \d+%, on refined \d+%$/);
  expect(other.exitCode).toBe(0);

  expect(second.events.map(({ event }) => event)).toEqual([
    ...['engine', 'synthetic', 'real'],
    ...Array.from({ length: 6 }, () => 'step'),
    'result',
  ]);
  expect(second.events.at(-1)).toEqual({ event: 'result', out: 'runs/blobs', steps: 6 });

  const files = await filesBelow(join(cwd, 'first'));
  expect(Object.keys(files)).toEqual([
    'checkpoint.safetensors',
    'log.jsonl',
    'refiner.safetensors',
    'run.json',
  ]);
  expect(await filesBelow(join(cwd, 'runs', 'blobs'))).toEqual(files);
  const others = await filesBelow(join(cwd, 'other'));
  expect(others['refiner.safetensors']).not.toBe(files['refiner.safetensors']);

  const log = await jsonLines(join(cwd, 'first', 'log.jsonl'));
  expect(log).toEqual(second.events.slice(3, -1).map(({ event: _, ...step }) => step));
  expect(log.map(({ phase }) => phase)).toEqual([
    'refiner warm-up',
    'discriminator warm-up',
    ...Array.from({ length: 4 }, () => 'adversarial'),
  ]);
  expect(JSON.parse(await readFile(join(cwd, 'first', 'run.json'), 'utf8'))).toMatchObject({
    plugin: blobsPlugin,
    recipe: 'quick',
    numbers: { steps: 4, batchSize: 4, match: 'none' },
    seed: 1,
    synthetic: 'simulator',
    real: 'stand-in',
  });
});

test('refuses, resumes and replaces a run, and leaves the files of others alone', async () => {
  const cwd = await temporaryFolder();
  const dir = join(cwd, 'out');
  const run = (...args: string[]) => callCli([...train, '--out', 'out', ...args], { cwd });
  expect((await run()).exitCode).toBe(0);
  const done = await filesBelow(dir);

  expect(await run()).toMatchObject({
    exitCode: 2,
    stderr: `${dir} holds an earlier run. Go on with it with --resume, replace it with --force, or choose another folder with --out.\nSee simgan-cli train --help\n`,
  });
  expect(await run('--resume')).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('resume    all 6 training steps were done already\n'),
  });
  expect(await filesBelow(dir)).toEqual(done);
  expect(await run('--resume', '--steps', '5', '--seed', '2')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('cannot be resumed: steps was 4 and is 5 now; seed was 1 and is 2 now.'),
  });

  // Nothing of the earlier run is lost to a replacement that cannot even begin.
  expect(await run('--force', '--real', 'no-such-folder')).toMatchObject({ exitCode: 1 });
  expect(await filesBelow(dir)).toEqual(done);

  await writeFile(join(dir, 'thesis.tex'), 'precious');
  for (const flag of ['--force', '--resume']) {
    expect(await run(flag)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('holds files of others (thesis.tex), which are never replaced'),
    });
  }
  expect(await filesBelow(dir)).toMatchObject(done);
  await unlink(join(dir, 'thesis.tex'));
  // What systems leave in a folder is no reason to refuse, and stays.
  await writeFile(join(dir, '.DS_Store'), '');

  expect((await run('--force', '--seed', '2')).exitCode).toBe(0);
  const replaced = await filesBelow(dir);
  expect(Object.keys(replaced)).toEqual(['.DS_Store', ...Object.keys(done)]);
  expect(replaced['refiner.safetensors']).not.toBe(done['refiner.safetensors']);
});

test('a run that is interrupted and killed ends in the same bytes as one that is not', async () => {
  const cwd = await temporaryFolder();
  const command = [...train, '--steps', '30', '--json'];
  const whole = runCli([...command, '--out', 'whole'], { cwd });

  const interrupted = startCli([...command, '--out', 'out'], { cwd });
  await interrupted.seen('"step":5,');
  interrupted.child.kill('SIGINT');
  const stopped = await interrupted.ended;
  expect(stopped).toMatchObject({ exitCode: 130, signal: null });
  const { event, code, message } = eventsOf(stopped.stdout).at(-1)!;
  expect({ event, code }).toEqual({ event: 'error', code: 'INTERRUPTED' });
  expect(message).toMatch(
    /^Stopped after step \d+ of 32; nothing is lost. Go on with the same command and --resume.$/,
  );
  expect(stopped.stderr).toContain(message);
  expect(Object.keys(await filesBelow(join(cwd, 'out')))).toEqual([
    'checkpoint.safetensors',
    'log.jsonl',
    'run.json',
  ]);

  const killed = startCli([...command, '--out', 'out', '--resume'], { cwd });
  await killed.seen('"step":20,');
  killed.child.kill('SIGKILL');
  expect(await killed.ended).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  // As if it had been killed while it wrote its checkpoint and a line of its log.
  await writeFile(join(cwd, 'out', '.checkpoint.safetensors.tmp'), 'half');
  await writeFile(join(cwd, 'out', 'log.jsonl'), '{"phase":"adv', { flag: 'a' });

  const last = await runCli([...command, '--out', 'out', '--resume'], { cwd });
  expect(last).toMatchObject({ exitCode: 0 });
  const steps = eventsOf(last.stdout).filter(({ event }) => event === 'step');
  expect(steps[0]!.step).toBeGreaterThan(5);
  expect(await whole).toMatchObject({ exitCode: 0 });
  expect(await filesBelow(join(cwd, 'out'))).toEqual(await filesBelow(join(cwd, 'whole')));
  expect((await jsonLines(join(cwd, 'out', 'log.jsonl'))).map(({ step }) => step)).toEqual(
    Array.from({ length: 32 }, (_, index) => index + 1),
  );
});

test('a full disk is told as such, and what was there before it stays', async ({ skip }) => {
  if (process.platform !== 'linux') skip('only Linux has /dev/full');
  const cwd = await temporaryFolder();
  expect((await callCli([...train, '--out', 'out'], { cwd })).exitCode).toBe(0);
  const done = await filesBelow(join(cwd, 'out'));
  await symlink('/dev/full', join(cwd, 'out', '.refiner.safetensors.tmp'));
  expect(await callCli([...train, '--out', 'out', '--resume'], { cwd })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('refiner.safetensors: the disk is full. Make room, then run it again.'),
  });
  expect(await filesBelow(join(cwd, 'out'))).toEqual(done);
});

test('a checkpoint of other networks is refused', async () => {
  const cwd = await temporaryFolder();
  await Promise.all([
    callCli([...train, '--out', 'quick'], { cwd }),
    callCli([...train, '--out', 'paper', '--recipe', 'paper'], { cwd }),
  ]);
  await cp(join(cwd, 'paper', 'checkpoint.safetensors'), join(cwd, 'swap'));
  await rename(join(cwd, 'swap'), join(cwd, 'quick', 'checkpoint.safetensors'));
  expect(await callCli([...train, '--out', 'quick', '--resume'], { cwd })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('The checkpoint does not belong to these networks'),
  });
});
