import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, writeFiles } from '../../test/folders.ts';
import { loadFormats } from './load-formats.ts';

const module = (name: string) =>
  `({ name: '${name}', description: 'a list', coordinates: 'none', read: async () => ({ entries: [], rejects: [] }) })`;

test('formats are loaded from a module or a package that the user names', async () => {
  const cwd = await temporaryFolder();
  await writeFiles(cwd, {
    'one.mjs': `export default ${module('one')};`,
    'two.mjs': `export const formats = [${module('two')}, ${module('three')}];`,
    'node_modules/simgan-formats-lists/package.json':
      '{"name":"simgan-formats-lists","type":"module","exports":"./a.js"}',
    'node_modules/simgan-formats-lists/a.js': `export default [${module('four')}];`,
  });
  const found = await loadFormats(['./one.mjs', join(cwd, 'two.mjs'), 'lists'], { cwd });
  expect(found.map(({ name }) => name)).toEqual(['one', 'two', 'three', 'four']);
});

test('what is no module of formats is refused, saying what it should be', async () => {
  const cwd = await temporaryFolder();
  await writeFiles(cwd, {
    'none.mjs': 'export const other = 1;',
    'name.mjs': "export default { name: 'Big Name', description: 'x', coordinates: 'y', read: 1 };",
    'broken.mjs': 'export default (',
  });
  await expect(loadFormats(['./missing.mjs'], { cwd })).rejects.toThrow(
    'There is no module of formats "./missing.mjs"',
  );
  await expect(loadFormats(['https://example.org/a.js'], { cwd })).rejects.toThrow(
    'There is no module of formats',
  );
  await expect(loadFormats(['./none.mjs'], { cwd })).rejects.toMatchObject({ code: 'INVALID_PLUGIN' });
  await expect(loadFormats(['./name.mjs'], { cwd })).rejects.toThrow(
    '0.name: expected small letters, digits and hyphens; 0.read: expected a function',
  );
  await expect(loadFormats(['./broken.mjs'], { cwd })).rejects.toThrow('do not load');
});
