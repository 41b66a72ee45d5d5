import { createImage, createRng, type ImageSpec, simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { eyeSimulator } from '../simulator/eye-simulator.ts';
import { standInCamera } from '../stand-in/stand-in-camera.ts';
import { eyeProbe } from './eye-probe.ts';

const form: ImageSpec = { width: 55, height: 35, channels: 1, bits: 8 };
const open = 0.5;

/** Distances to the truth of what is measured on open eyes, ascending, and how often the probe abstains. */
async function measureAll(image: ImageSpec, length: number, render: typeof eyeSimulator = eyeSimulator) {
  const { width, height, channels } = image;
  const probe = eyeProbe(image);
  const distances: Record<string, number[]> = { pupilCenter: [], iris: [], openness: [] };
  let eyes = 0;
  const simulator = render({ width, height, color: channels === 3 });
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

test('on open simulated eyes it is within half a pixel of the truth, and it hardly ever abstains', async () => {
  const { distances, abstained } = await measureAll(form, 300);
  expect(abstained).toBeLessThan(0.05);
  expect(quantile(distances.pupilCenter!, 0.5)).toBeLessThan(0.25);
  expect(quantile(distances.pupilCenter!, 0.95)).toBeLessThan(0.7);
  expect(quantile(distances.iris!, 0.5)).toBeLessThan(0.4);
  expect(quantile(distances.iris!, 0.95)).toBeLessThan(1);
  expect(quantile(distances.openness!, 0.5)).toBeLessThan(0.1);
});

test('on the stand-in camera, which it has not learned from, it is within a pixel or so', async () => {
  const { distances, abstained } = await measureAll(form, 250, standInCamera);
  expect(abstained).toBeLessThan(0.12);
  expect(quantile(distances.pupilCenter!, 0.5)).toBeLessThan(0.4);
  expect(quantile(distances.pupilCenter!, 0.95)).toBeLessThan(1.3);
});

test('it knows what it does not see well: the more it trusts a place, the nearer it is', async () => {
  const probe = eyeProbe(form);
  const found: { confidence: number; distance: number }[] = [];
  for await (const { image, annotation } of simulate(standInCamera(), { seed: 12, length: 200 })) {
    const measured = probe.measure(image).pupilCenter;
    if (!measured || annotation.openness < open) continue;
    const [x, y] = annotation.pupilCenter;
    found.push({
      confidence: measured.confidence,
      distance: Math.hypot(measured.values[0]! - x, measured.values[1]! - y),
    });
  }
  found.sort((a, b) => a.confidence - b.confidence);
  const third = Math.floor(found.length / 3);
  const mean = (some: typeof found) => some.reduce((sum, { distance }) => sum + distance, 0) / some.length;
  expect(mean(found.slice(-third))).toBeLessThan(0.7 * mean(found.slice(0, third)));
});

test('colour and another size give the same figures, in pixels at width 55', async () => {
  const { distances, abstained } = await measureAll({ width: 120, height: 80, channels: 3, bits: 8 }, 60);
  expect(abstained).toBeLessThan(0.1);
  expect(quantile(distances.pupilCenter!, 0.5)).toBeLessThan(0.3);
  expect(quantile(distances.pupilCenter!, 0.95)).toBeLessThan(1);
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
  expect(Math.abs(after![0]! - before![0]! - 3)).toBeLessThan(0.15);
  expect(Math.abs(after![1]! - before![1]! - 2)).toBeLessThan(0.15);
});

test('it abstains where there is nothing or noise, and where the eye is shut', async () => {
  const probe = eyeProbe(form);
  expect(probe.measure(createImage(form))).toEqual({});
  const rng = createRng(4);
  const found = { noise: 0, shut: 0, shutOnCamera: 0 };
  const [rendered, seen] = [eyeSimulator({ closedRate: 1 }), standInCamera({ closedRate: 1 })];
  for (let index = 0; index < 80; index++) {
    const { image } = await rendered(rng.fork(index));
    if (probe.measure(image).pupilCenter) found.shut += 1;
    if (probe.measure((await seen(rng.fork(index))).image).pupilCenter) found.shutOnCamera += 1;
    const noise = image.map(() => rng.int(256));
    if (probe.measure(noise).pupilCenter) found.noise += 1;
  }
  expect(found.noise / 80).toBeLessThan(0.05);
  expect(found.shut / 80).toBeLessThan(0.05);
  expect(found.shutOnCamera / 80).toBeLessThan(0.1);
});
