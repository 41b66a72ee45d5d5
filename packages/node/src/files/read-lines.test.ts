import { appendFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/folders.ts';
import { readLines } from './read-lines.ts';

async function linesOf(content: string | Uint8Array, options = {}) {
  const file = join(await temporaryFolder(), 'a.txt');
  await writeFile(file, content);
  const lines = [];
  for await (const line of readLines(file, options)) lines.push(line);
  return lines;
}

test('lines end with a line feed, with or without a carriage return, and with nothing else', async () => {
  const lines = await linesOf('\uFEFFone\r\n\ntw\ro\u2028\r\n\uFEFFü\r');
  expect(lines).toEqual([
    { number: 1, text: 'one', end: 8, isEnded: true },
    { number: 2, text: '', end: 9, isEnded: true },
    { number: 3, text: 'tw\ro\u2028', end: 18, isEnded: true },
    { number: 4, text: '\uFEFFü\r', end: 24, isEnded: false },
  ]);
  expect(await linesOf('')).toEqual([]);
});

test('lines that are too long or not UTF-8 have a problem, and the next ones are read', async () => {
  const latin = Buffer.from('a: größe\nb\n', 'latin1');
  expect(await linesOf(latin)).toMatchObject([{ problem: 'It is not UTF-8 text.' }, { text: 'b' }]);
  expect(await linesOf('12345\n123456\n12345', { longest: 5 })).toMatchObject([
    { text: '12345' },
    { problem: 'It is longer than 5 bytes.', end: 13, isEnded: true },
    { text: '12345' },
  ]);
});

test('lines are the same wherever the parts end in which a file is read', async () => {
  const rng = createRng(1);
  const texts = Array.from({ length: 40 }, () => 'ö'.repeat(rng.int(40_000)));
  const lines = await linesOf(texts.join('\n'));
  expect(lines.map((line) => 'text' in line && line.text)).toEqual(texts);
});

test('of a line that fills a disk, memory never holds more than the longest line', async () => {
  const file = join(await temporaryFolder(), 'a.txt');
  await writeFile(file, '');
  // Sparse: zeros that take no space.
  await truncate(file, 700 * 2 ** 20);
  await appendFile(file, '\nlast');
  const before = process.memoryUsage().arrayBuffers;
  const lines = [];
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 1);
  for await (const line of readLines(file)) lines.push(line);
  clearInterval(watch);
  expect(lines).toMatchObject([
    { problem: 'It is longer than 16777216 bytes.' },
    { number: 2, text: 'last', isEnded: false },
  ]);
  expect(most).toBeLessThan(200 * 2 ** 20);
});

test('a file that is not there is a sentence, and reading stops when asked to', async () => {
  const dir = await temporaryFolder();
  await expect(readLines(join(dir, 'none')).next()).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: `${join(dir, 'none')} cannot be read. It does not exist, or is a link to something that does not.`,
  });
  await writeFile(join(dir, 'a.txt'), 'a\n');
  const signal = AbortSignal.abort(new Error('stop'));
  await expect(readLines(join(dir, 'a.txt'), { signal }).next()).rejects.toThrow('stop');
});
