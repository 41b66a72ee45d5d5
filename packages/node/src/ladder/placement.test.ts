import { createImage, createRng } from '@simgan/core';
import { frame, planFraming, putOnGrounds, randomize } from '@simgan/core/treating';
import { expect, test } from 'vitest';
import type { BarAnnotation } from '../../../core/test/bars.ts';
import { barsTask } from '../../test/bars.ts';
import type { JudgedTask } from './judged-task.ts';
import { placementBy } from './placement.ts';
import { rawStack, type Stack, treatedBy, treatedFor } from './stack.ts';

test('a sample of what stands is placed as the stack with framing places it', async () => {
  const { plugin, synthetic, real } = barsTask({ scale: 0.6 });
  const image = plugin.image as JudgedTask['image'];
  const { plan } = await planFraming({ synthetic, real, image });
  const framing = frame(plugin, plan!);
  const randomization = randomize(plugin, { ...plugin.randomization, seed: 1 });
  const estimator = plugin.estimator as JudgedTask['estimator'];
  const task: JudgedTask = { estimator, image, what: 'bars', fit: (item) => item };
  for (const standing of [rawStack, { names: ['randomized'], randomization }] as Stack[]) {
    const stack: Stack = { ...standing, framing, names: ['framed'] };
    const place = await placementBy(stack, synthetic, task);
    const before = await treatedBy(standing, synthetic);
    const framed = await treatedBy(stack, synthetic);
    for (const index of [0, 7, 100]) {
      const placed = place(await before.at(index));
      expect(placed.image.data).not.toEqual((await before.at(index)).image.data);
      expect(placed).toEqual(await framed.at(index));
    }
  }
});

test('a sample is placed on the ground of its stack, and another variant on another ground', async () => {
  const { plugin, synthetic } = barsTask({ scale: 0.6 });
  const image = plugin.image as JudgedTask['image'];
  const rng = createRng(1);
  const pictures = [1, 2].map(() => {
    const picture = createImage(image);
    return { ...picture, data: picture.data.map(() => rng.int(256)) };
  });
  const grounds = putOnGrounds(plugin, { color: [70], grain: 1, pictures }, 1);
  const randomization = randomize(plugin, { ...plugin.randomization, seed: 1 });
  const stack: Stack = { names: ['randomized', 'grounded'], grounds, randomization };
  const estimator = plugin.estimator as JudgedTask['estimator'];
  const task: JudgedTask = { estimator, image, what: 'bars', fit: (item) => item };
  const place = await placementBy(stack, synthetic, task);
  const grounded = await (await treatedBy(stack, synthetic)).at(3);
  const before = await synthetic.at(3);
  expect(place(before)).toEqual(grounded);
  expect(place(before, '-1').id).toBe(before.id);
  expect(place(before, '-1').image.data).not.toEqual(grounded.image.data);

  const often = (await treatedFor(task, stack, synthetic, 3)).judged;
  expect(often.length).toBe(3 * synthetic.length);
  const copies = [3, 3 + synthetic.length, 3 + 2 * synthetic.length].map((index) => often.at(index));
  const [one, two, three] = await Promise.all(copies);
  for (const copy of [one, two, three])
    expect(copy).toMatchObject({
      id: before.id,
      annotation: { way: (before.annotation as BarAnnotation).way },
    });
  expect(one!.image.data).not.toEqual(two!.image.data);
  expect(two!.image.data).not.toEqual(three!.image.data);
});
