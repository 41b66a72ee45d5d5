import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import blobs from './blobs-plugin.ts';
import { callCli, callCliForEvents } from './call-cli.ts';
import { writeRealPictures } from './pictures.ts';
import { blobsPlugin, eventsOf, type RunningCli, startCli, temporaryFolder } from './spawn-cli.ts';

const plugin = ['--plugin', blobsPlugin, '--engine', 'wasm'];
const turing = ['turing', 'run', ...plugin, '--count', '2', '--control', '1'];

/** A trained run of a folder of its own. */
async function trained(): Promise<string> {
  const cwd = await temporaryFolder();
  expect(await callCli(['train', ...plugin, '--out', 'run'], { cwd })).toMatchObject({ exitCode: 0 });
  return cwd;
}

/** The address that a served test says it has. */
async function urlOf({ child, seen }: RunningCli): Promise<string> {
  let text = '';
  child.stdout!.on('data', (part: string) => {
    text += part;
  });
  await seen('"serving"');
  return eventsOf(text).find(({ event }) => event === 'serving')!.url as string;
}

test('two tabs answer over a served test; Ctrl-C ends it and shows the results', async () => {
  const cwd = await trained();
  // As it is while it trains: the last checkpoint serves.
  await rename(join(cwd, 'run', 'refiner.safetensors'), join(cwd, 'kept'));
  const served = startCli([...turing, '--json'], { cwd });
  const url = await urlOf(served);
  const dir = join(cwd, 'run', 'turing');
  const { pictures: listed } = JSON.parse(await readFile(join(dir, 'test.json'), 'utf8')) as {
    pictures: { key: string; kind: string }[];
  };
  const post = async (path: string, body: unknown) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await response.json()) as { pictures: { key: string }[]; answered: number; note?: string };
  };
  const tabs = [await post('api/open', { name: 'Ada' }), await post('api/open', { name: 'Ada' })];
  const { key } = tabs[0]!.pictures[0]!;
  const isReal = listed.find((one) => one.key === key)!.kind === 'refined-real';
  const answer = { name: 'Ada', index: 0, key };
  const right = isReal ? 'real' : 'made';
  expect(await post('api/answer', { ...answer, said: right })).toEqual({ answered: 1 });
  expect(await post('api/answer', { ...answer, said: isReal ? 'made' : 'real' })).toMatchObject({
    answered: 1,
    note: expect.stringContaining('another window'),
  });
  served.child.kill('SIGINT');
  const { exitCode, stdout } = await served.ended;
  expect(exitCode).toBe(0);
  const result = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
  expect(result).toMatchObject({
    event: 'result',
    subjects: [{ name: 'Ada', answered: 1, total: 6 }],
    refined: { correct: 1, total: 1, p: 0.5 },
    control: { total: 0 },
  });
  const shown = await callCli([...turing, '--results'], { cwd });
  expect(shown.stdout).toBe(
    [
      '1 subject: Ada (1 of 6)',
      '  real or refined      1 of 1 right         p = 0.50       article: 517 of 1000',
      '  real or synthetic    0 of 0 right                        article: 162 of 200',
      '',
    ].join('\n'),
  );
});

test('a port in use, damaged answers and answers to another test are named, and nothing is lost', async () => {
  const cwd = await trained();
  const nobody = await callCli([...turing, '--results'], { cwd });
  expect(nobody.stdout).toContain('0 subjects: nobody yet');

  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo;
  expect(await callCli([...turing, '--port', String(port)], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(`Port ${port} is in use. Choose another with --port`),
  });

  const exported = await callCliForEvents([...turing, '--export', 'test.html'], { cwd });
  expect(exported.exitCode).toBe(0);
  expect(await readFile(join(cwd, 'test.html'), 'utf8')).toContain('data:image/png;base64,');

  const dir = join(cwd, 'run', 'turing');
  const made = JSON.parse(await readFile(join(dir, 'test.json'), 'utf8')) as {
    id: string;
    pictures: { key: string }[];
  };
  const answers = (id: string) => ({
    ...{ test: id, subject: 'Bob' },
    answers: [{ key: made.pictures[0]!.key, said: 'made' }],
  });
  await writeFile(join(cwd, 'answers.json'), JSON.stringify(answers('0'.repeat(24))));
  expect(await callCli([...turing, '--add', 'answers.json'], { cwd })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('holds answers to another test'),
  });
  await writeFile(join(cwd, 'answers.json'), JSON.stringify(answers(made.id)));
  const added = await callCli([...turing, '--add', 'answers.json'], { cwd });
  expect(added).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Bob (1 of 6)') });

  const [name] = await readdir(join(dir, 'answers'));
  await writeFile(join(dir, 'answers', name!), '{"test":');
  expect(await callCli([...turing, '--results'], { cwd })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(`${join(dir, 'answers', name!)} does not hold the answers of a subject`),
  });
  expect(await readFile(join(dir, 'answers', name!), 'utf8')).toBe('{"test":');

  const options = ['turing', 'run', '--export', 'x.html', '--port', '80'];
  expect(await callCli(options, { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('nothing is served'),
  });
  expect(await callCli(['turing', 'nowhere', ...plugin], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(`There is no folder ${join(cwd, 'nowhere')}`),
  });
});

test('too few pictures for a test are said before anybody is asked', async () => {
  const cwd = await trained();
  await writeRealPictures(join(cwd, 'real'), 4, blobs());
  const few = await callCli(['turing', 'run', ...plugin, '--real', 'real', '--export', 'x.html'], { cwd });
  expect(few).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/4 .*\b60\b/),
  });
  expect((await readdir(cwd)).sort()).toEqual(['real', 'run']);
});
