import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { appendStep, cutSteps } from './step-log.ts';

const newFile = async () => join(await mkdtemp(join(tmpdir(), 'simgan-log-')), 'log.jsonl');

test('a log is cut back to a step, whatever steps it skips', async () => {
  const file = await newFile();
  for (const step of [1, 2, 5, 9]) await appendStep(file, { step });
  await cutSteps(file, 5);
  expect(await readFile(file, 'utf8')).toBe('{"step":1}\n{"step":2}\n{"step":5}\n');
  await cutSteps(file, 0);
  expect(await readFile(file, 'utf8')).toBe('');
});

test('what follows a line that is cut off or is no step is removed', async () => {
  const file = await newFile();
  await writeFile(file, '{"step":1}\n{"st');
  await cutSteps(file, 9);
  expect(await readFile(file, 'utf8')).toBe('{"step":1}\n');
  await writeFile(file, '{"step":1}\nnull\n{"step":2}\n');
  await cutSteps(file, 9);
  expect(await readFile(file, 'utf8')).toBe('{"step":1}\n');
});

test('a log that is not there stays away', async () => {
  const file = await newFile();
  await cutSteps(file, 3);
  await expect(readFile(file)).rejects.toThrow('ENOENT');
});
