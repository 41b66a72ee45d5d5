import { expect, test } from 'vitest';
import { createDataset, datasetOf } from '../dataset.ts';
import { imageOf } from '../image.ts';
import { measureLabelPreservation, pairById } from './label-preservation.ts';
import type { LabelProbe } from './label-probe.ts';

/** Pictures of one row: the mark is where the brightest pixel is, if any is bright. */
const probe: LabelProbe<{ mark: number }> = {
  quantities: { mark: { unit: 'px', distance: (a, b) => Math.abs(a[0]! - b[0]!) } },
  measure({ data }) {
    const at = data.indexOf(Math.max(...data));
    return data[at]! > 100 ? { mark: { values: [at], confidence: 1 } } : {};
  },
  expected: ({ mark }) => ({ mark: [mark] }),
};

const markAt = (mark: number) => {
  const pixels = Uint8Array.from({ length: 20 }, (_, i) => (i === mark ? 200 : 20));
  return imageOf(pixels, { width: 20, height: 1, channels: 1, bits: 8 });
};
const pair = (id: string, before: number, after: number, truth = before) => ({
  synthetic: { id, image: markAt(before), annotation: { mark: truth } },
  refined: { id, image: markAt(after) },
});

test('labels that stay, move and get lost are told apart', async () => {
  const none = -1;
  const pairs = [
    pair('a', 3, 3),
    pair('b', 3, 4),
    pair('c', 5, 8, 6),
    pair('d', 7, none),
    pair('e', none, 2),
  ];
  const { pairs: count, quantities } = await measureLabelPreservation(pairs, probe);
  expect(count).toBe(5);
  const { unit, shift, lost, abstained, toAnnotation } = quantities.mark!;
  expect({ unit, lost, abstained }).toEqual({ unit: 'px', lost: 1, abstained: 1 });
  expect(shift).toMatchObject({ count: 3, median: 1, mean: 4 / 3 });
  expect(shift.p95).toBeCloseTo(2.8, 6);
  expect(shift.std).toBeCloseTo(Math.sqrt((16 + 1 + 25) / 27), 6);
  expect(toAnnotation.synthetic).toMatchObject({ count: 4, mean: 0.25 });
  expect(toAnnotation.refined).toMatchObject({ count: 4, mean: (0 + 1 + 2 + 3) / 4 });
});

test('pictures are paired by id, in whatever order and number they are', async () => {
  const all = ['a', 'b', 'c', 'd'].map((id, i) => pair(id, i, i));
  const synthetic = datasetOf(all.map((one) => one.synthetic));
  const refined = datasetOf(
    [all[2]!, all[0]!].map((one) => one.refined).concat({ id: 'x', image: markAt(0) }),
  );
  const ids: string[] = [];
  for await (const found of pairById(synthetic, refined)) {
    expect(found.refined.id).toBe(found.synthetic.id);
    ids.push(found.synthetic.id);
  }
  expect(ids).toEqual(['c', 'a']);
  let limited = 0;
  for await (const _ of pairById(synthetic, refined, 1)) limited += 1;
  expect(limited).toBe(1);
});

test('pairs are found by ids alone: no picture is made that is not looked at', async () => {
  const all = ['a', 'b', 'c', 'd'].map((id, i) => pair(id, i, i));
  const made: string[] = [];
  const synthetic = createDataset(
    4,
    (index) => {
      made.push(all[index]!.synthetic.id);
      return all[index]!.synthetic;
    },
    (index) => all[index]!.synthetic.id,
  );
  const refined = datasetOf([all[3]!, all[1]!].map((one) => one.refined));
  const ids: string[] = [];
  for await (const found of pairById(synthetic, refined)) ids.push(found.synthetic.id);
  expect(ids).toEqual(['d', 'b']);
  expect(made).toEqual(['d', 'b']);
});

test('without pairs there is nothing to tell', async () => {
  const { pairs, quantities } = await measureLabelPreservation([], probe);
  const nothing = { count: 0, median: 0, mean: 0, std: 0, p95: 0 };
  expect(pairs).toBe(0);
  expect(quantities.mark).toEqual({
    ...{ unit: 'px', lost: 0, abstained: 0, shift: nothing },
    toAnnotation: { synthetic: nothing, refined: nothing },
  });
});
