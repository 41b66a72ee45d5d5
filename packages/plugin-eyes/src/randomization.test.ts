import { type Sample, simulate } from '@simgan/core';
import { randomize } from '@simgan/core/treating';
import { expect, test } from 'vitest';
import type { EyeAnnotation } from './annotation.ts';
import { eyes } from './eyes.ts';

test('randomized eyes have their pupil where its label says, and pictures change', async () => {
  const plugin = eyes({ closedRate: 0, blinkRate: 0, gazePitch: [-5, 15] });
  const before = simulate(plugin.simulator, { seed: 3, length: 40 });
  const after = randomize(plugin, { ...plugin.randomization, seed: 2 }).treat(before);
  const errors = { before: [] as number[], after: [] as number[] };
  const errorOf = async ({ image, annotation }: Sample<EyeAnnotation>) => {
    const { pupilCenter: pupil } = plugin.probe.measure(image);
    if (!pupil) return [];
    const [x, y] = annotation.pupilCenter!;
    return [Math.hypot(pupil.values[0]! - x, pupil.values[1]! - y)];
  };
  let moved = 0;
  for (let index = 0; index < before.length; index++) {
    const [sample, treated] = [await before.at(index), await after.at(index)];
    errors.before.push(...(await errorOf(sample)));
    errors.after.push(...(await errorOf(treated)));
    moved += Math.hypot(
      ...sample.annotation.pupilCenter.map((at, axis) => at - treated.annotation.pupilCenter![axis]!),
    );
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  expect(moved / before.length).toBeGreaterThan(0.7);
  expect(errors.after.length).toBeGreaterThan(10);
  expect(median(errors.after)).toBeLessThan(median(errors.before) + 0.35);
});
