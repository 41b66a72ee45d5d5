import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/folders.ts';
import { folderOutput } from './folder-output.ts';

test('files grow until they are closed', async () => {
  const dir = await temporaryFolder();
  const output = folderOutput(dir);
  const file = await output.append('a/lines.txt');
  await file.write('one\n');
  await file.write(Buffer.from('two\n'));
  await file.close();
  await output.close();
  expect(await readFile(join(dir, 'a', 'lines.txt'), 'utf8')).toBe('one\ntwo\n');
});

test('what a job that ended early left open is closed', async () => {
  const output = folderOutput(await temporaryFolder());
  const [first, second] = [await output.append('a'), await output.append('b')];
  await first.write('lost');
  await output.close();
  await output.close();
  for (const file of [first, second]) {
    await file.write('more');
    await expect(file.close()).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
  }
});
