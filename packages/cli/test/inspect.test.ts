import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import { blobsPlugin, eventsOf, temporaryFolder } from './spawn-cli.ts';

test('two sets are compared in figures, in words and in a picture', async () => {
  const cwd = await temporaryFolder();
  const command = ['inspect', '--plugin', blobsPlugin, '--count', '40', '--out', 'look'];
  const people = await callCli(command, { cwd });
  expect(people.exitCode).toBe(0);
  expect(people.stdout).toContain('brightness');
  expect(people.stdout).toMatch(/^synthetic .*\nmatched .*\nreal /m);
  expect((await stat(join(cwd, 'look', 'preview.png'))).size).toBeGreaterThan(100);

  const machine = await callCli([...command, '--json'], { cwd });
  const result = eventsOf(machine.stdout).at(-1) as unknown as {
    findings: { finding: string; advice: string }[];
    match: string;
    distances: Record<string, { kernel: number }>;
    synthetic: { brightness: number };
    matched: { brightness: number };
    real: { brightness: number };
  };
  const distance = (set: { brightness: number }) => Math.abs(set.brightness - result.real.brightness);
  expect(people.stdout).toContain(`--match ${result.match}`);
  expect(result.distances.matched!.kernel).toBeLessThan(result.distances.synthetic!.kernel / 3);
  expect(distance(result.matched)).toBeLessThan(distance(result.synthetic) / 3);
  for (const { finding, advice } of result.findings)
    expect(people.stdout).toContain(`- ${finding} ${advice}`);
});
