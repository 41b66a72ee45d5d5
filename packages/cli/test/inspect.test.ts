import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCli, callCliForEvents } from './call-cli.ts';
import { blobsPlugin, temporaryFolder } from './spawn-cli.ts';

test('two sets are compared in figures, in words and in a picture', async () => {
  const cwd = await temporaryFolder();
  const command = ['inspect', '--plugin', blobsPlugin, '--count', '40', '--out', 'look', '--match', 'light'];
  const { exitCode, events } = await callCliForEvents(command, { cwd });
  expect(exitCode).toBe(0);
  expect(events.map(({ event }) => event)).toEqual(['synthetic', 'warning', 'real', 'match', 'result']);
  expect((await stat(join(cwd, 'look', 'preview.png'))).size).toBeGreaterThan(100);
  const result = events.at(-1) as unknown as {
    findings: { source: string; finding: string; advice: string }[];
    match: string;
    distances: Record<string, { kernel: number }>;
    synthetic: { brightness: number };
    matched: { brightness: number };
    real: { brightness: number };
  };
  expect(result.match).toBe(events.at(-2)!.text);
  expect(result.distances.matched!.kernel).toBeLessThan(result.distances.synthetic!.kernel / 3);
  const distance = (set: { brightness: number }) => Math.abs(set.brightness - result.real.brightness);
  expect(distance(result.matched)).toBeLessThan(distance(result.synthetic) / 3);

  // The same for people.
  const people = await callCli(command, { cwd });
  expect(people.stdout).toContain(`--match ${result.match}`);
  for (const { source, finding, advice } of result.findings) {
    expect(people.stdout).toContain(`- ${source}: ${finding} ${advice}`);
  }
});
