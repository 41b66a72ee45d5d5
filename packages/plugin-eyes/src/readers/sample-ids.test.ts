import { idProblem } from '@simgan/node';
import { expect, test } from 'vitest';
import { idsOfFiles, idsOfNames } from './sample-ids.ts';

test('files of one stem get different ids, also where only case differs', () => {
  expect(idsOfFiles(['a/2.jpg', 'a/2.png', 'a/2.PNG', 'A/2.png', 'b.png'])).toEqual([
    'a/2',
    'a/2-png',
    'a/2-2',
    'A/2-3',
    'b',
  ]);
  expect(idsOfFiles(['2-png.jpg', '2.jpg', '2.png'])).toEqual(['2-png', '2', '2-2']);
});

test('names within a file become single parts', () => {
  expect(idsOfNames(['x:1', 'x?1', 'a/b', 'X_1', ''])).toEqual(['x_1', 'x_1-2', 'a_b', 'X_1-3', '_']);
});

test('every id is valid, whatever the names', () => {
  const names = [
    '.hidden',
    'end. ',
    'con',
    'LPT1.x',
    'tab\tbell\u0007',
    '\ud800',
    'é'.repeat(300),
    '..',
    '? ',
    `${'a'.repeat(179)}. b`,
  ];
  const ids = idsOfNames([...names, ...names]);
  for (const id of ids) expect(idProblem(`p00/${id}-right`)).toBeUndefined();
  expect(new Set(ids.map((id) => id.toLowerCase())).size).toBe(ids.length);
  for (const id of idsOfFiles(names.map((name) => `dir/${name}.jpg`))) expect(idProblem(id)).toBeUndefined();
});
