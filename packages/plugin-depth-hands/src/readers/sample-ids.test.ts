import { idProblem } from '@simgan/node';
import { expect, test } from 'vitest';
import { idsOfFiles } from './sample-ids.ts';

test('paths without their extensions are ids', () => {
  expect(idsOfFiles(['P0/1/000000_depth.bin', 'a.b.png', 'noextension'])).toEqual([
    'P0/1/000000_depth',
    'a.b',
    'noextension',
  ]);
});

test('files that differ only by extension, case or invalid characters get different ids', () => {
  const ids = idsOfFiles(['a.png', 'a.tif', 'A.PNG', 'a:b.png', 'a_b.png', 'a.png', 'a-tif.png']);
  expect(ids).toEqual(['a', 'a-tif', 'A-PNG', 'a_b', 'a_b-png', 'a-2', 'a-tif-png']);
});

test('every id is valid, whatever the file is called', () => {
  const files = [
    '.png',
    'x/.hidden.png',
    'CON.png',
    'a/..png',
    'dots...png',
    'a "quoted"\\name?.png',
    'line\nfeed.png',
    `${'long'.repeat(100)}.png`,
    `${'\u{1F590}'.repeat(100)}.png`,
    `${'\u{1F590}'.repeat(100)}.tif`,
    `long.${'e'.repeat(300)}`,
    `long.${'e'.repeat(300)}`,
    `long.${'e'.repeat(300)}`,
  ];
  const ids = idsOfFiles(files);
  for (const id of ids) expect([id, idProblem(id)]).toEqual([id, undefined]);
  expect(new Set(ids.map((id) => id.normalize('NFC').toLowerCase())).size).toBe(files.length);
});
