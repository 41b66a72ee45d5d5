import { existsSync } from 'node:fs';
import { readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { augment as augmentByLibrary } from '@simgan/node';
import { expect, test } from 'vitest';
import { callCli, callCliForEvents } from './call-cli.ts';
import { writeRealPictures } from './pictures.ts';
import {
  blobsPlugin,
  type CliResult,
  filesBelow,
  jsonLines,
  startCli,
  temporaryFolder,
} from './spawn-cli.ts';

const augment = ['augment', '--plugin', blobsPlugin, '--engine', 'wasm'];
const gatedBlobs = fileURLToPath(new URL('./gated-blobs-plugin.ts', import.meta.url));

test('does the whole job on its defaults: other pixels, the same annotations to the byte', async () => {
  const cwd = await temporaryFolder();
  const first = await callCli([...augment, '--count', '6', '--out', 'first'], { cwd });
  expect(first.exitCode).toBe(0);
  expect(first.stdout).toContain('6 refined samples in first/dataset\nLook at first/preview.png\n');
  expect(first.stdout).toContain(`simgan-cli augment --plugin ${blobsPlugin} --real YOUR_PICTURES`);
  expect(first.stderr).toContain('Note: No real pictures were given');

  const second = await callCliForEvents([...augment, '--count', '6'], { cwd });
  expect(second.exitCode).toBe(0);
  expect(second.events.map(({ event }) => event)).toEqual([
    ...['engine', 'synthetic', 'warning', 'real', 'treatment'],
    ...Array.from({ length: 6 }, () => ['step', 'moment']).flat(),
    'result',
  ]);
  const result = second.events.at(-1)!;
  expect(result).toMatchObject({ out: 'blobs-augmented', count: 6, rejects: 0 });
  expect(Object.keys(result.distances as object)).toEqual(['synthetic', 'refined', 'real']);

  const files = await filesBelow(join(cwd, 'first'));
  expect(Object.keys(files).filter((name) => !name.startsWith('run/timeline/'))).toEqual([
    'README.md',
    'croissant.json',
    'dataset/dataset.json',
    ...[0, 1, 2, 3, 4, 5].map((index) => `dataset/images/000000${index}.png`),
    'dataset/metadata.jsonl',
    'dataset/rejects.jsonl',
    'preview.png',
    'report.json',
    'run/checkpoint.safetensors',
    'run/events.out.tfevents.simgan',
    'run/log.jsonl',
    'run/refiner.safetensors',
    'run/run.json',
    'treatment.json',
    'triplets.png',
  ]);
  expect(await filesBelow(join(cwd, 'blobs-augmented'))).toEqual(files);

  await callCli(['simulate', '--plugin', blobsPlugin, '--count', '6', '--out', 'simulated'], { cwd });
  const annotations = await annotationTexts(join(cwd, 'first', 'dataset'));
  expect(annotations).toEqual(await annotationTexts(join(cwd, 'simulated')));
  expect(annotations[0]).toMatch(/^\{"file_name":"images\/0000000.png","x":[\d.]+,"y":[\d.]+,$/);
  const pictures = await filesBelow(join(cwd, 'simulated', 'images'));
  for (const [name, digest] of Object.entries(pictures))
    expect(files[`dataset/images/${name}`]).not.toBe(digest);
});

test('the command and the library give the same bytes', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 6);
  const options = ['--plugin-option', 'brightness=120', '--real', 'real', '--match', 'blur:0.5,noise'];
  const numbers = ['--steps', '2', '--batch-size', '3', '--count', '5', '--seed', '7'];
  const args = [...augment, '--recipe', 'paper', ...options, ...numbers];
  const byCommand = await callCliForEvents([...args, '--out', 'command'], { cwd });
  expect(byCommand.exitCode).toBe(0);
  const shared = {
    cwd,
    plugin: blobsPlugin,
    pluginOptions: { brightness: 120 },
    engine: 'wasm',
    count: 5,
  } as const;
  const byLibrary = await augmentByLibrary({
    ...shared,
    recipe: 'paper',
    real: 'real',
    match: [{ correction: 'blur', strength: 0.5 }, { correction: 'noise' }],
    steps: 2,
    batchSize: 3,
    seed: 7,
    out: 'library',
  });
  expect(await filesBelow(join(cwd, 'library'))).toEqual(await filesBelow(join(cwd, 'command')));
  const { distances, count } = byLibrary;
  expect(byCommand.events.at(-1)).toMatchObject({ distances, count });

  // And with the refiner that either of them trained.
  const refiner = ['--count', '5', '--refiner', 'library', '--out', 'command-again'];
  expect(await callCli([...augment, ...refiner], { cwd })).toMatchObject({ exitCode: 0 });
  await augmentByLibrary({ ...shared, refiner: 'library', out: 'library-again' });
  expect(await filesBelow(join(cwd, 'library-again'))).toEqual(await filesBelow(join(cwd, 'command-again')));
});

