import { existsSync } from 'node:fs';
import { copyFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDataset } from '@simgan/node';
import { expect, test } from 'vitest';
import blobs from './blobs-plugin.ts';
import { callCli } from './call-cli.ts';
import { writeRealPictures } from './pictures.ts';
import {
  blobsPlugin,
  eventsOf,
  filesBelow,
  jsonLines,
  type RunningCli,
  runCli,
  runCliForEvents,
  startCli,
  temporaryFolder,
} from './spawn-cli.ts';

const augment = ['augment', '--plugin', blobsPlugin, '--engine', 'wasm'];

test('does the whole job on its defaults: other pixels, the same annotations to the byte', async () => {
  const cwd = await temporaryFolder();
  const [first, second, simulated] = await Promise.all([
    runCli([...augment, '--count', '6', '--out', 'first'], { cwd }),
    runCliForEvents([...augment, '--count', '6'], { cwd }),
    runCli(['simulate', '--plugin', blobsPlugin, '--count', '6', '--out', 'simulated'], { cwd }),
  ]);
  expect([first.exitCode, second.exitCode, simulated.exitCode]).toEqual([0, 0, 0]);
  expect(first.stdout).toMatch(/^distance to real {3}intensity {2}gradient/);
  expect(first.stdout.split('\n').slice(-5)).toEqual([
    '',
    '6 refined samples in first/dataset',
    'Look at first/preview.png',
    `Next: your own pictures: simgan-cli augment --plugin ${blobsPlugin} --real YOUR_PICTURES`,
    '',
  ]);
  expect(first.stderr).toContain('Note: no real pictures were given');
  expect(first.stderr).toMatch(/\nrefine {5}6\/6 {2}100%.*\n$/);

  const result = second.events.at(-1)!;
  expect(result).toMatchObject({ event: 'result', out: 'blobs-augmented', count: 6, rejects: 0 });
  expect(Object.keys(result.distances as object)).toEqual(['synthetic', 'refined', 'real']);

  const files = await filesBelow(join(cwd, 'first'));
  expect(Object.keys(files)).toEqual([
    'dataset/dataset.json',
    ...[0, 1, 2, 3, 4, 5].map((index) => `dataset/images/000000${index}.png`),
    'dataset/metadata.jsonl',
    'dataset/rejects.jsonl',
    'preview.png',
    'run/checkpoint.safetensors',
    'run/log.jsonl',
    'run/refiner.safetensors',
    'run/run.json',
  ]);
  expect(await filesBelow(join(cwd, 'blobs-augmented'))).toEqual(files);

  const annotations = await annotationTexts(join(cwd, 'first', 'dataset'));
  expect(annotations).toEqual(await annotationTexts(join(cwd, 'simulated')));
  expect(annotations[0]).toMatch(/^\{"file_name":"images\/0000000.png","x":[\d.]+,"y":[\d.]+,$/);
  const pictures = await filesBelow(join(cwd, 'simulated', 'images'));
  for (const [name, digest] of Object.entries(pictures))
    expect(files[`dataset/images/${name}`]).not.toBe(digest);
});

test('a trained refiner is used by its run, its folder or its file, with the options it was trained with', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 5);
  const training = ['--recipe', 'paper', '--plugin-option', 'brightness=120', '--real', 'real'];
  expect(await runCli([...augment, ...training, '--count', '5', '--out', 'trained'], { cwd })).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`augment --plugin ${blobsPlugin} --refiner trained/run --count 10000`),
    stderr: expect.stringContaining(`real      5 pictures from ${join(cwd, 'real')}\n`),
  });
  const expected = await filesBelow(join(cwd, 'trained', 'dataset', 'images'));

  for (const [index, refiner] of ['trained/run', 'trained', 'trained/run/refiner.safetensors'].entries()) {
    const args = [...augment, '--count', '5', '--refiner', refiner, '--out', `again-${index}`, '--json'];
    const { exitCode, stdout, stderr } = await callCli(args, { cwd });
    const events = eventsOf(stdout);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('(recipe paper)') });
    expect(events.map(({ event }) => event)).not.toContain('step');
    expect(events.find(({ event }) => event === 'real')).toMatchObject({
      origin: join(cwd, 'real'),
      count: 5,
    });
    expect(await filesBelow(join(cwd, `again-${index}`, 'dataset', 'images'))).toEqual(expected);
    expect((await readdir(join(cwd, `again-${index}`))).sort()).toEqual(['dataset', 'preview.png']);
  }

  // The real pictures of the training have gone: they are only compared with, and the stand-in does for that.
  await rm(join(cwd, 'real'), { recursive: true });
  const alone = [...augment, '--count', '5', '--refiner', 'trained'];
  expect(await callCli([...alone, '--out', 'alone'], { cwd })).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(
      `was trained on the real pictures in ${join(cwd, 'real')}, which is not there`,
    ),
  });
  expect(await filesBelow(join(cwd, 'alone', 'dataset', 'images'))).toEqual(expected);
  expect(await callCli([...alone, '--match', 'histogram', '--out', 'matched'], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('their histograms are needed. Pass real pictures with --real DIR'),
  });
});

