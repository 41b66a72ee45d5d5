import { simulate } from '@simgan/core';
import { planGrounds } from '@simgan/core/treating';
import { testPlugin } from '@simgan/testing';
import { expect, test } from 'vitest';
import { eyes } from './eyes.ts';

testPlugin(eyes());
testPlugin(eyes({ color: true }), { samples: 8 });

test('skin is no plain ground that other pictures could be put behind', async () => {
  const { image, simulator, standIn } = eyes({ color: true, closedRate: 0.5, blinkRate: 0 });
  for (let seed = 1; seed <= 12; seed++) {
    const synthetic = simulate(simulator!, { seed, length: 120 });
    const real = simulate(standIn!, { seed, length: 20 });
    const { plan, reason } = await planGrounds({ synthetic, real, image });
    expect(plan).toBeUndefined();
    expect(reason).toContain('the synthetic pictures does not stand on a plain ground');
  }
});