test('a trained refiner brings its options, recipe and corrections, and needs no real pictures', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 5);
  const options = ['--plugin-option', 'brightness=120', '--recipe', 'paper'];
  const real = ['--real', 'real', '--match', 'histogram'];
  const trained = await callCli([...augment, ...options, ...real, '--count', '5', '--out', 'trained'], {
    cwd,
  });
  expect(trained).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`augment --plugin ${blobsPlugin} --refiner trained/run --count 10000`),
    stderr: expect.stringContaining(`real      5 pictures from ${join(cwd, 'real')}\n`),
  });
  const images = await filesBelow(join(cwd, 'trained', 'dataset', 'images'));

  await rm(join(cwd, 'real'), { recursive: true });
  const { exitCode, events } = await callCliForEvents(
    [...augment, '--count', '5', '--refiner', 'trained', '--out', 'again'],
    { cwd },
  );
  expect(exitCode).toBe(0);
  expect(events.map(({ event }) => event)).toEqual(['warning', 'engine', 'synthetic', 'refiner', 'result']);
  expect(events.find(({ event }) => event === 'refiner')).toMatchObject({
    origin: 'trained',
    recipe: 'paper',
  });
  expect(events[0]!.message).toContain(`${join(cwd, 'real')}, which is not there`);
  expect(await filesBelow(join(cwd, 'again', 'dataset', 'images'))).toEqual(images);
  expect((await readdir(join(cwd, 'again'))).sort()).toEqual([
    'README.md',
    'croissant.json',
    'dataset',
    'preview.png',
    'report.json',
    'triplets.png',
  ]);
});

test("the user's own synthetic pictures: labels are passed on to the byte, what has none is rejected", async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'renders'), 4);
  // Numbers and spaces that JSON.parse and JSON.stringify would not give back.
  const label = '"gaze":  [1.0, -0.50],"id":  12345678901234567890';
  const metadata = ['0000003', '0000001', '0000009'].map((id) => `{"file_name": "${id}.png", ${label}}`);
  await writeFile(join(cwd, 'renders', 'metadata.jsonl'), `${metadata.join('\n')}\n`);
  const { exitCode, events } = await callCliForEvents(
    [...augment, '--synthetic', 'renders', '--batch-size', '2', '--out', 'out'],
    { cwd },
  );
  expect(exitCode).toBe(0);
  expect(events.find(({ event }) => event === 'synthetic')).toMatchObject({
    origin: join(cwd, 'renders'),
    annotations: 'foreign',
    count: 2,
  });
  expect(events.at(-1)).toMatchObject({ count: 2, rejects: 3 });
  const dataset = join(cwd, 'out', 'dataset');
  const text = await readFile(join(dataset, 'metadata.jsonl'), 'utf8');
  expect(text.split('\n').map((line) => line.includes(label))).toEqual([true, true, false]);
  const rejects = await jsonLines(join(dataset, 'rejects.jsonl'));
  expect(rejects.map(({ file, of }) => [file, of])).toEqual([
    ['metadata.jsonl:3', 'synthetic'],
    ['0000000.png', 'synthetic'],
    ['0000002.png', 'synthetic'],
  ]);
});

test('refuses, resumes, enlarges and replaces what is there, and leaves the files of others alone', async () => {
  const cwd = await temporaryFolder();
  const out = join(cwd, 'out');
  const command = [...augment, '--match', 'blur:0.5,noise'];
  const run = (...args: string[]) => callCliForEvents([...command, '--out', 'out', ...args], { cwd });
  expect((await run('--count', '4')).exitCode).toBe(0);
  const done = await filesBelow(out);

  const refused = await run('--count', '4');
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--resume') });
  expect(refused.events).toMatchObject([{ event: 'error', code: 'OUTPUT_EXISTS', exitCode: 2 }]);
  const resumed = await run('--count', '4', '--resume');
  expect(resumed.events.filter(({ event }) => event === 'resume')).toEqual([
    { event: 'resume', phase: 'train', done: 6, total: 6 },
    { event: 'resume', phase: 'refine', done: 4, total: 4 },
  ]);
  expect(await filesBelow(out)).toEqual(done);

  // Only what is missing is made: the dataset goes from 4 to 40 without another training.
  const more = await run('--count', '40', '--resume');
  expect(more.events.filter(({ event }) => event === 'step')).toEqual([]);
  expect(more.events.at(-1)).toMatchObject({ event: 'result', count: 40 });
  // There is nothing to resume here, which is no mistake.
  await callCli([...command, '--count', '40', '--resume', '--out', 'fresh'], { cwd });
  expect(await filesBelow(out)).toEqual(await filesBelow(join(cwd, 'fresh')));

  await writeFile(join(out, 'run', 'thesis.tex'), 'precious');
  const before = await filesBelow(out);
  for (const flag of ['--force', '--resume']) {
    const { exitCode, events } = await run('--count', '4', flag);
    expect({ exitCode, events }).toMatchObject({
      exitCode: 2,
      events: [{ code: 'OUTPUT_EXISTS', message: expect.stringContaining('thesis.tex') }],
    });
  }
  expect(await filesBelow(out)).toEqual(before);
  await unlink(join(out, 'run', 'thesis.tex'));
  expect((await run('--count', '4', '--force')).exitCode).toBe(0);
  expect(await filesBelow(out)).toEqual(done);
});

