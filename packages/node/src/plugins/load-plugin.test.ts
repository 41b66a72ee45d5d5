import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { blobs, blobsPath } from '../../test/blobs.ts';
import { temporaryFolder, writeFiles } from '../../test/folders.ts';
import { findPlugin, isPackageName, loadFactory, loadPlugin, pluginReference } from './load-plugin.ts';

/** The module of a plugin that needs no other module, called `name`. */
function moduleOf(name: string): string {
  return `
    const numbers = {
      steps: 1, batchSize: 1, optimizer: { kind: 'momentum', momentum: 0 }, learningRate: 1, lambda: 1,
      refinerUpdates: 1, discriminatorUpdates: 1, historySize: 0, warmup: { refiner: 0, discriminator: 0 },
    };
    export default (options) => ({
      apiVersion: 1,
      name: '${name}',
      options,
      image: { width: 2, height: 2, channels: 1, bits: 8 },
      annotation: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) }, geometry: {} },
      simulator() {}, refiner() {}, discriminator() {}, regularizer() {},
      recipes: { quick: numbers },
    });`;
}

/** The files of a package with a plugin that is called as its folder is. */
function packageOf(folder: string, manifest: object, entry = 'index.js', name = folder.split('/').at(-1)!) {
  return {
    [`${folder}/package.json`]: JSON.stringify(manifest),
    [`${folder}/${entry}`]: moduleOf(name),
  };
}

/** A module whose default export is the text. */
const factoryOf = (code: string) => `export default ${code};`;

test('by path to a module, absolute or relative to cwd', async () => {
  const byPath = await loadPlugin(blobsPath);
  expect(byPath.origin).toEqual({ module: pathToFileURL(blobsPath).href, options: {} });
  expect(byPath.plugin).toMatchObject({ apiVersion: 1, name: 'blobs', image: blobs().image });
  const cwd = dirname(blobsPath);
  for (const name of ['./blobs-plugin.ts', 'blobs-plugin.ts', '../test/blobs-plugin.ts']) {
    expect((await loadPlugin(name, {}, { cwd })).origin).toEqual(byPath.origin);
    expect(pluginReference(name, cwd)).toBe(blobsPath);
  }
  expect(pluginReference('eyes', cwd)).toBe('eyes');
});

test('options are parsed with defaults and kept for other threads', async () => {
  const options = { brightness: 20 };
  const { plugin, origin } = await loadPlugin(blobsPath, options);
  expect(origin.options).toEqual(options);
  const [dim, bright] = await Promise.all(
    [plugin, blobs()].map((one) => simulate(one.simulator!, { seed: 1, length: 1 }).at(0)),
  );
  expect(Math.max(...dim!.image.data)).toBeLessThanOrEqual(60);
  expect(Math.max(...bright!.image.data)).toBeGreaterThan(100);
  const { factory } = await loadFactory(blobsPath);
  expect(factory.options).toBeDefined();
});

test('invalid options are all reported at once, with the nearest key', async () => {
  const options = { brighness: 20, brightness: 'much', anySize: 1 };
  await expect(loadPlugin(blobsPath, options)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    problems: [
      'There is no option brighness. Did you mean brightness? Available options: brightness, anySize.',
      'The option brightness is "much": it takes a number from 1 to 200.',
      'The option anySize is 1: it takes true or false.',
    ],
  });
  await expect(loadPlugin(blobsPath, { brightness: 1000 })).rejects.toThrow(
    /The option brightness is 1000: .*200/,
  );
});

test('by path to a folder with a package.json: exports, main or index.js', async () => {
  const cwd = await temporaryFolder();
  await writeFiles(cwd, {
    ...packageOf('exported', { name: 'simgan-plugin-exported', exports: './lib/a.js' }, 'lib/a.js'),
    ...packageOf(
      'conditional',
      { name: '@a/b', exports: { '.': { types: './x.d.ts', default: './b.js' } } },
      'b.js',
    ),
    ...packageOf('main', { name: 'simgan-plugin-main', main: 'lib/c.js' }, 'lib/c.js'),
    ...packageOf('plain', { name: 'simgan-plugin-plain' }),
  });
  for (const name of ['exported', 'conditional', 'main', 'plain']) {
    expect((await loadPlugin(`./${name}`, {}, { cwd })).plugin.name).toBe(name);
  }
  await symlink(join(cwd, 'main'), join(cwd, 'linked'));
  expect((await loadPlugin('./linked', {}, { cwd })).plugin.name).toBe('main');
});

