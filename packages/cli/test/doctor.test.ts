import { expect, test } from 'vitest';
import { runCliForEvents, temporaryFolder } from './spawn-cli.ts';

test('says what computes here, what does not and why, and how fast', async () => {
  const { exitCode, events } = await runCliForEvents(['doctor', '--engine', 'wasm'], {
    cwd: await temporaryFolder(),
  });
  expect(exitCode).toBe(0);
  expect(events.map(({ event }) => event)).toEqual(['engine', 'result']);
  const { engines, engine, throughput, node } = events[1] as unknown as {
    engines: { name: string; device?: string; problem?: string }[];
    engine: string;
    throughput: { stepsPerSecond: number; imagesPerSecond: number };
    node: string;
  };
  expect(engines.map(({ name }) => name)).toEqual(['tensorflow-gpu', 'onnx', 'tensorflow', 'wasm', 'cpu']);
  for (const { device, problem } of engines) expect(typeof (device ?? problem)).toBe('string');
  for (const name of ['wasm', 'cpu']) {
    expect(engines.find((report) => report.name === name)).toEqual({ name, device: expect.any(String) });
  }
  expect(engine).toBe('wasm');
  expect(node).toBe(process.version);
  expect(throughput.stepsPerSecond).toBeGreaterThan(0);
  expect(throughput.imagesPerSecond).toBeGreaterThan(0);
});
