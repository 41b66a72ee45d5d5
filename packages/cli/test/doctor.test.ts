import { expect, test } from 'vitest';
import { callCliForEvents } from './call-cli.ts';
import { blobsPlugin, temporaryFolder } from './spawn-cli.ts';

test('says which plugins are installed, what computes here, what does not and why, and how fast', async () => {
  const { exitCode, events } = await callCliForEvents(
    ['doctor', '--plugin', blobsPlugin, '--engine', 'wasm'],
    {
      cwd: await temporaryFolder(),
    },
  );
  expect(exitCode).toBe(0);
  expect(events.map(({ event }) => event)).toEqual(['result']);
  const { plugins, engines, ...rest } = events[0] as unknown as {
    plugins: { name: string; package: string; version: string }[];
    engines: { name: string; device?: string; problem?: string }[];
    throughput: { stepsPerSecond: number; imagesPerSecond: number };
  };
  for (const name of ['depth-hands', 'eyes']) {
    expect(plugins).toContainEqual({
      name,
      package: `@simgan/plugin-${name}`,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  }
  expect(engines.map(({ name }) => name)).toEqual([
    'tensorflow-gpu',
    'webgpu',
    'onnx',
    'tensorflow',
    'wasm',
    'cpu',
  ]);
  for (const { device, problem } of engines) expect(typeof (device ?? problem)).toBe('string');
  for (const name of ['wasm', 'cpu']) {
    expect(engines.find((report) => report.name === name)).toEqual({ name, device: expect.any(String) });
  }
  expect(rest).toMatchObject({
    node: process.version,
    engine: 'wasm',
    plugin: 'blobs',
    throughput: { recipe: 'quick', batchSize: 4 },
  });
  expect(rest.throughput.stepsPerSecond).toBeGreaterThan(0);
  expect(rest.throughput.imagesPerSecond).toBeGreaterThan(0);
});
