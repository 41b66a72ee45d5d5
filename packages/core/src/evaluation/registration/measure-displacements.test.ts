import { expect, test } from 'vitest';
import { drawScene, scenes } from '../../../test/scenes.ts';
import { measureDisplacements } from './measure-displacements.ts';

const geometry = { disc: 'point', box: 'box', nothing: 'point' } as const;
const annotation = { disc: [32.2, 31.7], box: [27.2, 26.7, 10, 10], nothing: [8, 8] } as const;
const before = drawScene(scenes.disc, [0, 0]);
const pairWith = (image: typeof before) => ({
  synthetic: { id: 'a', image: before, annotation },
  refined: { id: 'a', image },
});

test('labels of a picture that moved as a whole are found to have moved, those on flat ground abstain', async () => {
  const moved = pairWith(drawScene(scenes.disc, [1, 0], { noise: 0.005 }));
  const { pairs, quantities } = (await measureDisplacements([moved, pairWith(before)], { geometry }))!;
  expect(pairs).toBe(2);
  const { points, boxes } = quantities;
  expect(points).toMatchObject({ unit: 'px', lost: 0, abstained: 2, shift: { count: 2 } });
  expect(points!.shift.mean).toBeCloseTo(0.5, 1);
  // The upper and lower edges move along themselves, which changes no label.
  expect(boxes!.shift.count).toBeGreaterThan(6);
  expect(boxes!.shift.p95).toBeGreaterThan(0.85);
  expect(boxes!.shift.median).toBeLessThan(0.3);
});

test('what refinement destroyed is lost, and annotations without places measure nothing', async () => {
  const destroyed = pairWith(drawScene(scenes.flat, [0, 0], { noise: 0.02 }));
  const lost = (await measureDisplacements([destroyed], { geometry }))!.quantities.points!;
  expect(lost).toMatchObject({ lost: 1, abstained: 1, shift: { count: 0 } });
  const kinds = { disc: 'invariant', box: 'invariant', nothing: 'invariant' } as const;
  expect(await measureDisplacements([destroyed], { geometry: kinds })).toBeUndefined();
});

test('a picture of many labels is looked at in places spread over all of them', async () => {
  const many = { marks: Array.from({ length: 500 }, (_, i) => [i % 64, 32] as const) };
  const synthetic = { id: 'a', image: before, annotation: many };
  const result = await measureDisplacements([{ synthetic, refined: synthetic }], {
    geometry: { marks: 'points' },
    placesPerPicture: 20,
  });
  const { shift, abstained, lost } = result!.quantities.points!;
  expect(shift.count + abstained + lost).toBe(20);
  expect(shift.count).toBeGreaterThan(2);
});
