import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import { blobsPlugin, filesBelow, runCli, startCli, temporaryFolder } from './spawn-cli.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

test('the help names every command, and each command every option', async () => {
  const overview = await cli(['--help']);
  expect(overview).toEqual({ exitCode: 0, stdout: expect.any(String), stderr: '' });
  for (const args of [['-h'], ['help']]) expect(await cli(args)).toEqual(overview);
  const names = [...overview.stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) => name!);
  expect(names).toEqual(['augment', 'simulate', 'train', 'inspect', 'evaluate', 'export', 'doctor']);

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
}, 10_000);

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
  const args = 'augment --coumt 3 --count 0 --resume --force --real https://example.org --engine gpu'.split(
    ' ',
  );
  const stderr = [
    'Unknown option --coumt. Did you mean --count?',
    '--plugin: expected NAME, which must be given',
    '--engine: expected one of auto, tensorflow-gpu, onnx, tensorflow, wasm, cpu but received "gpu"',
    '--force has no place beside --resume: one replaces an earlier run, the other goes on with it.',
    '--count: expected a whole number of at least 1 but received "0"',
    '--real: expected a folder on this machine but received the address https://example.org; download it first',
    'See simgan-cli augment --help',
  ];
  expect(await cli(args, cwd)).toEqual({ exitCode: 2, stdout: '', stderr: `${stderr.join('\n')}\n` });
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
  ['augment --count 3 --synthetic d', '--count has no place beside --synthetic'],
  ['augment --refiner r --steps 3', '--refiner has no place beside --steps'],
  ['augment --refiner r --batch-size 3', '--refiner has no place beside --batch-size'],
])('%s', async (args, problem) => {
  const { exitCode, stderr } = await cli([...args.split(' '), '--plugin', 'eyes']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(problem) });
});

test('a plugin that is not there: what was tried, the nearest name, the line that installs it', async () => {
  const cwd = await temporaryFolder();
  expect(await cli(['simulate', '--plugin', 'eyez'], cwd)).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: [
      'There is no plugin "eyez". Tried @simgan/plugin-eyez, simgan-plugin-eyez, eyez. Did you mean eyes?',
      'Install one with: npm install simgan-plugin-eyez',
      'See simgan-cli simulate --help',
      '',
    ].join('\n'),
  });
  expect((await cli(['simulate', '--plugin', './eyes.mjs'], cwd)).stderr).toContain(
    `There is no plugin "./eyes.mjs". Tried ${join(cwd, 'eyes.mjs')}.`,
  );
});

test.each([
  ['export default 3', 'has no factory as its default export'],
  ['export default () => ({ name: "x" })', 'makes no plugin. Have it return what definePlugin'],
  [
    'export default () => ({ apiVersion: 2 })',
    'speaks version 2 of the plugin interface, this program version 1',
  ],
  ['import "no-such-package"', 'does not load: Cannot find package'],
  ['export default () => { throw new Error("bad moon") }', 'cannot be made: bad moon'],
])('a plugin that is none: %s', async (source, problem) => {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'plugin.mjs'), source);
  const { exitCode, stderr } = await cli(['simulate', '--plugin', './plugin.mjs'], cwd);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(problem) });
});

test('options that the plugin refuses', async () => {
  const args = ['simulate', '--plugin', blobsPlugin, '--plugin-option', 'brightness=900'];
  expect((await cli(args, await temporaryFolder())).stderr).toContain(
    `The plugin ${blobsPlugin} cannot be made with the options {"brightness":900}: brightness must be in [1, 200], not 900`,
  );
});

test('a recipe that the plugin has not', async () => {
  const args = ['train', '--plugin', blobsPlugin, '--recipe', 'quik'];
  const { exitCode, stderr } = await cli(args, await temporaryFolder());
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining('has no recipe "quik", it has quick, paper. Did you mean quick?'),
  });
});

test('a plugin of the project is found by its short name, its own before those beside this program', async () => {
  const cwd = await temporaryFolder();
  const dir = join(cwd, 'node_modules', 'simgan-plugin-moons');
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'package.json'), '{ "type": "module", "exports": "./moons.js" }');
  await writeFile(join(dir, 'moons.js'), 'export default () => { throw new Error("the project\'s moons") }');
  expect((await cli(['simulate', '--plugin', 'moons'], cwd)).stderr).toContain("the project's moons");
});

test('the process itself exits with the code and keeps stdout clean', async () => {
  const cwd = await temporaryFolder();
  const [help, wrong] = await Promise.all([
    runCli(['--version'], { cwd }),
    runCli(['simulate', '--nonsense'], { cwd }),
  ]);
  expect(help).toMatchObject({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  expect(wrong).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('--nonsense') });
});

test('a reader that stops reading stops the work in good order', async () => {
  const cwd = await temporaryFolder();
  const args = [
    'train',
    '--plugin',
    blobsPlugin,
    '--engine',
    'wasm',
    '--steps',
    '5000',
    '--out',
    'run',
    '--json',
  ];
  const { child, seen, ended } = startCli(args, { cwd });
  await seen('"event":"step"');
  child.stdout!.destroy();
  const { exitCode, stderr } = await ended;
  expect({ exitCode, stderr }).toEqual({
    exitCode: 130,
    stderr: expect.stringMatching(/Stopped after step \d+ of/),
  });
  expect(Object.keys(await filesBelow(join(cwd, 'run')))).toContain('checkpoint.safetensors');
});

/** The command line within this process, for what needs none of its own. */
async function cli(args: readonly string[], cwd = '/nowhere') {
  const { exitCode, stdout, stderr } = await callCli(args, { cwd });
  return { exitCode, stdout, stderr };
}