test('a folder is not mistaken for an installed package of the same name', async () => {
  const cwd = await temporaryFolder();
  await writeFiles(cwd, {
    ...packageOf('mine', { name: 'simgan-plugin-shared', main: 'index.js' }),
    ...packageOf(
      'node_modules/simgan-plugin-shared',
      { name: 'simgan-plugin-shared' },
      'index.js',
      'published',
    ),
  });
  expect((await loadPlugin('./mine', {}, { cwd })).plugin.name).toBe('mine');
  expect((await loadPlugin('shared', {}, { cwd })).plugin.name).toBe('published');
});

test('paths without a module report what was tried', async () => {
  const cwd = await temporaryFolder();
  await writeFiles(cwd, {
    'nameless/package.json': '{}',
    'broken/package.json': '{ "name": ',
    'null/package.json': 'null',
    'empty/package.json': '{ "name": "simgan-plugin-empty", "main": 5 }',
    'builtin/package.json': '{ "name": "node:fs" }',
    'data/package.json': '{ "name": "data:text/javascript,globalThis.wasLoaded=1" }',
    'unbuilt/package.json': '{ "name": "simgan-plugin-unbuilt", "exports": "./dist/index.js" }',
    'file.txt': '',
  });
  const advice = 'Give the path of its module or of its folder, relative to the folder you are in.';
  const cases = {
    './nowhere.js': `Tried ${join(cwd, 'nowhere.js')}, ${join(cwd, 'nowhere.js/package.json')}. ${advice}`,
    './file.txt/x': `Tried ${join(cwd, 'file.txt/x')}, ${join(cwd, 'file.txt/x/package.json')}. ${advice}`,
    './nul\0': 'There is no plugin',
    '.': `Tried ${cwd}, ${join(cwd, 'package.json')}. ${advice}`,
    './nameless': `${join(cwd, 'nameless/package.json')} (which has no name)`,
    './broken': `${join(cwd, 'broken/package.json')} (which has no name)`,
    './null': `${join(cwd, 'null/package.json')} (which has no name)`,
    './empty': `Tried ${join(cwd, 'empty/package.json')}, ${join(cwd, 'empty/index.js')}. ${advice}`,
    './unbuilt': `${join(cwd, 'unbuilt/dist/index.js')} (which is not there: build the package first)`,
    './builtin': `Tried ${join(cwd, 'builtin/package.json')}, ${join(cwd, 'builtin/index.js')}. ${advice}`,
    './data': `Tried ${join(cwd, 'data/package.json')}, ${join(cwd, 'data/index.js')}. ${advice}`,
  };
  for (const [name, message] of Object.entries(cases)) {
    await expect(loadPlugin(name, {}, { cwd }), name).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  }
  expect(globalThis).not.toHaveProperty('wasLoaded');
});

test('by short or full package name, first in the project, then beside the program', async () => {
  const root = await temporaryFolder();
  const cwd = join(root, 'project', 'deep');
  const beside = pathToFileURL(join(root, 'program', 'dist', 'bin.js')).href;
  const installed = (place: string, name: string, made: string) =>
    packageOf(`${place}/node_modules/${name}`, { name, keywords: ['simgan-plugin'] }, 'index.js', made);
  await writeFiles(root, {
    'project/deep/x': '',
    ...installed('project', 'simgan-plugin-spots', 'community'),
    ...installed('project', 'rings', 'bare'),
    ...installed('project', '@acme/simgan-plugin-cups', 'scoped'),
    ...installed('program', '@simgan/plugin-spots', 'bundled'),
    ...installed('program', 'simgan-plugin-rings', 'prefixed'),
    ...installed('program', '@simgan/plugin-lines', 'lines'),
  });
  const names: Record<string, string> = {
    lines: 'lines',
    '@simgan/plugin-lines': 'lines',
    'simgan-plugin-spots': 'community',
    '@acme/simgan-plugin-cups': 'scoped',
    // Of the names that one may mean, the likeliest is taken wherever it is installed.
    spots: 'bundled',
    rings: 'prefixed',
  };
  for (const [name, made] of Object.entries(names)) {
    expect((await loadPlugin(name, {}, { cwd, beside })).plugin.name, name).toBe(made);
  }
  // What is installed in the project hides what comes with the program.
  await writeFiles(root, installed('project', '@simgan/plugin-lines', 'own'));
  expect(findPlugin('lines', { cwd, beside })).toBe(
    pathToFileURL(join(root, 'project/node_modules/@simgan/plugin-lines/index.js')).href,
  );
});

