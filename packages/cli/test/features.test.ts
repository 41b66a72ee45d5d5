import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import { blobsPlugin, temporaryFolder } from './spawn-cli.ts';

const plugin = ['--plugin', blobsPlugin, '--engine', 'wasm'];

test('a network in ONNX changes what training keeps, is remembered by the run, and is not needed to refine', async () => {
  const cwd = await temporaryFolder();
  const call = (...args: string[]) => callCli(args, { cwd });
  const weights = (run: string) => readFile(join(cwd, run, 'refiner.safetensors'));
  expect(await call('train', ...plugin, '--out', 'plain')).toMatchObject({ exitCode: 0 });
  // Any network does; this one is a refiner of ours.
  const exported = ['export', '--refiner', 'plain', '--engine', 'wasm', '--out', 'net.onnx'];
  expect(await call(...exported)).toMatchObject({ exitCode: 0 });
  const features = [
    '--features',
    'net.onnx',
    '--feature-option',
    'layout=nhwc',
    '--feature-option',
    'weight=5',
  ];
  expect(await call('train', ...plugin, ...features, '--out', 'kept')).toMatchObject({ exitCode: 0 });
  expect(await weights('kept')).not.toEqual(await weights('plain'));

  const run = JSON.parse(await readFile(join(cwd, 'kept', 'run.json'), 'utf8')) as Record<string, unknown>;
  expect(run.features).toEqual({ file: join(cwd, 'net.onnx'), options: { layout: 'nhwc', weight: 5 } });
  expect(await call('train', ...plugin, ...features, '--out', 'kept', '--resume')).toMatchObject({
    exitCode: 0,
  });
  expect(await call('train', ...plugin, '--out', 'kept', '--resume')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('was started otherwise and cannot be resumed: features was {'),
  });

  await rm(join(cwd, 'net.onnx'));
  const refined = ['augment', ...plugin, '--refiner', 'kept', '--count', '4', '--out', 'refined'];
  expect(await call(...refined)).toMatchObject({ exitCode: 0 });
});

test('networks that cannot be used, and options that say nothing', async () => {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'text.onnx'), 'no network at all');
  const refusal = async (...args: string[]) => {
    const { exitCode, stderr } = await callCli(['train', ...plugin, ...args], { cwd });
    return `${exitCode} ${stderr}`;
  };
  expect(await refusal('--features', 'nowhere.onnx')).toMatch(/^2 [\s\S]*there is no file .*nowhere\.onnx/);
  expect(await refusal('--features', 'text.onnx')).toMatch(/^1 [\s\S]*This is not an ONNX model/);
  expect(await refusal('--feature-option', 'output=relu')).toMatch(/^2 [\s\S]*that --features must name/);
  const wrong = [
    '--features',
    'text.onnx',
    '--feature-option',
    'rang=[0,1]',
    '--feature-option',
    'colors=grb',
  ];
  const told = await refusal(...wrong);
  expect(told).toContain('there is no rang, there are output, range,');
  expect(told).toContain('colors: expected rgb or bgr but received "grb"');
});
