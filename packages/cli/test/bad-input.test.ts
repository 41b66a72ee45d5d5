import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCli, callCliForEvents } from './call-cli.ts';
import { writeRealPictures } from './pictures.ts';
import { blobsPlugin, jsonLines, temporaryFolder } from './spawn-cli.ts';

const augment = ['augment', '--plugin', blobsPlugin, '--engine', 'wasm'];

test('of a folder with damaged pictures the others are used, and the damaged ones are listed', async () => {
  const cwd = await temporaryFolder();
  const dir = join(cwd, 'real');
  await writeRealPictures(dir, 4);
  await writeFile(join(dir, 'empty.png'), '');
  await writeFile(join(dir, 'text.jpg'), 'This is no picture.');
  await writeFile(join(dir, 'labels.csv'), 'id,x,y');
  const args = [...augment, '--count', '4', '--real', 'real', '--out', 'out'];
  const { exitCode, stderr, events } = await callCliForEvents(args, { cwd });
  expect(exitCode).toBe(0);
  expect(events.find(({ event }) => event === 'real')).toEqual({
    event: 'real',
    origin: dir,
    count: 4,
    rejects: 2,
    resized: 0,
    ignored: 1,
  });
  expect(stderr).toContain('2 rejected (see rejects.jsonl)');
  expect(events.at(-1)).toMatchObject({ event: 'result', count: 4, rejects: 2 });
  expect(await jsonLines(join(cwd, 'out', 'dataset', 'rejects.jsonl'))).toMatchObject([
    { of: 'real', file: 'empty.png', reason: 'The file is empty.' },
    { of: 'real', file: 'text.jpg', reason: expect.stringContaining('not a picture') },
  ]);
});

test('folders without pictures, without enough of them, or not there', async () => {
  const cwd = await temporaryFolder();
  await mkdir(join(cwd, 'empty'));
  await writeRealPictures(join(cwd, 'three'), 3);
  const failure = async (...args: string[]) => {
    const { exitCode, events } = await callCliForEvents([...augment, ...args], { cwd });
    expect(exitCode).toBe(1);
    expect(events.at(-1)).toMatchObject({ event: 'error', code: 'NOT_ENOUGH_DATA', exitCode: 1 });
    return events.at(-1)!.message;
  };
  expect(await failure('--real', 'empty')).toContain(`no usable picture in ${join(cwd, 'empty')}`);
  expect(await failure('--real', 'nowhere')).toContain(`${join(cwd, 'nowhere')} cannot be read`);
  for (const kind of ['real', 'synthetic']) {
    expect(await failure(`--${kind}`, 'three')).toMatch(
      new RegExp(`There are 3 usable ${kind} pictures .* with smaller batches: --batch-size 3\\.`),
    );
  }
  // The way out that the message names.
  const args = [...augment, '--count', '3', '--real', 'three', '--batch-size', '3', '--out', 'out'];
  expect(await callCli(args, { cwd })).toMatchObject({ exitCode: 0 });
});