test('an unknown name reports what was tried, the nearest name and how to install it', async () => {
  const cwd = await temporaryFolder();
  await writeFiles(
    cwd,
    packageOf('node_modules/simgan-plugin-spots', {
      name: 'simgan-plugin-spots',
      keywords: ['simgan-plugin'],
    }),
  );
  await expect(loadPlugin('sports', {}, { cwd })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    problems: [
      'There is no plugin "sports". Tried @simgan/plugin-sports, simgan-plugin-sports, sports. Did you mean spots?',
      'Install one with: npm install simgan-plugin-sports',
    ],
  });
  const packages = {
    'simgan-plugin-x': 'simgan-plugin-x',
    '@simgan/plugin-x': '@simgan/plugin-x',
    '@acme/simgan-plugin-x': '@acme/simgan-plugin-x',
    'plugin-x': 'plugin-x',
    x: 'simgan-plugin-x',
  };
  for (const [name, packageName] of Object.entries(packages)) {
    await expect(loadPlugin(name, {}, { cwd }), name).rejects.toMatchObject({
      problems: [expect.any(String), `Install one with: npm install ${packageName}`],
    });
  }
});

test('only package names are imported: no URL, no builtin, no disguised path', async () => {
  const cwd = await temporaryFolder();
  const code = 'globalThis.wasLoaded=1;export default()=>({})';
  await writeFiles(cwd, {
    'x.js': code,
    'node_modules/x/index.js': code,
    'node_modules/x/package.json': '{}',
  });
  const names = [
    `data:text/javascript,${code}`,
    ` data:text/javascript,${code}`,
    `\tdata:text/javascript,${code}`,
    `DATA:text/javascript,${code}`,
    pathToFileURL(join(cwd, 'x.js')).href,
    ` ${join(cwd, 'x.js')}`,
    'https://example.test/x.js?',
    'node:fs',
    'fs',
    'x/index',
    'x/../x',
    '@x',
    '@x/',
    '',
    ' ',
    'x ',
    'x\n',
    'X',
    '_x',
  ];
  for (const name of names) {
    await expect(loadPlugin(name, {}, { cwd }), JSON.stringify(name)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`There is no plugin ${JSON.stringify(name)}.`),
    });
  }
  expect(globalThis).not.toHaveProperty('wasLoaded');
  await expect(loadPlugin(names[1]!, {}, { cwd })).rejects.toThrow('Give the name of an installed package');
  // Only these may stand in a file, from where no path and no address is ever loaded.
  expect(['eyes', 'simgan-plugin-x', '@a/b', 'a.b_c-d'].every(isPackageName)).toBe(true);
  const others = [
    ...names.filter((name) => name !== 'fs'),
    './x',
    '../x',
    '/x',
    'x.js',
    'x.ts',
    'a/b',
    'C:\\x',
  ];
  expect(others.filter(isPackageName)).toEqual([]);
});

