import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { callCli } from './call-cli.ts';
import { blobsPlugin, eventsOf, filesBelow, runCli, temporaryFolder } from './spawn-cli.ts';

// A server of our own and not msw: the command line is another process, which msw does not reach.
const augment = ['augment', '--plugin', blobsPlugin, '--engine', 'wasm', '--count', '4'];

test('a refiner by its URL', async () => {
  const cwd = await temporaryFolder();
  expect(await callCli([...augment, '--out', 'trained'], { cwd })).toMatchObject({ exitCode: 0 });
  const weights = await readFile(join(cwd, 'trained', 'run', 'refiner.safetensors'));
  const server = await serve({
    '/refiner.safetensors': weights,
    '/page.html': Buffer.from('<!doctype html><title>Not what you meant</title>'),
    '/cut-off.safetensors': weights.subarray(0, weights.length - 100),
  });
  const command = (path: string) => [
    ...augment,
    '--refiner',
    `${server}${path}`,
    '--out',
    path.slice(1),
    '--json',
  ];
  const good = await runCli(command('/refiner.safetensors'), { cwd });
  const [missing, page, cutOff] = await Promise.all(
    ['/missing', '/page.html', '/cut-off.safetensors'].map((path) => callCli(command(path), { cwd })),
  );
  expect(good).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(`refiner   ${server}/refiner.safetensors (recipe quick)\n`),
  });
  expect(await filesBelow(join(cwd, 'refiner.safetensors', 'dataset', 'images'))).toEqual(
    await filesBelow(join(cwd, 'trained', 'dataset', 'images')),
  );
  expect(missing).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(
      `Cannot download ${server}/missing: the server answered 404 Not Found.\n`,
    ),
  });
  expect(eventsOf(missing!.stdout).at(-1)).toMatchObject({
    event: 'error',
    code: 'FETCH_FAILED',
    exitCode: 1,
  });
  for (const result of [page, cutOff]) {
    expect(result).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`Cannot load weights from ${server}/`),
    });
    expect(eventsOf(result!.stdout).at(-1)).toMatchObject({ event: 'error', code: 'INVALID_FILE' });
  }
});

test('a server that is not there', async () => {
  const cwd = await temporaryFolder();
  expect(
    await callCli([...augment, '--refiner', 'http://127.0.0.1:9/refiner', '--out', 'out'], { cwd }),
  ).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('Cannot download http://127.0.0.1:9/refiner: '),
  });
  expect(await filesBelow(cwd)).toEqual({});
});

/** Serves the bodies by their paths on this machine, all other paths with 404. */
async function serve(bodies: Readonly<Record<string, Buffer>>): Promise<string> {
  const server = createServer((request, response) => {
    const body = bodies[request.url ?? ''];
    response.writeHead(body ? 200 : 404, { 'content-length': body?.length ?? 0 }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
