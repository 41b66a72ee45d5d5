import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import { blobsPlugin, eventsOf, temporaryFolder } from './spawn-cli.ts';

test('a trained refiner becomes an ONNX file that agrees with the engine, and is not written over unasked', async () => {
  const cwd = await temporaryFolder();
  const train = ['train', '--plugin', blobsPlugin, '--engine', 'wasm', '--out', 'run'];
  expect(await callCli(train, { cwd })).toMatchObject({ exitCode: 0 });

  const command = ['export', '--refiner', 'run', '--engine', 'wasm', '--json'];
  const first = await callCli(command, { cwd });
  expect(first.exitCode).toBe(0);
  const result = eventsOf(first.stdout).at(-1) as unknown as {
    out: string;
    bytes: number;
    maxDifference: number;
  };
  expect(result.out).toBe('refiner.onnx');
  expect(result.maxDifference).toBeLessThan(1e-4);
  expect((await stat(join(cwd, 'refiner.onnx'))).size).toBe(result.bytes);

  const again = await callCli(command, { cwd });
  expect(again.exitCode).toBe(2);
  expect(again.stderr).toContain('is there already. Replace it with --force');
  expect(await callCli([...command, '--force'], { cwd })).toMatchObject({ exitCode: 0 });
});

test('an export says what it needs', async () => {
  const cwd = await temporaryFolder();
  expect(await callCli(['export'], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--refiner: expected RUN|FILE|URL, which must be given'),
  });
  expect(await callCli(['export', '--refiner', 'nowhere'], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('There is no refiner'),
  });
});