test('modules and factories that do not make a plugin are reported', async () => {
  const cwd = await temporaryFolder();
  const [noFactory, nonsense] = ['has no factory as its default export', 'makes no plugin'];
  const cases: Record<string, readonly [code: string, message: string]> = {
    'named.js': ['export const plugin = {};', noFactory],
    'object.js': [factoryOf('{}'), noFactory],
    'number.js': [factoryOf('() => 5'), nonsense],
    'nothing.js': [factoryOf('() => {}'), nonsense],
    'null.js': [factoryOf('async () => null'), nonsense],
    'empty.js': [factoryOf('() => ({})'), nonsense],
    'next.js': [
      factoryOf('() => ({ apiVersion: 2 })'),
      'speaks version 2 of the plugin interface, this program version 1',
    ],
    'bare.js': [
      factoryOf('() => ({ apiVersion: 1 })'),
      'lacks name, image, annotation, refiner, discriminator, regularizer, recipes.',
    ],
    'nulls.js': [
      moduleOf('x')
        .replace(/image: \{[^}]*\}/, 'image: null')
        .replace('recipes:', 'recipes: null, others:'),
      'lacks image, recipes.',
    ],
    'wrong.js': [
      moduleOf('Not A Name').replace('width: 2, ', ''),
      'cannot be used: its name "Not A Name" is not',
    ],
    'throws.js': ['throw new Error("no license");', 'does not load: no license'],
    'threw-object.js': ['throw { why: 1 };', 'does not load: it threw { why: 1 }, which is not an Error'],
    'threw-nothing.js': ['throw undefined;', 'does not load: it threw undefined, which is not an Error'],
    'syntax.js': ['export default {', 'does not load: '],
    'imports.js': ['import "./nowhere.js";', 'does not load: '],
  };
  await writeFiles(cwd, Object.fromEntries(Object.entries(cases).map(([file, [code]]) => [file, code])));
  for (const [file, [, message]] of Object.entries(cases)) {
    await expect(loadPlugin(`./${file}`, {}, { cwd }), file).rejects.toMatchObject({
      code: 'INVALID_PLUGIN',
      message: expect.stringContaining(`plugin ./${file} `),
    });
    await expect(loadPlugin(`./${file}`, {}, { cwd }), file).rejects.toThrow(message);
  }
  await writeFiles(cwd, { 'refuses.js': factoryOf('() => { throw new RangeError("too bright"); }') });
  await expect(loadPlugin('./refuses.js', { light: 9 }, { cwd })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'The plugin ./refuses.js cannot be made with the options {"light":9}: too bright',
  });
  await writeFiles(cwd, { 'five.js': factoryOf('() => { throw 5; }') });
  await expect(loadPlugin('./five.js', {}, { cwd })).rejects.toThrow(
    'The plugin ./five.js cannot be made: it threw 5, which is not an Error',
  );
  // A factory without a schema gets its options as they are.
  await writeFiles(cwd, { 'plain.js': moduleOf('plain') });
  expect((await loadPlugin('./plain.js', { light: 9 }, { cwd })).plugin).toMatchObject({
    options: { light: 9 },
  });
});

test('TypeScript that Node cannot load is reported with advice', async () => {
  const cwd = await temporaryFolder();
  // An enum is more than an annotation: no version of Node loads it by itself.
  await writeFiles(cwd, { 'plugin.ts': 'enum Kind { One }\nexport default () => Kind.One;\n' });
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href;
  const source = new URL('./load-plugin.ts', import.meta.url).href;
  const script = `
    import { register } from '${tsx}';
    const unregister = register();
    const { loadPlugin } = await import('${source}');
    await unregister();
    await loadPlugin('./plugin.ts').catch(({ code, message }) => console.log(JSON.stringify({ code, message })));
  `;
  await writeFiles(cwd, { 'script.mjs': script });
  const env = { ...process.env };
  for (const name of ['NODE_ENV', 'NODE_OPTIONS', 'VITEST']) delete env[name];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@simgan/source', join(cwd, 'script.mjs')],
    { cwd, env },
  );
  const { code, message } = JSON.parse(stdout) as { code: string; message: string };
  expect(code).toBe('INVALID_PLUGIN');
  expect(message).toContain(
    `The plugin ./plugin.ts does not load: Node ${process.versions.node} does not load TypeScript like this. ` +
      'Build it to JavaScript, or run with a loader: npm install tsx, then NODE_OPTIONS="--import tsx".',
  );
});