test('a refiner that cannot be used', async () => {
  const cwd = await temporaryFolder();
  const run = (refiner: string, ...args: string[]) =>
    callCli([...augment, '--refiner', refiner, ...args], { cwd });
  await callCli(['train', ...augment.slice(1), '--out', 'trained'], { cwd });
  await cp(join(cwd, 'trained'), join(cwd, 'unfinished'), { recursive: true });
  await rm(join(cwd, 'unfinished', 'refiner.safetensors'));
  await writeFile(join(cwd, 'text'), 'no weights at all');
  const [missing, none, unfinished, text, other] = await Promise.all([
    run('nowhere'),
    run('.'),
    run('unfinished'),
    run('text'),
    run('trained', '--recipe', 'paper'),
  ]);
  expect(missing).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(`There is no refiner ${join(cwd, 'nowhere')}.`),
  });
  expect(none).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('is no run: it has no run.json'),
  });
  expect(unfinished).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('is not done: it has no refiner.safetensors yet'),
  });
  expect(text).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Cannot load weights from') });
  expect(other).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(
      /are not of this network:\n.* is \[.*\] in the file and \[.*\] in the network/,
    ),
  });
  expect((await readdir(cwd)).sort()).toEqual(['text', 'trained', 'unfinished']);
});

test("synthetic pictures of the user's own, with and without labels", async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'renders'), 6);
  await writeRealPictures(join(cwd, 'real'), 4);
  const run = (...args: string[]) =>
    callCli([...augment, '--synthetic', 'renders', '--real', 'real', ...args], { cwd });
  const bare = await run('--out', 'bare');
  expect(bare).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(
      `synthetic 6 pictures from ${join(cwd, 'renders')}; annotations passed on as they are\n`,
    ),
  });
  const lines = await jsonLines(join(cwd, 'bare', 'dataset', 'metadata.jsonl'));
  expect(lines.map((line) => Object.keys(line))).toEqual(
    Array.from({ length: 6 }, () => ['file_name', 'simgan']),
  );
  expect(lines[0]!.simgan).toMatchObject({ synthetic: join(cwd, 'renders'), real: join(cwd, 'real') });

  // Numbers and spaces that JSON.parse and JSON.stringify would not give back.
  const label = '"gaze":  [1.0, -0.50],"id":  12345678901234567890';
  const metadata = ['0000003', '0000001', '0000009'].map((id) => `{"file_name": "${id}.png", ${label}}`);
  await writeFile(join(cwd, 'renders', 'metadata.jsonl'), `${metadata.join('\n')}\n`);
  const labelled = await run('--out', 'labelled', '--batch-size', '2', '--json');
  expect(labelled).toMatchObject({ exitCode: 0 });
  expect(eventsOf(labelled.stdout).at(-1)).toMatchObject({ count: 2, rejects: 5 });
  const dataset = join(cwd, 'labelled', 'dataset');
  const text = await readFile(join(dataset, 'metadata.jsonl'), 'utf8');
  expect(text.split('\n').map((line) => line.includes(label))).toEqual([true, true, false]);
  expect((await readDataset(dataset, blobs())).annotations).toBe('foreign');
  expect(await jsonLines(join(dataset, 'rejects.jsonl'))).toMatchObject([
    { file: 'metadata.jsonl:3', reason: 'Its picture 0000009.png does not exist.' },
    ...[0, 2, 4, 5].map((index) => ({
      file: `000000${index}.png`,
      reason: 'No usable line of metadata.jsonl names it.',
    })),
  ]);
});

