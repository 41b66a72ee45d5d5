import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import { blobsPlugin, eventsOf, filesBelow, runCli, startCli, temporaryFolder } from './spawn-cli.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

test('the help names every command, and each command every option', async () => {
  const overview = await cli(['--help']);
  expect(overview).toEqual({ exitCode: 0, stdout: expect.any(String), stderr: '' });
  for (const args of [['-h'], ['help']]) expect(await cli(args)).toEqual(overview);
  const names = [...overview.stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) => name!);
  expect(names).toEqual([
    ...['augment', 'simulate', 'merge', 'convert', 'verify', 'train', 'inspect', 'compare', 'evaluate'],
    ...['report', 'turing', 'watch', 'export', 'doctor'],
  ]);

  for (const name of names) {
    const help = await cli([name, '--help']);
    expect(help).toEqual({ exitCode: 0, stdout: expect.any(String), stderr: '' });
    expect(help.stdout).toMatch(
      new RegExp(`^simgan-cli ${name}: .+\n\n[^]+\n\nOptions:\n( {2}--[^]+)\n\nExamples:\n {2}simgan-cli`),
    );
    expect(help.stdout).toContain('\n  --json ');
    expect(await cli(['help', name])).toEqual(help);
    // Help is what is asked for, whatever else is wrong.
    expect(await cli([name, '--coumt', '3', '-h'])).toEqual(help);
  }
});

test('no command at all is a mistake that is answered with the overview', async () => {
  const { exitCode, stdout, stderr } = await cli([]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toBe((await cli(['--help'])).stdout);
});

test('the version is that of the package', async () => {
  for (const flag of ['--version', '-v']) {
    expect(await cli([flag])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  }
});

test('an unknown command', async () => {
  expect(await cli(['trian', '--plugin', 'eyes'])).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'Unknown command trian. Did you mean train?\nSee simgan-cli --help\n',
  });
  expect((await cli(['constructor'])).exitCode).toBe(2);
});

test('everything that is wrong with a command line is said at once, and nothing is done', async () => {
  const cwd = await temporaryFolder();
  const args = 'train --coumt 3 --steps 0 --resume --force --real https://example.org --engine gpu'.split(
    ' ',
  );
  const { exitCode, stdout, stderr } = await cli([...args, '--match', 'blur:99,sharpen'], cwd);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  const beginnings = [
    'Unknown option --coumt.',
    '--plugin: expected NAME',
    '--engine: expected one of',
    '--steps: expected a whole number',
    '--force has no place beside --resume',
    '--real: expected a folder on',
    '--match: the strength of blur',
    '--match: blur and sharpen exclude',
    'See simgan-cli train --help',
  ];
  expect(stderr.trimEnd().split('\n')).toEqual(beginnings.map((text) => expect.stringContaining(text)));
  expect(await filesBelow(cwd)).toEqual({});
});

test('with --json an error is an event too', async () => {
  const { stdout, stderr } = await cli(['simulate', '--json']);
  expect(JSON.parse(stdout)).toEqual({
    event: 'error',
    code: 'USAGE',
    exitCode: 2,
    message: stderr.trimEnd(),
  });
});

test.each([
  ['augment --count 3 --synthetic d', ['--count has no place beside --synthetic']],
  [
    'augment --refiner r --steps 3 --batch-size 3 --match none --features f',
    ['--steps', '--batch-size', '--features', '--match'].map(
      (option) => `--refiner has no place beside ${option}`,
    ),
  ],
  ['augment', ['--plugin must be given: the domain, such as eyes.']],
  ['train --plugin eyes --feature-option weight=3', ['--feature-option: says how']],
])('refused: %s', async (args, problems) => {
  const cwd = await temporaryFolder();
  const { exitCode, stderr } = await cli(args.split(' '), cwd);
  expect(exitCode).toBe(2);
  const lines = stderr.trimEnd().split('\n').slice(0, -1);
  expect(lines).toEqual(problems.map((problem) => expect.stringContaining(problem)));
  expect(await filesBelow(cwd)).toEqual({});
});

test('a plugin that is not there: what was tried, the nearest name, the line that installs it', async () => {
  const { exitCode, stderr } = await cli(['simulate', '--plugin', 'eyez'], await temporaryFolder());
  expect(exitCode).toBe(2);
  expect(stderr).toContain('Did you mean eyes?\nInstall one with: npm install simgan-plugin-eyez\n');
});

test('a module that is no plugin is a failure', async () => {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'plugin.mjs'), 'export default 3');
  const { exitCode, stdout } = await cli(['simulate', '--plugin', './plugin.mjs', '--json'], cwd);
  expect(exitCode).toBe(1);
  expect(eventsOf(stdout)).toMatchObject([{ event: 'error', code: 'INVALID_PLUGIN', exitCode: 1 }]);
});

test('plugin options that cannot be used are named at once, with the nearest key', async () => {
  const cwd = await temporaryFolder();
  const options = ['brightnes=9', 'brightness=900'].flatMap((option) => ['--plugin-option', option]);
  const { exitCode, stderr } = await cli(['simulate', '--plugin', blobsPlugin, ...options], cwd);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('There is no option brightnes. Did you mean brightness?');
  expect(stderr).toContain('The option brightness is 900');
  expect(await filesBelow(cwd)).toEqual({});
});

test('a recipe that the plugin has not', async () => {
  const args = ['train', '--plugin', blobsPlugin, '--recipe', 'quik'];
  const { exitCode, stderr } = await cli(args, await temporaryFolder());
  expect(exitCode).toBe(2);
  expect(stderr).toContain('Did you mean quick?');
});

test("the project's own plugin of a short name goes before the one that came with this program", async () => {
  const cwd = await temporaryFolder();
  const dir = join(cwd, 'node_modules', '@simgan', 'plugin-eyes');
  await mkdir(dir, { recursive: true });
  const manifest = { name: '@simgan/plugin-eyes', type: 'module', exports: './eyes.js' };
  await writeFile(join(dir, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(dir, 'eyes.js'), 'export default () => { throw new Error("the project\'s eyes") }');
  expect((await cli(['simulate', '--plugin', 'eyes'], cwd)).stderr).toContain("the project's eyes");
});

test('the process exits with the code, and keeps stdout clean', async () => {
  const cwd = await temporaryFolder();
  expect(await runCli(['simulate', '--nonsense'], { cwd })).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('--nonsense'),
  });
});

test('a reader that stops reading stops the work in good order', async () => {
  const cwd = await temporaryFolder();
  const args = ['train', '--plugin', blobsPlugin, '--engine', 'wasm', '--steps', '100000', '--out', 'run'];
  const { child, seen, ended } = startCli([...args, '--json'], { cwd });
  await seen('"event":"step"');
  child.stdout!.destroy();
  expect(await ended).toMatchObject({
    exitCode: 130,
    stderr: expect.stringContaining('Stopped; nothing is lost.'),
  });
  expect(Object.keys(await filesBelow(join(cwd, 'run')))).toContain('checkpoint.safetensors');
});

/** The command line within this process, for what needs none of its own. */
async function cli(args: readonly string[], cwd = '/nowhere') {
  const { exitCode, stdout, stderr } = await callCli(args, { cwd });
  return { exitCode, stdout, stderr };
}
