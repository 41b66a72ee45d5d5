import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCli, callCliForEvents } from './call-cli.ts';
import { blobsPlugin, filesBelow, temporaryFolder } from './spawn-cli.ts';

test('a run is followed to its end by reading alone, and shown once', async () => {
  const cwd = await temporaryFolder();
  await callCli(['train', '--plugin', blobsPlugin, '--engine', 'wasm', '--out', 'run'], { cwd });
  const dir = join(cwd, 'run');
  const done = await filesBelow(dir);
  const once = await callCli(['watch', 'run', '--once'], { cwd });
  expect(once).toMatchObject({ exitCode: 0, stdout: 'The run is done, after 6 steps.\n' });
  expect(once.stderr).toMatch(/train +6\/6 .*G_adv \S+ {2}L_reg \S+ {2}λ \S+ {2}D real \S+ refined \S+/);
  expect(await filesBelow(dir)).toEqual(done);

  // As it was after four steps, with one being written.
  const lines = (await readFile(join(dir, 'log.jsonl'), 'utf8')).split('\n');
  await rename(join(dir, 'refiner.safetensors'), join(cwd, 'kept'));
  await writeFile(join(dir, 'log.jsonl'), `${lines.slice(0, 4).join('\n')}\n${lines[4]!.slice(0, 20)}`);
  expect((await callCli(['watch', 'run', '--once'], { cwd })).stdout).toBe('The run is at step 4 of 6.\n');
  const watching = callCliForEvents(['watch', 'run'], { cwd });
  await appendFile(join(dir, 'log.jsonl'), `${lines[4]!.slice(20)}\n${lines[5]}\n`);
  await rename(join(cwd, 'kept'), join(dir, 'refiner.safetensors'));
  const { exitCode, events } = await watching;
  expect(exitCode).toBe(0);
  expect(events.at(-1)).toEqual({ event: 'result', step: 6, steps: 6, isDone: true });
  expect(events.filter(({ event }) => event === 'step').at(-1)).toMatchObject({ step: 6 });
  expect(await filesBelow(dir)).toEqual(done);

  const nowhere = await callCli(['watch', 'nowhere'], { cwd });
  expect(nowhere).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('holds no run: it has no run.json'),
  });
});
