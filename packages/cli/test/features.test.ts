import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import { blobsPlugin, temporaryFolder } from './spawn-cli.ts';

const wasm = ['--engine', 'wasm'];
const plugin = ['--plugin', blobsPlugin, ...wasm];
const featureOptions = (...options: string[]) => options.flatMap((option) => ['--feature-option', option]);

test('a network in ONNX changes what training keeps, is remembered by the run, and is not needed to refine', async () => {
  const cwd = await temporaryFolder();
  const call = (...args: string[]) => callCli(args, { cwd });
  const weights = (run: string) => readFile(join(cwd, run, 'refiner.safetensors'));
  expect(await call('train', ...plugin, '--out', 'plain')).toMatchObject({ exitCode: 0 });
  // Any network does; this one is a refiner of ours.
  const exported = ['export', ...plugin, '--refiner', 'plain', '--out', 'net.onnx'];
  expect(await call(...exported)).toMatchObject({ exitCode: 0 });
  const features = ['--features', 'net.onnx', ...featureOptions('layout=nhwc', 'weight=5')];
  expect(await call('train', ...plugin, ...features, '--out', 'kept')).toMatchObject({ exitCode: 0 });
  expect(await weights('kept')).not.toEqual(await weights('plain'));

  const run = JSON.parse(await readFile(join(cwd, 'kept', 'run.json'), 'utf8')) as Record<string, unknown>;
  expect(run.features).toEqual({ file: join(cwd, 'net.onnx'), options: { layout: 'nhwc', weight: 5 } });
  expect(await call('train', ...plugin, ...features, '--out', 'kept', '--resume')).toMatchObject({
    exitCode: 0,
  });
  expect(await call('train', ...plugin, '--out', 'kept', '--resume')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('features was {'),
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
  expect(await refusal('--features', 'nowhere.onnx')).toMatch(/^2 [\s\S]*--features: there is no file/);
  expect(await refusal('--features', 'text.onnx')).toMatch(/^1 [\s\S]*not an ONNX model/);
  const wrong = await refusal('--features', 'text.onnx', ...featureOptions('rang=[0,1]', 'colors=grb'));
  expect(wrong).toMatch(/^2 /);
  expect(wrong).toContain('Did you mean range?');
  expect(wrong).toContain('must be rgb or bgr');
});
