import { expect, test } from 'vitest';
import { idKey, idProblem, idsOfFiles, idsOfNames, stemOf } from './sample-ids.ts';

test('ids of files are their paths without extension, told apart where two would be the same', () => {
  expect(idsOfFiles(['a.png', 'b/c.d.jpg', 'a.jpg', 'A.tif', 'a.jpg', 'a.jpg'])).toEqual([
    'a',
    'b/c.d',
    'a-jpg',
    'A-tif',
    'a-2',
    'a-3',
  ]);
  expect(idsOfNames(['1', '1', 'é', 'e\u0301'])).toEqual(['1', '1-2', 'é', 'e\u0301-2']);
  expect([stemOf('a/b.c.png'), stemOf('a/.hidden'), stemOf('plain')]).toEqual([
    'a/b.c',
    'a/.hidden',
    'plain',
  ]);
});

test('whatever files are called, their ids are valid, unique, and never folders in the way of pictures', () => {
  const files = [
    ...[
      'aux.jpg',
      'COM¹.png',
      'conin$.png',
      '.hidden.png',
      'x..png',
      'trailing .png',
      'a<b>:c.png',
      '.png',
      'é.png',
    ],
    ...['a.jpg', 'a.png/b.jpg', 'A.PNG/c.jpg', '\ud800.png', 'tab\t.png', '../up.png', 'a//b.png', ''],
    `${'x'.repeat(300)}.png`,
    `${'x'.repeat(301)}.png`,
    `${'é'.repeat(150)}.png`,
    `${'deep/'.repeat(400)}a.png`,
    `${'deep/'.repeat(400)}b.png`,
  ];
  const ids = idsOfFiles(files);
  expect(ids.map((id) => idProblem(id))).toEqual(ids.map(() => undefined));
  expect(new Set(ids.map(idKey)).size).toBe(files.length);
  const pictures = new Set(ids.map((id) => idKey(`${id}.png`)));
  const folders = ids.flatMap((id) =>
    id
      .split('/')
      .slice(0, -1)
      .map((_, i, parts) => parts.slice(0, i + 1).join('/')),
  );
  expect(folders.filter((folder) => pictures.has(idKey(folder)))).toEqual([]);
});

test('many equal long names take no more work than different ones', () => {
  const ids = idsOfFiles(Array.from({ length: 20_000 }, () => `${'long'.repeat(60)}.png`));
  expect(new Set(ids).size).toBe(20_000);
});

test.each([
  ['', 'empty'],
  ['a//b', '//'],
  ['../a', 'leave its folder'],
  ['.a', 'begins with a dot'],
  ['a.', 'ends with a dot'],
  ['a\u0000', 'control character'],
  ['a:b', 'holds one of'],
  ['aux', 'device'],
  ['CONIN$', 'device'],
  ['x'.repeat(201), 'longer than 200 bytes'],
  ['x/'.repeat(600), 'characters'],
])('the id %j is refused', (id, reason) => {
  expect(idProblem(id)).toContain(reason);
});
