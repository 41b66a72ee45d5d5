import { expect, test } from 'vitest';
import { stripesForm as image, stripes } from '../../test/stripes.ts';
import { measureKernelDistances } from './kernel-distance.ts';

test('a set of the same kind is as near as real is to real; the stranger another is, the further it is', async () => {
  const real = stripes(120, 1);
  const sets = {
    same: stripes(60, 2),
    grainier: stripes(60, 3, { grain: 12 }),
    strange: stripes(60, 4, { grain: 30, brightness: 160 }),
  };
  const { sets: distances, control } = await measureKernelDistances(sets, real, { image, seed: 5 });
  expect(Math.abs(control)).toBeLessThan(0.3);
  expect(Math.abs(distances.same!)).toBeLessThan(0.3);
  expect(distances.grainier).toBeGreaterThan(2);
  expect(distances.strange).toBeGreaterThan(2 * distances.grainier!);
  expect(await measureKernelDistances(sets, real, { image, seed: 5 })).toEqual({ sets: distances, control });
});

test('real pictures that a refiner has seen are the control, and the others are compared with as a whole', async () => {
  const [heldOut, seen] = [stripes(60, 7), stripes(60, 8)];
  const sets = { seen, grainier: stripes(60, 9, { grain: 12 }) };
  const apart = await measureKernelDistances(sets, heldOut, { image, seed: 5, control: seen });
  expect(apart.control).toBe(apart.sets.seen);
  expect(Math.abs(apart.control)).toBeLessThan(0.3);
  expect(apart.sets.grainier).toBeGreaterThan(2);
  // No half is drawn, so the seed changes nothing.
  expect(await measureKernelDistances(sets, heldOut, { image, seed: 6, control: seen })).toEqual(apart);
});
