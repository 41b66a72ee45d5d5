import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import { blobsPlugin, temporaryFolder } from './spawn-cli.ts';

test('the help of a command with a plugin shows its options, their types and their defaults', async () => {
  const cwd = await temporaryFolder();
  const plain = await callCli(['augment', '--help'], { cwd });
  for (const args of [
    ['augment', '--plugin', blobsPlugin, '--help'],
    ['help', 'augment', `--plugin=${blobsPlugin}`],
  ]) {
    const help = await callCli(args, { cwd });
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    expect(help.stdout.startsWith(plain.stdout)).toBe(true);
    expect(help.stdout.slice(plain.stdout.length)).toBe(
      [
        '',
        `Options of the plugin ${blobsPlugin} (--plugin-option KEY=VALUE):`,
        '  brightness=number from 1 to 200',
        '      How bright the blob is above its ground. Default: 180.',
        '',
      ].join('\n'),
    );
  }
});

test.each(['eyes', 'depth-hands'])('%s says of every option what it is', async (plugin) => {
  const { exitCode, stdout } = await callCli(['simulate', '--plugin', plugin, '--help'], {
    cwd: await temporaryFolder(),
  });
  expect(exitCode).toBe(0);
  const [, options] = stdout.split(`Options of the plugin ${plugin} (--plugin-option KEY=VALUE):\n`);
  const lines = options!.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(4);
  expect(lines.length % 2).toBe(0);
  for (let i = 0; i < lines.length; i += 2) {
    expect(lines[i]).toMatch(/^ {2}[a-zA-Z]+=\S/);
    expect(lines[i + 1]).toMatch(/^ {6}\S.*\.$/);
  }
  expect(options).toMatch(/Default: \S+\.\n/);
});

test('plugins without options, and a plugin that is not there', async () => {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'plain.mjs'), 'export default () => { throw new Error("is not made") }');
  const plain = await callCli(['train', '--plugin', './plain.mjs', '-h'], { cwd });
  expect(plain.exitCode).toBe(0);
  expect(plain.stdout).toContain('The plugin ./plain.mjs does not describe its options.');

  const missing = await callCli(['train', '--plugin', 'eyez', '-h'], { cwd });
  expect(missing).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Did you mean eyes?') });
});
