import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, writeFiles } from '../../test/folders.ts';
import { listPlugins } from './list-plugins.ts';

const manifest = (version: string, keywords: unknown = ['a', 'simgan-plugin']) =>
  JSON.stringify({ version, keywords });

test('lists packages with the keyword, nearest first, by short name', async () => {
  const root = await temporaryFolder();
  await writeFiles(root, {
    'node_modules/simgan-plugin-spots/package.json': manifest('1.0.0'),
    'node_modules/@simgan/plugin-eyes/package.json': manifest('2.0.0'),
    'node_modules/@acme/simgan-plugin-cups/package.json': manifest('3.0.0'),
    'node_modules/rings/package.json': manifest('4.0.0'),
    'project/node_modules/simgan-plugin-spots/package.json': manifest('9.0.0'),
    'project/deep/file': '',
  });
  const all = [
    { name: '@acme/simgan-plugin-cups', package: '@acme/simgan-plugin-cups', version: '3.0.0' },
    { name: 'eyes', package: '@simgan/plugin-eyes', version: '2.0.0' },
    { name: 'rings', package: 'rings', version: '4.0.0' },
    { name: 'spots', package: 'simgan-plugin-spots', version: '1.0.0' },
  ];
  expect(listPlugins(root)).toEqual(all);
  const nearer = all.map((plugin) => (plugin.name === 'spots' ? { ...plugin, version: '9.0.0' } : plugin));
  expect(listPlugins(join(root, 'project', 'deep'))).toEqual(nearer);
});

test('ignores everything else in node_modules', async () => {
  const root = await temporaryFolder();
  await writeFiles(root, {
    'node_modules/broken/package.json': '{',
    'node_modules/null/package.json': 'null',
    'node_modules/plain/package.json': manifest('1.0.0', ['other']),
    'node_modules/text/package.json': manifest('1.0.0', 'simgan-plugin'),
    'node_modules/.hidden/package.json': manifest('1.0.0'),
    'node_modules/file': '',
    'node_modules/@scope': '',
    'node_modules/folder/readme.md': '',
    'node_modules/versionless/package.json': '{"keywords":["simgan-plugin"]}',
  });
  await symlink('nowhere', join(root, 'node_modules', 'dangling'));
  expect(listPlugins(root)).toEqual([{ name: 'versionless', package: 'versionless', version: 'undefined' }]);
  expect(listPlugins(join(root, 'no', 'such', 'folder')).map(({ name }) => name)).toEqual(['versionless']);
});
