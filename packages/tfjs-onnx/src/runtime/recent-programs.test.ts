import { expect, test } from 'vitest';
import { RecentPrograms } from './recent-programs.ts';

test('what is not kept any more is freed, once', async () => {
  const freed: number[] = [];
  const programs = new RecentPrograms<number>(2, async (program) => freed.push(program));
  await programs.keep('a', 1);
  await programs.keep('b', 2);
  await programs.keep('a', 1);
  expect(freed).toEqual([]);
  await programs.keep('c', 3);
  expect(freed).toEqual([2]);
  expect([programs.get('a'), programs.get('b'), programs.get('c')]).toEqual([1, undefined, 3]);
  await programs.clear();
  expect(freed).toEqual([2, 1, 3]);
  await programs.clear();
  expect(freed).toHaveLength(3);
});