test('corrections of light are measured, written down, and the same when a run goes on or lends its refiner', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 12);
  const run = (...args: string[]) => callCli([...augment, ...args], { cwd });
  const asked = ['--real', 'real', '--match', 'blur:0.5,histogram,noise'];
  expect(await run(...asked, '--count', '4', '--out', 'out')).toMatchObject({ exitCode: 0 });
  const { corrections, numbers } = JSON.parse(await readFile(join(cwd, 'out', 'run', 'run.json'), 'utf8'));
  expect(numbers.match).toEqual([
    { correction: 'blur', strength: 0.5 },
    { correction: 'histogram' },
    { correction: 'noise' },
  ]);
  expect(corrections).toMatch(/^blur:0\.5,histogram:1,noise:0\.\d+$/);
  const dataset = join(cwd, 'out', 'dataset');
  const manifest = JSON.parse(await readFile(join(dataset, 'dataset.json'), 'utf8'));
  expect(manifest.provenance.match).toBe(corrections);
  const lines = await jsonLines(join(dataset, 'metadata.jsonl'));
  for (const { simgan } of lines) {
    expect(simgan).toMatchObject({
      match: corrections,
      matchedTo: expect.stringMatching(/^00000\d\d\.png$/),
    });
  }

  expect(await run(...asked, '--count', '9', '--out', 'out', '--resume')).toMatchObject({ exitCode: 0 });
  await run(...asked, '--count', '9', '--out', 'whole');
  expect(await filesBelow(dataset)).toEqual(await filesBelow(join(cwd, 'whole', 'dataset')));
  expect(await run('--refiner', 'out', '--count', '9', '--out', 'lent')).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(`match     ${corrections}`),
  });
  const images = ['dataset', 'images'];
  expect(await filesBelow(join(cwd, 'lent', ...images))).toEqual(
    await filesBelow(join(cwd, 'whole', ...images)),
  );
  expect(await run(...asked, '--match', 'blur:99', '--out', 'wrong')).toMatchObject({ exitCode: 2 });
  expect(await run('--match', 'blur:99,sharpen', '--out', 'wrong')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(
      /--match: the strength of blur must be above 0 and at most 10 \(px\), not 99\n--match: blur and sharpen exclude/,
    ),
  });
});

test('refuses, resumes and replaces what is there, and leaves the files of others alone', async () => {
  const cwd = await temporaryFolder();
  const out = join(cwd, 'out');
  const run = (...args: string[]) => callCli([...augment, '--count', '4', '--out', 'out', ...args], { cwd });
  expect((await run()).exitCode).toBe(0);
  const done = await filesBelow(out);

  expect(await run()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('holds an earlier run') });
  const again = await run('--resume');
  expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('4 refined samples') });
  expect(again.stderr).toContain('all 6 training steps were done already');
  expect(again.stderr).toContain('4 of 4 refined samples were there already');
  expect(await filesBelow(out)).toEqual(done);

  // Only what is missing is made: the dataset goes from 4 to 40 without another training.
  const enlarge = [...augment, '--count', '40', '--resume'];
  const more = await callCli([...enlarge, '--out', 'out', '--json'], { cwd });
  expect(eventsOf(more.stdout).map(({ event }) => event)).toEqual(['engine', 'synthetic', 'real', 'result']);
  // There is nothing to resume here, which is no mistake.
  await callCli([...enlarge, '--out', 'fresh'], { cwd });
  expect(await filesBelow(out)).toEqual(await filesBelow(join(cwd, 'fresh')));

  for (const place of ['thesis.tex', 'run/thesis.tex', 'dataset/thesis.tex', 'dataset/images/thesis.tex']) {
    await writeFile(join(out, place), 'precious');
    const before = await filesBelow(out);
    const refused = await run('--force');
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('thesis.tex') });
    expect(await filesBelow(out)).toEqual(before);
    await rm(join(out, place));
  }
  expect((await run('--force')).exitCode).toBe(0);
  expect(await filesBelow(out)).toEqual(done);
});