test('on a terminal all that takes long shows how far it is, and training its losses by their names', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 5);
  const { exitCode, stderr } = await callCli([...augment, '--real', 'real', '--out', 'out', '--count', '7'], {
    cwd,
    isTTY: true,
  });
  expect(exitCode).toBe(0);
  const readable = stderr.replaceAll('\r', '<start>').replaceAll('\u001b[J', '<wipe>');
  const lines = readable.split('\n');
  const [engine, synthetic, reading, treatment, begin] = lines;
  expect(engine).toMatch(/^engine {4}wasm/);
  expect(synthetic).toMatch(/^synthetic 7 from/);
  // What passes is wiped away by the line that says what came of it.
  expect(reading).toMatch(/^<start><wipe>read {7}━+┄+ {2}1\/5 {2}20%.*<start><wipe>real {6}5 pictures from/);
  expect(treatment).toContain('treatment refined: The plugin blobs has no estimator');
  expect(begin).toMatch(/^<start><wipe>train {6}━+┄+ {2}1\/6/);
  const end = lines.findIndex((line) => /<start>.*<wipe>train {6}━+ {2}6\/6 {2}100%/.test(line));
  const [losses, accuracy, refining, ...rest] = lines.slice(end + 1);
  expect(losses).toMatch(/^losses {5}G_adv \d+\.\d\d {2}L_reg \d\.\d{3} {2}λ 0\.50/);
  expect(accuracy).toMatch(/^accuracy {3}D real [01]\.\d\d refined [01]\.\d\d$/);
  expect(refining).toMatch(/^<start>.*<wipe>refine {5}━+┄+ {2}1\/7 {2}14%.*refine {5}━+ {2}7\/7 {2}100%/);
  expect(rest).toEqual(['']);
});

test('interrupted, then killed while it refines, it ends in the same bytes as if it had not been', async () => {
  const cwd = await temporaryFolder();
  const gate = join(cwd, 'gate');
  const open = () => writeFile(gate, '');
  const options = ['--plugin-option', `gate=${gate}`, '--plugin-option', 'after=40', '--threads', '1'];
  const command = ['augment', '--plugin', gatedBlobs, '--engine', 'wasm', ...options];
  const resume = [...command, '--count', '120', '--out', 'out', '--resume'];
  const images = join(cwd, 'out', 'dataset', 'images');
  const isWritten = () => existsSync(images) && readdir(images).then((names) => names.length >= 20);
  await open();
  expect(await callCli([...command, '--count', '120', '--out', 'whole'], { cwd })).toMatchObject({
    exitCode: 0,
  });
  // Trained, with a few samples: what follows is refining.
  expect(await callCli([...command, '--count', '4', '--out', 'out'], { cwd })).toMatchObject({ exitCode: 0 });

  await unlink(gate);
  const stop = new AbortController();
  const interrupted = callCliForEvents(resume, { cwd, stop });
  await becomesTrue(isWritten, interrupted);
  stop.abort();
  await open();
  const { exitCode, events } = await interrupted;
  expect({ exitCode, last: events.at(-1) }).toMatchObject({
    exitCode: 130,
    last: {
      event: 'error',
      code: 'INTERRUPTED',
      message: expect.stringMatching(/^Stopped; nothing is lost/),
    },
  });
  const written = (await readdir(images)).length;
  expect(written).toBeLessThan(120);

  await unlink(gate);
  const killed = startCli(resume, { cwd });
  await becomesTrue(async () => (await readdir(images)).length > written + 20, killed.ended);
  killed.child.kill('SIGKILL');
  expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });

  await open();
  const last = await callCliForEvents(resume, { cwd });
  expect(last.exitCode).toBe(0);
  const resumed = last.events.find(({ event, phase }) => event === 'resume' && phase === 'refine');
  expect(resumed!.done).toBeGreaterThan(written);
  expect(await filesBelow(join(cwd, 'out'))).toEqual(await filesBelow(join(cwd, 'whole')));
});

test('interrupted while it reads pictures, it leaves nothing behind', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 60);
  const args = [...augment, '--real', 'real', '--out', 'out', '--json'];
  expect(await callCli(args, { cwd, stopAt: '"event":"synthetic"' })).toMatchObject({
    exitCode: 130,
    stderr: expect.stringContaining('Stopped; nothing is lost. Go on with the same command and --resume.\n'),
  });
  expect(await readdir(cwd)).toEqual(['real']);
});

/** Each line up to its provenance, which says how the picture was made. */
async function annotationTexts(dataset: string): Promise<string[]> {
  const text = await readFile(join(dataset, 'metadata.jsonl'), 'utf8');
  return text.split('\n').map((line) => line.slice(0, line.indexOf('"simgan"')));
}

/** Waits for something that a command which runs brings about. */
async function becomesTrue(
  isTrue: () => boolean | Promise<boolean>,
  running: Promise<CliResult>,
): Promise<void> {
  let result: CliResult | undefined;
  void running.then((ended) => {
    result = ended;
  });
  while (!(await isTrue())) {
    if (result) throw new Error(`It ended too early:\n${result.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
