import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/folders.ts';
import { makeFolder } from './atomic-file.ts';

test('folders are made with those above them, by several at a time too', async () => {
  const dir = await temporaryFolder();
  const deep = join(dir, 'a/b/c/d');
  await Promise.all(Array.from({ length: 20 }, () => makeFolder(deep)));
  expect((await stat(deep)).isDirectory()).toBe(true);
  await makeFolder(deep);
});

test('a file in the way is said', async () => {
  const dir = await temporaryFolder();
  await writeFile(join(dir, 'file'), '');
  await expect(makeFolder(join(dir, 'file'))).rejects.toThrow('a file of that name is in the way');
  await expect(makeFolder(join(dir, 'file/a/b'))).rejects.toThrow('part of the path is a file');
});

// Node's recursive mkdir does not return here, and of a read-only disk it says that there is no such folder.
test.skipIf(process.platform !== 'linux')('where nothing can be made, it ends', async () => {
  await expect(makeFolder('/proc/simgan/a/b')).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
});
