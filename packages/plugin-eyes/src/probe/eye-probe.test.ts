import { createImage, createRng, imageOf, type Size, simulate } from '@simgan/core';
import { mean, quantile } from '@simgan/core/measures';
import { expect, test } from 'vitest';
import { eyeSimulator } from '../simulator/eye-simulator.ts';
import type { EyeSimulatorOptions } from '../simulator/options.ts';
import { standInCamera } from '../stand-in/stand-in-camera.ts';
import { eyeProbe } from './eye-probe.ts';

const size: Size = { width: 55, height: 35 };
const open = 0.5;
const quantities = ['pupilCenter', 'iris', 'openness'] as const;

/** Errors on open eyes, ascending, those of the center with the probe's confidence, and how often it abstains. */
async function measureAll(
  options: EyeSimulatorOptions & Size,
  length: number,
  render: typeof eyeSimulator = eyeSimulator,
) {
  const probe = eyeProbe(options);
  const distances = { pupilCenter: [] as number[], iris: [] as number[], openness: [] as number[] };
  const centers: { distance: number; confidence: number }[] = [];
  let eyes = 0;
  const simulator = render(options);
  for await (const sample of simulate(simulator, { seed: 11, length })) {
    if (sample.annotation.openness < open) continue;
    eyes += 1;
    const measured = probe.measure(sample.image);
    const expected = probe.expected(sample.annotation);
    for (const name of quantities) {
      const found = measured[name];
      if (!found) continue;
      expect(found.confidence).toBeGreaterThan(0);
      expect(found.confidence).toBeLessThanOrEqual(1);
      const distance = probe.quantities[name].distance(found.values, expected[name]!);
      distances[name].push(distance);
      if (name === 'pupilCenter') centers.push({ distance, confidence: found.confidence });
    }
  }
  for (const list of Object.values(distances)) list.sort((a, b) => a - b);
  return { distances, centers, abstained: 1 - distances.pupilCenter.length / eyes };
}

test('on open simulated eyes the error is within half a pixel, and it hardly ever abstains', async () => {
  const { distances, abstained } = await measureAll(size, 200);
  expect(abstained).toBeLessThan(0.05);
  expect(quantile(distances.pupilCenter, 0.5)).toBeLessThan(0.25);
  expect(quantile(distances.pupilCenter, 0.95)).toBeLessThan(0.7);
  expect(quantile(distances.iris, 0.5)).toBeLessThan(0.4);
  expect(quantile(distances.iris, 0.95)).toBeLessThan(1);
  expect(quantile(distances.openness, 0.5)).toBeLessThan(0.1);
});

test('on the stand-in camera, which it was not trained on, the error is about a pixel at most, and confidence predicts it', async () => {
  const { distances, centers, abstained } = await measureAll(size, 200, standInCamera);
  expect(abstained).toBeLessThan(0.12);
  expect(quantile(distances.pupilCenter, 0.5)).toBeLessThan(0.4);
  expect(quantile(distances.pupilCenter, 0.95)).toBeLessThan(1.3);
  const byConfidence = centers.toSorted((a, b) => a.confidence - b.confidence);
  const third = Math.floor(centers.length / 3);
  const meanDistance = (some: typeof centers) => mean(some.map(({ distance }) => distance));
  expect(meanDistance(byConfidence.slice(-third))).toBeLessThan(
    0.7 * meanDistance(byConfidence.slice(0, third)),
  );
});

test('RGB at another size gives the same errors, in pixels at width 55', async () => {
  const { distances, abstained } = await measureAll({ width: 120, height: 80, color: true }, 60);
  expect(abstained).toBeLessThan(0.1);
  expect(quantile(distances.pupilCenter, 0.5)).toBeLessThan(0.3);
  expect(quantile(distances.pupilCenter, 0.95)).toBeLessThan(1);
  expect(quantile(distances.openness, 0.5)).toBeLessThan(0.12);
});

test('it measures the pixels: an iris that is moved is found at its new place', async () => {
  const probe = eyeProbe(size);
  const { image } = await eyeSimulator({ closedRate: 0, blinkRate: 0 })(createRng(3));
  const moved = createImage(image);
  for (const at of moved.data.keys()) {
    const [x, y] = [at % 55, Math.floor(at / 55)];
    moved.data[at] = image.data[Math.max(0, y - 2) * 55 + Math.max(0, x - 3)]!;
  }
  const before = probe.measure(image).pupilCenter!.values;
  const after = probe.measure(moved).pupilCenter!.values;
  expect(Math.abs(after[0]! - before[0]! - 3)).toBeLessThan(0.15);
  expect(Math.abs(after[1]! - before[1]! - 2)).toBeLessThan(0.15);
});

test('it abstains on empty pictures, noise and shut eyes', async () => {
  const probe = eyeProbe(size);
  expect(probe.measure(createImage({ ...size, channels: 1, bits: 8 }))).toEqual({});
  const rng = createRng(4);
  const found = { noise: 0, shut: 0, shutOnCamera: 0 };
  const [rendered, seen] = [eyeSimulator({ closedRate: 1 }), standInCamera({ closedRate: 1 })];
  for (let index = 0; index < 40; index++) {
    const { image } = await rendered(rng.fork(index));
    if (probe.measure(image).pupilCenter) found.shut += 1;
    if (probe.measure((await seen(rng.fork(index))).image).pupilCenter) found.shutOnCamera += 1;
    const noise = Uint8Array.from(image.data, () => rng.int(256));
    if (probe.measure(imageOf(noise, image)).pupilCenter) found.noise += 1;
  }
  expect(found.noise / 40).toBeLessThan(0.05);
  expect(found.shut / 40).toBeLessThan(0.05);
  expect(found.shutOnCamera / 40).toBeLessThan(0.1);
});