test('a folder of others that is called as ours is never replaced', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'out', 'dataset'), 2);
  const before = await filesBelow(cwd);
  for (const flag of ['--force', '--resume']) {
    expect(await callCli([...augment, '--out', 'out', flag], { cwd })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(
        'holds files of others (0000000.png, 0000001.png), which are never replaced',
      ),
    });
  }
  await copyFile(join(cwd, 'out', 'dataset', '0000000.png'), join(cwd, 'file'));
  expect(await callCli([...augment, '--out', 'file'], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(`${join(cwd, 'file')} is a file. Choose another folder with --out.`),
  });
  await rm(join(cwd, 'file'));
  expect(await filesBelow(cwd)).toEqual(before);
});

test('on a terminal all that takes long shows how far it is', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 5);
  const { exitCode, stderr } = await callCli([...augment, '--real', 'real', '--out', 'out', '--count', '7'], {
    cwd,
    isTTY: true,
  });
  expect(exitCode).toBe(0);
  const readable = stderr.replaceAll('\r', '<start>').replaceAll('\u001b[K', '<wipe>');
  const [engine, synthetic, reading, training, refining, ...rest] = readable.split('\n');
  expect(engine).toMatch(/^engine {4}wasm/);
  expect(synthetic).toMatch(/^synthetic 7 from/);
  // What passes is wiped away by the line that says what came of it.
  expect(reading).toMatch(/^<start>read {7}1\/5 {2}20%.*<start><wipe>real {6}5 pictures from/);
  expect(training).toMatch(/^<start>train {6}1\/6 {2}16%.*<start>train {6}6\/6 {2}100%.*<wipe>$/);
  expect(refining).toMatch(/^<start>refine {5}1\/7 {2}14%.*<start>refine {5}7\/7 {2}100%.*<wipe>$/);
  expect(rest).toEqual(['']);
});

test('interrupted, then killed while it refines, it ends in the same bytes as if it had not been', async () => {
  const cwd = await temporaryFolder();
  const command = [...augment, '--count', '1200'];
  const whole = runCli([...command, '--out', 'whole'], { cwd });
  const images = join(cwd, 'out', 'dataset', 'images');

  const interrupted = startCli([...command, '--out', 'out'], { cwd });
  await fileAppears(join(images, '0000040.png'), interrupted);
  interrupted.child.kill('SIGINT');
  expect(await interrupted.ended).toMatchObject({
    exitCode: 130,
    stderr: expect.stringMatching(/\nStopped while refining; what is written is safe.*--resume\.\n$/),
  });
  const killed = startCli([...command, '--out', 'out', '--resume'], { cwd });
  const written = (await readdir(images)).length;
  expect(written).toBeLessThan(1100);
  await fileAppears(join(images, `${String(written + 50).padStart(7, '0')}.png`), killed);
  killed.child.kill('SIGKILL');
  expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });

  const last = await runCli([...command, '--out', 'out', '--resume'], { cwd });
  expect(last).toMatchObject({ exitCode: 0 });
  expect(last.stderr).toMatch(/resume {4}\d+ of 1200 refined samples were there already/);
  expect(await whole).toMatchObject({ exitCode: 0 });
  expect(await filesBelow(join(cwd, 'out'))).toEqual(await filesBelow(join(cwd, 'whole')));
});

test('interrupted while it reads pictures, it leaves nothing behind', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 600);
  const reading = startCli([...augment, '--real', 'real', '--out', 'out', '--json'], { cwd });
  await reading.seen('"event":"synthetic"');
  reading.child.kill('SIGINT');
  expect(await reading.ended).toMatchObject({
    exitCode: 130,
    stderr: expect.stringMatching(
      /\nStopped; nothing is lost\. Go on with the same command and --resume\.\n$/,
    ),
  });
  expect(await readdir(cwd)).toEqual(['real']);
});

/** Each line up to its provenance, which says how the picture was made. */
async function annotationTexts(dataset: string): Promise<string[]> {
  const text = await readFile(join(dataset, 'metadata.jsonl'), 'utf8');
  return text.split('\n').map((line) => line.slice(0, line.indexOf('"simgan"')));
}

/** Waits for a file that a running command writes. */
async function fileAppears(file: string, running: RunningCli): Promise<void> {
  let hasEnded = false;
  void running.ended.then(() => {
    hasEnded = true;
  });
  while (!existsSync(file)) {
    if (hasEnded) throw new Error(`It ended without ${file}:\n${(await running.ended).stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
