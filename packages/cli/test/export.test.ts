import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCliForEvents } from './call-cli.ts';
import { blobsPlugin, temporaryFolder } from './spawn-cli.ts';

const plugin = ['--plugin', blobsPlugin, '--engine', 'wasm'];

test('a trained refiner becomes an ONNX file that agrees with the engine, and is not written over unasked', async () => {
  const cwd = await temporaryFolder();
  const call = (...args: string[]) => callCliForEvents(args, { cwd });
  expect(await call('train', ...plugin, '--out', 'run')).toMatchObject({ exitCode: 0 });

  const command = ['export', ...plugin, '--refiner', 'run'];
  const first = await call(...command);
  expect(first.exitCode).toBe(0);
  const { out, bytes, maxDifference } = first.events.at(-1)!;
  expect(out).toBe('refiner.onnx');
  expect(maxDifference).toBeLessThan(1e-4);
  expect((await stat(join(cwd, 'refiner.onnx'))).size).toBe(bytes);

  expect(await call(...command)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--force'),
    events: [{ event: 'error', code: 'OUTPUT_EXISTS' }],
  });
  expect(await call(...command, '--force')).toMatchObject({ exitCode: 0 });
});

test('an export says what it needs', async () => {
  const cwd = await temporaryFolder();
  expect(await callCliForEvents(['export'], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--refiner: expected RUN|FILE|URL, which must be given'),
  });
});
