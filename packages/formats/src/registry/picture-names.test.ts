import { expect, test } from 'vitest';
import { numberedName } from './picture-names.ts';

test('beyond ten thousand pictures, each thousand has a folder, and a name never depends on how many follow', () => {
  expect([0, 9999, 10_000, 10_999, 11_000, 1_234_567].map((index) => numberedName(index, 'png'))).toEqual([
    '0000000.png',
    '0009999.png',
    '0010/0010000.png',
    '0010/0010999.png',
    '0011/0011000.png',
    '1234/1234567.png',
  ]);
});
