import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { readSafetensors, writeSafetensors } from '@simgan/core';
import { expect, onTestFinished, test } from 'vitest';
import { callCli, callCliForEvents } from './call-cli.ts';
import { blobsPlugin, filesBelow, temporaryFolder } from './spawn-cli.ts';

const wasm = ['--engine', 'wasm'];
const blobs = ['--plugin', blobsPlugin, ...wasm];

test('a refiner by its URL', async () => {
  const cwd = await temporaryFolder();
  expect(await callCli(['augment', ...blobs, '--count', '4', '--out', 'trained'], { cwd })).toMatchObject({
    exitCode: 0,
  });
  const weights = await readFile(join(cwd, 'trained', 'run', 'refiner.safetensors'));
  const server = await serve({ '/refiner.safetensors': weights });
  const run = (path: string) =>
    callCliForEvents(
      ['augment', ...blobs, '--count', '4', '--refiner', `${server}${path}`, '--out', path.slice(1)],
      { cwd },
    );
  const { exitCode, events } = await run('/refiner.safetensors');
  expect(exitCode).toBe(0);
  expect(events.find(({ event }) => event === 'refiner')).toMatchObject({
    origin: `${server}/refiner.safetensors`,
    recipe: 'quick',
  });
  expect(await filesBelow(join(cwd, 'refiner.safetensors', 'dataset', 'images'))).toEqual(
    await filesBelow(join(cwd, 'trained', 'dataset', 'images')),
  );
  expect(await run('/missing')).toMatchObject({
    exitCode: 1,
    events: [{ event: 'error', code: 'FETCH_FAILED', message: expect.stringContaining('404') }],
  });
  expect((await readdir(cwd)).sort()).toEqual(['refiner.safetensors', 'trained']);
});

test('a refiner of an installed plugin needs no --plugin', async () => {
  const cwd = await temporaryFolder();
  const dir = join(cwd, 'node_modules', 'simgan-plugin-blobs');
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'package.json'), '{ "type": "module", "exports": "./index.ts" }');
  await symlink(await realpath(blobsPlugin), join(dir, 'index.ts'));
  const train = ['train', '--plugin', 'blobs', ...wasm, '--plugin-option', 'brightness=90', '--out', 'run'];
  expect(await callCli(train, { cwd })).toMatchObject({ exitCode: 0 });
  const run = (...args: string[]) =>
    callCli(['augment', '--refiner', 'run', ...wasm, '--count', '4', ...args], { cwd });
  const { exitCode, stdout } = await run('--out', 'unnamed');
  expect(exitCode).toBe(0);
  expect(stdout).not.toContain('--plugin');
  expect(await run('--plugin', 'blobs', '--out', 'named')).toMatchObject({ exitCode: 0 });
  expect(await filesBelow(join(cwd, 'unnamed'))).toEqual(await filesBelow(join(cwd, 'named')));
});

test('what a refiner names as its plugin is never executed, unless it is an installed package', async () => {
  const cwd = await temporaryFolder();
  const mark = join(cwd, 'executed');
  const source = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(mark)}, '');`;
  await writeFile(join(cwd, 'plugin.mjs'), source);
  expect(await callCli(['train', ...blobs, '--out', 'run'], { cwd })).toMatchObject({ exitCode: 0 });
  const file = join(cwd, 'run', 'refiner.safetensors');
  const { tensors, metadata } = readSafetensors(await readFile(file));
  const { sha256: _, run: config, ...rest } = metadata;
  const named = [
    `data:text/javascript,${encodeURIComponent(source)}`,
    join(cwd, 'plugin.mjs'),
    './plugin.mjs',
    '..',
    `file://${join(cwd, 'plugin.mjs')}`,
  ];
  for (const plugin of named) {
    const run = JSON.stringify({ ...(JSON.parse(config!) as object), plugin });
    await writeFile(file, writeSafetensors({ tensors, metadata: { ...rest, run } }));
    for (const command of ['augment', 'export']) {
      const { exitCode, stderr } = await callCli([command, '--refiner', 'run', ...wasm, '--out', 'out'], {
        cwd,
      });
      expect(exitCode).toBe(2);
      expect(stderr).toContain('pass it as --plugin');
    }
  }
  expect(existsSync(mark)).toBe(false);
  expect((await readdir(cwd)).sort()).toEqual(['plugin.mjs', 'run']);
});

test('a refiner that cannot be used', async () => {
  const cwd = await temporaryFolder();
  await callCli(['train', ...blobs, '--out', 'trained'], { cwd });
  await cp(join(cwd, 'trained'), join(cwd, 'unfinished'), { recursive: true });
  for (const name of ['refiner', 'checkpoint']) await rm(join(cwd, 'unfinished', `${name}.safetensors`));
  await writeFile(join(cwd, 'text'), 'no weights at all');
  const failure = async (refiner: string, ...args: string[]) => {
    const { exitCode, stderr } = await callCli(['augment', ...blobs, '--refiner', refiner, ...args], { cwd });
    return `${exitCode}: ${stderr}`;
  };
  expect(await failure('nowhere')).toContain(`2: There is no refiner ${join(cwd, 'nowhere')}.`);
  expect(await failure(dirname(blobsPlugin))).toMatch(/^2: .* is no run/);
  expect(await failure('unfinished')).toMatch(/^2: .* has no checkpoint yet/);
  expect(await failure('text')).toMatch(/^1: Cannot load weights from/);
  expect(await failure('trained', '--recipe', 'paper')).toMatch(/^1: [\s\S]*are not of this network/);
  expect((await readdir(cwd)).sort()).toEqual(['text', 'trained', 'unfinished']);
});

test('an unfinished run refines and exports by its checkpoint, which is said and stands in the dataset', async () => {
  const cwd = await temporaryFolder();
  await callCli(['train', ...blobs, '--out', 'run'], { cwd });
  await rm(join(cwd, 'run', 'refiner.safetensors'));
  const refined = await callCli(['augment', ...blobs, '--refiner', 'run', '--count', '2', '--out', 'out'], {
    cwd,
  });
  expect(refined).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(/Note: The run of this refiner is not done/),
  });
  const manifest = JSON.parse(await readFile(join(cwd, 'out', 'dataset', 'dataset.json'), 'utf8'));
  expect(manifest.provenance.refiner).toMatch(/^run \(step \d+ of \d+\)$/);
  const { exitCode } = await callCli(
    ['export', ...blobs.slice(0, 2), ...wasm, '--refiner', 'run/checkpoint.safetensors'],
    { cwd },
  );
  expect(exitCode).toBe(0);
  expect(existsSync(join(cwd, 'refiner.onnx'))).toBe(true);
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
