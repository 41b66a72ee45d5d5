import { createImage, createRng, type ImageSpec, simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { eyeSimulator } from '../simulator/eye-simulator.ts';
import { eyeProbe } from './eye-probe.ts';

const form: ImageSpec = { width: 55, height: 35, channels: 1, bits: 8 };
const open = 0.5;

/** Distances to the truth of what is measured on simulated open eyes, ascending, and how often the probe abstains. */
async function measureAll(image: ImageSpec, length: number) {
  const { width, height, channels } = image;
  const probe = eyeProbe(image);
  const distances: Record<string, number[]> = { pupilCenter: [], iris: [], openness: [] };
  let eyes = 0;
  const simulator = eyeSimulator({ width, height, color: channels === 3 });
  for await (const sample of simulate(simulator, { seed: 11, length })) {
    if (sample.annotation.openness < open) continue;
    eyes += 1;
    const measured = probe.measure(sample.image);
    const expected = probe.expected(sample.annotation);
    for (const [name, { values, confidence }] of Object.entries(measured)) {
      expect(confidence).toBeGreaterThan(0);
      expect(confidence).toBeLessThanOrEqual(1);
      distances[name]!.push(probe.quantities[name]!.distance(values, expected[name]!));
    }
  }
  for (const list of Object.values(distances)) list.sort((a, b) => a - b);
  return { distances, abstained: 1 - distances.pupilCenter!.length / eyes };
}

const quantile = (sorted: readonly number[], share: number) => sorted[Math.floor(share * sorted.length)]!;

test('on open simulated eyes it is within half a pixel of the truth, and it seldom abstains', async () => {
  const { distances, abstained } = await measureAll(form, 300);
  expect(abstained).toBeLessThan(0.25);
  expect(quantile(distances.pupilCenter!, 0.5)).toBeLessThan(0.5);
  expect(quantile(distances.pupilCenter!, 0.95)).toBeLessThan(1);
  expect(quantile(distances.iris!, 0.5)).toBeLessThan(0.6);
  expect(quantile(distances.openness!, 0.5)).toBeLessThan(0.1);
});

test('colour and another size give the same figures, in pixels at width 55', async () => {
  const { distances, abstained } = await measureAll({ width: 120, height: 80, channels: 3, bits: 8 }, 60);
  expect(abstained).toBeLessThan(0.3);
  expect(quantile(distances.pupilCenter!, 0.5)).toBeLessThan(0.5);
  expect(quantile(distances.openness!, 0.5)).toBeLessThan(0.12);
});

test('it measures the pixels: an iris that is moved is found where it went', async () => {
  const probe = eyeProbe(form);
  const { image } = await simulate(eyeSimulator({ closedRate: 0, blinkRate: 0 }), { seed: 3, length: 1 }).at(
    0,
  );
  const moved = image.map((_, at) => {
    const [x, y] = [at % 55, Math.floor(at / 55)];
    return image[Math.max(0, y - 2) * 55 + Math.max(0, x - 3)]!;
  });
  const [before, after] = [image, moved].map((pixels) => probe.measure(pixels).pupilCenter!.values);
  expect(after![0]! - before![0]!).toBeCloseTo(3, 0);
  expect(after![1]! - before![1]!).toBeCloseTo(2, 0);
});

test('it abstains where there is nothing or noise, and mostly where the eye is shut', async () => {
  const probe = eyeProbe(form);
  expect(probe.measure(createImage(form))).toEqual({});
  const rng = createRng(4);
  const found = { noise: 0, shut: 0 };
  for await (const { image } of simulate(eyeSimulator({ closedRate: 1 }), { seed: 4, length: 60 })) {
    if (probe.measure(image).pupilCenter) found.shut += 1;
    const noise = image.map(() => rng.int(256));
    if (probe.measure(noise).pupilCenter) found.noise += 1;
  }
  expect(found.noise / 60).toBeLessThan(0.1);
  expect(found.shut / 60).toBeLessThan(0.25);
});
