import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { callCli, callCliForEvents } from './call-cli.ts';
import { blobsPlugin, eventsOf, filesBelow, jsonLines, startCli, temporaryFolder } from './spawn-cli.ts';

const train = ['train', '--plugin', blobsPlugin, '--engine', 'wasm'];
const gatedBlobs = fileURLToPath(new URL('./gated-blobs-plugin.ts', import.meta.url));

test('leaves a run, the same bytes for the same seed', async () => {
  const cwd = await temporaryFolder();
  const first = await callCli([...train, '--out', 'first'], { cwd });
  expect(first).toMatchObject({
    exitCode: 0,
    stdout: `Refiner trained in 6 steps: first/refiner.safetensors\nNext: simgan-cli augment --plugin ${blobsPlugin} --refiner first\n`,
  });
  const second = await callCliForEvents(train, { cwd });
  expect(second.events.map(({ event }) => event)).toEqual([
    ...['engine', 'synthetic', 'warning', 'real'],
    ...Array.from({ length: 6 }, () => ['step', 'moment']).flat(),
    'result',
  ]);
  expect(second.events.at(-1)).toEqual({ event: 'result', out: 'runs/blobs', steps: 6 });

  const files = await filesBelow(join(cwd, 'first'));
  expect(Object.keys(files).filter((name) => !name.startsWith('timeline/'))).toEqual([
    'checkpoint.safetensors',
    'events.out.tfevents.simgan',
    'log.jsonl',
    'refiner.safetensors',
    'run.json',
  ]);
  expect(await filesBelow(join(cwd, 'runs', 'blobs'))).toEqual(files);
  expect(await callCli([...train, '--out', 'other', '--seed', '2'], { cwd })).toMatchObject({ exitCode: 0 });
  const others = await filesBelow(join(cwd, 'other'));
  expect(others['refiner.safetensors']).not.toBe(files['refiner.safetensors']);

  const log = await jsonLines(join(cwd, 'first', 'log.jsonl'));
  expect(log).toEqual(
    second.events.filter(({ event }) => event === 'step').map(({ event: _, ...step }) => step),
  );
  expect(log.map(({ phase }) => phase)).toEqual([
    'refiner warm-up',
    'discriminator warm-up',
    ...Array.from({ length: 4 }, () => 'adversarial'),
  ]);
  expect(JSON.parse(await readFile(join(cwd, 'first', 'run.json'), 'utf8'))).toMatchObject({
    plugin: blobsPlugin,
    recipe: 'quick',
    numbers: { steps: 4, batchSize: 4 },
    corrections: 'none',
    seed: 1,
    synthetic: 'simulator',
    real: 'stand-in',
  });
});

test('refuses, resumes and replaces a run, and leaves the files of others alone', async () => {
  const cwd = await temporaryFolder();
  const dir = join(cwd, 'out');
  const run = (...args: string[]) => callCliForEvents([...train, '--out', 'out', ...args], { cwd });
  expect((await run()).exitCode).toBe(0);
  const done = await filesBelow(dir);

  expect(await run()).toMatchObject({ exitCode: 2, events: [{ event: 'error', code: 'OUTPUT_EXISTS' }] });
  const resumed = await run('--resume');
  expect(resumed.events).toContainEqual({ event: 'resume', phase: 'train', done: 6, total: 6 });
  expect(await filesBelow(dir)).toEqual(done);
  expect(await run('--resume', '--steps', '5', '--seed', '2')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('steps was 4 and is 5 now; seed was 1 and is 2 now'),
  });

  // Nothing of the earlier run is lost to a replacement that cannot even begin.
  expect(await run('--force', '--real', 'no-such-folder')).toMatchObject({ exitCode: 1 });
  expect(await filesBelow(dir)).toEqual(done);

  await writeFile(join(dir, 'thesis.tex'), 'precious');
  for (const flag of ['--force', '--resume']) {
    expect(await run(flag)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('thesis.tex') });
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

test('a process that is interrupted, then killed, ends in the same bytes as a run that is not', async () => {
  const cwd = await temporaryFolder();
  const gate = join(cwd, 'gate');
  const options = ['--plugin-option', `gate=${gate}`, '--plugin-option', 'after=94', '--threads', '1'];
  const command = ['train', '--plugin', gatedBlobs, '--engine', 'wasm', ...options, '--steps', '18'];
  const resume = [...command, '--out', 'out', '--resume', '--json'];
  await writeFile(gate, '');
  expect(await callCli([...command, '--out', 'whole'], { cwd })).toMatchObject({ exitCode: 0 });

  await unlink(gate);
  const interrupted = startCli(resume, { cwd });
  await interrupted.seen('"step":5,');
  interrupted.child.kill('SIGINT');
  // It says so where it cannot stop at once; at the gate it cannot.
  await interrupted.seen('Stopping after what is').catch(() => {});
  await writeFile(gate, '');
  const stopped = await interrupted.ended;
  expect(stopped).toMatchObject({ exitCode: 130, signal: null });
  const { event, code, message } = eventsOf(stopped.stdout).at(-1)!;
  expect({ event, code }).toEqual({ event: 'error', code: 'INTERRUPTED' });
  expect(message).toBe('Stopped; nothing is lost. Go on with the same command and --resume.');
  expect(stopped.stderr).toContain(message);
  expect(Object.keys(await filesBelow(join(cwd, 'out')))).toEqual(
    expect.arrayContaining(['checkpoint.safetensors', 'log.jsonl', 'run.json']),
  );

  await unlink(gate);
  const killed = startCli(resume, { cwd });
  await killed.seen('"step":9,');
  killed.child.kill('SIGKILL');
  expect(await killed.ended).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  // As if it had been killed while it wrote its checkpoint and a line of its log.
  await writeFile(join(cwd, 'out', '.checkpoint.safetensors.tmp'), 'half');
  await writeFile(join(cwd, 'out', 'log.jsonl'), '{"phase":"adv', { flag: 'a' });

  await writeFile(gate, '');
  const last = await callCli(resume, { cwd });
  expect(last).toMatchObject({ exitCode: 0 });
  const steps = eventsOf(last.stdout).filter((one) => one.event === 'step');
  expect(steps[0]!.step).toBeGreaterThan(5);
  // The checkpoint before the last one is where it happened to be interrupted.
  const previous = ['checkpoint.previous.safetensors'];
  expect(await filesBelow(join(cwd, 'out'), previous)).toEqual(await filesBelow(join(cwd, 'whole')));
  expect((await jsonLines(join(cwd, 'out', 'log.jsonl'))).map(({ step }) => step)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
});
