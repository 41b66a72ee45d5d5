import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { takeFrom } from '@simgan/core';
import { encodePng, writeDataset } from '@simgan/node';
import { expect, test } from 'vitest';
import { barsTask } from '../../node/test/bars.ts';
import { writeFiles } from '../../node/test/folders.ts';
import { callCli } from './call-cli.ts';
import { blobsPlugin, temporaryFolder } from './spawn-cli.ts';

const barsPlugin = fileURLToPath(new URL('./bars-plugin.ts', import.meta.url));

test('rungs are compared in a table, with a reason for each and the command that does what is recommended', async () => {
  const cwd = await temporaryFolder();
  const { synthetic, real, plugin } = barsTask({ real: 40 });
  await writeDataset(join(cwd, 'synthetic'), takeFrom(synthetic, 60), { plugin });
  for await (const { id, image } of real) {
    await writeFiles(join(cwd, 'real'), { [`${id}.png`]: await encodePng(image) });
  }
  const sets = ['--synthetic', 'synthetic', '--real', 'real'];
  const { exitCode, stdout, stderr } = await callCli(
    ['compare', '--plugin', barsPlugin, ...sets, '--quick', '--threads', '1', '--out', 'compared'],
    { cwd },
  );
  expect(stderr).not.toContain('bug');
  expect(exitCode).toBe(0);
  const { treat, rungs, control } = JSON.parse(
    await readFile(join(cwd, 'compared', 'comparison.json'), 'utf8'),
  ) as {
    treat: string;
    rungs: { name: string; reason: string; taken: boolean; below: string }[];
    control: { auc: number };
  };
  expect(rungs.map(({ name }) => name)).toEqual([
    ...['randomized', 'framed', 'grounded', 'camera', 'lit', 'refined', 'warped', 'pseudo-labeled'],
  ]);
  const lines = stdout.split('\n');
  const column = lines.find((line) => line.includes('judged against'))!.indexOf('judged against');
  for (const { name, reason, taken, below } of rungs) {
    expect(stdout).toContain(`${name}: ${reason}`);
    const row = lines.find((line) => line.startsWith(`${taken ? '*' : ' '}${name} `));
    // However long names are, columns stay in line.
    expect(row!.slice(column).startsWith(below)).toBe(true);
  }
  expect(lines.find((line) => line.startsWith(' real'))).toContain(control.auc.toFixed(2));
  expect(stdout).toContain(
    `simgan-cli augment --plugin ${barsPlugin} --synthetic synthetic --real real --treat ${treat}`,
  );
  expect(stderr).toMatch(/(not )?taken +randomized: /);
});

test('a plugin without an estimator is refused with the reason', async () => {
  const cwd = await temporaryFolder();
  const { exitCode, stderr } = await callCli(['compare', '--plugin', blobsPlugin, '--engine', 'wasm'], {
    cwd,
  });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('The plugin blobs has no estimator whose answers can be compared');
});
