import { frame, planFraming, randomize } from '@simgan/core/treating';
import { expect, test } from 'vitest';
import { barsTask } from '../../test/bars.ts';
import type { JudgedTask } from './judged-task.ts';
import { placementBy } from './placement.ts';
import { rawStack, type Stack, treatedBy } from './stack.ts';

test('a sample of what stands is placed as the stack with framing places it', async () => {
  const { plugin, synthetic, real } = barsTask({ scale: 0.6 });
  const image = plugin.image as JudgedTask['image'];
  const { plan } = await planFraming({ synthetic, real, image });
  const framing = frame(plugin, plan!);
  const randomization = randomize(plugin, { ...plugin.randomization, seed: 1 });
  const estimator = plugin.estimator as JudgedTask['estimator'];
  const task: JudgedTask = { estimator, image, what: 'bars', fit: (item) => item };
  for (const standing of [rawStack, { names: ['randomized'], randomization }] as Stack[]) {
    const place = await placementBy(framing, standing, synthetic, task);
    const before = await treatedBy(standing, synthetic);
    const framed = await treatedBy({ ...standing, framing, names: ['framed'] }, synthetic);
    for (const index of [0, 7, 100]) {
      const placed = place(await before.at(index));
      expect(placed.image.data).not.toEqual((await before.at(index)).image.data);
      expect(placed).toEqual(await framed.at(index));
    }
  }
});
