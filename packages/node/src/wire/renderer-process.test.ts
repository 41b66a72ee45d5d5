import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { blobs } from '../../test/blobs.ts';
import { filesBelow, temporaryFolder, writeFiles } from '../../test/folders.ts';
import { grayPng, stdioRenderer } from '../../test/renderer.ts';
import {
  type RemoteSimulator,
  type RemoteSimulatorOptions,
  type RendererRetry,
  remoteSimulator,
} from './remote-simulator.ts';

const plugin = blobs();
const png = (await grayPng(12, 10)).toString('base64');

/** A renderer that misbehaves as its parameters say, and what it and its processes did. */
async function rendererThat(
  parameters: Readonly<Record<string, unknown>> = {},
  { start = '', ...options }: Partial<RemoteSimulatorOptions> & { start?: string } = {},
): Promise<{
  remote: RemoteSimulator;
  samples: ReturnType<RemoteSimulator['simulate']>;
  retries: RendererRetry[];
  /** The processes that did something, each as often as it did. */
  pids(what: string): Promise<number[]>;
}> {
  const cwd = await temporaryFolder();
  const log = join(cwd, 'log');
  const retries: RendererRetry[] = [];
  const remote = remoteSimulator(plugin, {
    command: [...stdioRenderer, start],
    parameters: { png, log, ...parameters },
    cwd,
    concurrency: 1,
    backoffMs: 1,
    retries: 2,
    onRetry: (retry) => retries.push(retry),
    ...options,
  } as RemoteSimulatorOptions);
  onTestFinished(() => remote.close());
  const pids = async (what: string) => {
    const lines = (await readFile(log, 'utf8')).split('\n');
    return lines.filter((line) => line.startsWith(`${what} `)).map((line) => Number(line.split(' ')[1]));
  };
  return { remote, samples: remote.simulate({ seed: 7, length: 1000 }), retries, pids };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const name = stdioRenderer.join(' ');
const fix = '. Fix the renderer and rerun; docs/renderers.md documents the protocol.';

test('one process renders one request after the other, and ends with the simulator', async () => {
  const { remote, samples, pids } = await rendererThat();
  for (const index of [0, 1, 2]) {
    const { id, image, annotation } = await samples.at(index);
    expect([id, image.width, annotation]).toEqual([
      `000000${index}`,
      12,
      { x: expect.any(Number), y: expect.any(Number) },
    ]);
  }
  const asked = await pids('asked');
  // The first sample is asked for twice.
  expect(asked).toHaveLength(4);
  expect(new Set(asked).size).toBe(1);
  expect(isRunning(asked[0]!)).toBe(true);
  await remote.close();
  expect(isRunning(asked[0]!)).toBe(false);
});

test('several processes render in parallel, the same samples', async () => {
  const one = await rendererThat();
  const wanted = Array.from({ length: 12 }, (_, index) => index);
  const parallel = await rendererThat({}, { concurrency: 3 });
  const items = await Promise.all(wanted.map((index) => parallel.samples.at(index)));
  expect(new Set(await parallel.pids('asked')).size).toBe(3);
  expect(await Promise.all(wanted.map((index) => one.samples.at(index)))).toEqual(items);
  await parallel.remote.close();
  for (const pid of await parallel.pids('asked')) expect(isRunning(pid)).toBe(false);
});

test('what a program writes before it is ready is no response', async () => {
  const { samples } = await rendererThat({}, { start: 'greets' });
  expect((await samples.at(5)).image.width).toBe(12);
});

test.each(['dies', 'cuts'])(
  'a process that %s is started again, and its request asked again',
  async (does) => {
    const { samples, retries, pids } = await rendererThat({ does, at: 1, times: 2 });
    const first = await samples.at(0);
    const second = await samples.at(1);
    expect(await (await rendererThat()).samples.at(1)).toEqual(second);
    expect(second).not.toEqual(first);
    expect(retries).toMatchObject([
      { seed: 7, index: 1, failures: 1 },
      { seed: 7, index: 1, failures: 2 },
    ]);
    const code = does === 'dies' ? 3 : 0;
    expect(retries[1]!.reason).toContain(`the process ended with exit code ${code}`);
    expect(new Set(await pids('asked')).size).toBe(3);
  },
);

test('after as many deaths on one request as are allowed, the last lines of stderr are shown', async () => {
  const { samples, pids } = await rendererThat({ does: 'dies', at: 1, times: 1000 });
  await samples.at(0);
  await expect(samples.at(1)).rejects.toMatchObject({
    code: 'RENDERING_FAILED',
    message: `The renderer ${name} "" failed at index 1 of seed 7 after 3 attempts: the process ended with exit code 3, and wrote to stderr:
  two
  three
  four
  five
  out of memory
Check that it is running, then rerun; what is written already can be resumed.`,
  });
  expect(await pids('dies')).toHaveLength(3);
  // Others are still rendered.
  await expect(samples.at(2)).resolves.toMatchObject({ id: '0000002' });
});

test('a process that never becomes ready', async () => {
  const { samples } = await rendererThat({}, { start: 'breaks', retries: 1 });
  await expect(samples.at(0)).rejects.toThrow(
    `failed at index 0 of seed 7 after 2 attempts: the process ended with exit code 7, and wrote to stderr:
  Traceback (most recent call last):
  [31mImportError: no module named bpy
Check that`,
  );
  const babbling = await rendererThat({}, { start: 'babbles' });
  await expect(babbling.samples.at(0)).rejects.toThrow(
    'it wrote more than 1048576 bytes to stdout without the line "simgan-renderer 1"',
  );
  const newer = await rendererThat({}, { start: 'newer' });
  await expect(newer.samples.at(0)).rejects.toThrow(
    'it speaks version 2 of the protocol, and this program 1',
  );
  const silent = await rendererThat({}, { start: 'stands', timeoutMs: 100, retries: 0 });
  await expect(silent.samples.at(0)).rejects.toThrow('it timed out after 0.1 s');
});

test.each([
  ['refuses', 'it responded: There is no material wood. Fix'],
  [
    'chats',
    'the header of its response is not JSON: "Saved: frame.png". Only responses belong on stdout; write messages to stderr',
  ],
  ['boasts', 'its response has 1000000000000 bytes, and at most 67108864 are read'],
  ['rambles', 'the header of its response has more than 8192 bytes and begins "xxx'],
  [
    'mumbles',
    'the header of its response is "{"parts": [{"name": "image"}]}", and should be'.replaceAll('"{', '"{'),
  ],
  ['repeats', 'its response has two parts named image'],
])('not asked again, because it would do the same: it %s', async (does, message) => {
  const { samples, retries, pids } = await rendererThat({ does, at: 1, times: 1 });
  await samples.at(0);
  const error = await samples.at(1).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({ code: 'RENDERING_FAILED' });
  expect(error!.message.replaceAll('\\"', '"')).toContain(message);
  expect(error!.message.endsWith(fix.slice(1))).toBe(true);
  expect(retries).toEqual([]);
  // Whatever else it writes is not taken for the next response.
  const next = await samples.at(2);
  expect(next.id).toBe('0000002');
  expect(new Set(await pids('asked')).size).toBe(does === 'refuses' ? 1 : 2);
});

test('a process that hangs is killed, and its request asked again', async () => {
  const hangs = { does: 'hangs', at: 0, times: 1 };
  const { samples, retries, pids, remote } = await rendererThat(hangs, { timeoutMs: 1500, retries: 20 });
  await expect(samples.at(0)).resolves.toMatchObject({ id: '0000000' });
  expect(retries[0]!.reason).toBe('it timed out after 1.5 s');
  const [hung] = await pids('hangs');
  await remote.close();
  expect(isRunning(hung!)).toBe(false);
});

test('a process that closes its stdout and stays is killed', async () => {
  const { samples, retries } = await rendererThat({ does: 'closes', at: 1, times: 1 });
  await samples.at(0);
  await samples.at(1);
  expect(retries).toMatchObject([{ reason: 'the process closed its stdout' }]);
});

test('an abort kills at once', async () => {
  const controller = new AbortController();
  const { samples, remote, pids } = await rendererThat(
    { does: 'hangs', at: 1, times: 9 },
    { signal: controller.signal },
  );
  await samples.at(0);
  const second = samples.at(1);
  second.catch(() => {});
  while ((await pids('hangs')).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  controller.abort(new Error('Ctrl-C'));
  await expect(second).rejects.toThrow('Ctrl-C');
  await remote.close();
  expect(isRunning((await pids('hangs'))[0]!)).toBe(false);
});

test('a process that stays when there is no more to do is killed', async () => {
  const { samples, remote, pids } = await rendererThat({}, { start: 'stays' });
  await samples.at(0);
  const [pid] = await pids('asked');
  await remote.close();
  expect(isRunning(pid!)).toBe(false);
});

test('a program that is not there, and one that is none', async () => {
  const cwd = await temporaryFolder();
  await writeFiles(cwd, { 'renderer.py': 'print()' });
  const start = (command: readonly string[], dir = cwd) => {
    const remote = remoteSimulator(plugin, { command, cwd: dir, backoffMs: 600_000 });
    onTestFinished(() => remote.close());
    return remote.simulate({ seed: 1, length: 1 }).at(0);
  };
  await expect(start(['no-such-program', '--fast'])).rejects.toThrow(
    `The renderer no-such-program --fast failed at index 0 of seed 1: it cannot be started: there is no such program or folder${fix}`,
  );
  await expect(start([join(cwd, 'renderer.py')])).rejects.toThrow('it cannot be started: ');
  await expect(start([...stdioRenderer], join(cwd, 'nowhere'))).rejects.toThrow(
    'there is no such program or folder',
  );
});

test('no shell reads the command', async () => {
  const dir = await temporaryFolder();
  const remote = remoteSimulator(plugin, {
    command: [...stdioRenderer, '; touch', '$(touch x)', '> y'],
    parameters: { png },
    cwd: dir,
  });
  await remote.simulate({ seed: 1, length: 1 }).at(0);
  await remote.close();
  expect(await filesBelow(dir)).toEqual({});
});

test('a simulator that is not closed does not keep its program running', async () => {
  const dir = await temporaryFolder();
  const module = (path: string) => new URL(path, import.meta.url).href;
  await writeFiles(dir, {
    'program.mjs': `
      import { remoteSimulator } from ${JSON.stringify(module('./remote-simulator.ts'))};
      import blobs from ${JSON.stringify(module('../../test/blobs-plugin.ts'))};
      const remote = remoteSimulator(blobs(), ${JSON.stringify({ command: stdioRenderer, parameters: { png }, concurrency: 2 })});
      const samples = remote.simulate({ seed: 1, length: 9 });
      await Promise.all([0, 1, 2].map((index) => samples.at(index)));
      process.stdout.write('done');`,
  });
  const loader = pathToFileURL(createRequire(new URL('../../../cli/', import.meta.url)).resolve('tsx')).href;
  const child = spawn(
    process.execPath,
    ['--conditions=@simgan/source', '--import', loader, join(dir, 'program.mjs')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (part) => {
    text += part;
  });
  const exitCode = await new Promise((resolve) => child.once('close', resolve));
  expect([text, exitCode]).toEqual(['done', 0]);
});
