import { expect, test } from 'vitest';
import { z } from 'zod';
import { discImage, discs } from '../../test/discs.ts';
import { createDataset, type Dataset, mapDataset } from '../dataset.ts';
import { annotationSchema } from '../geometry/labels.ts';
import { createImage, type SizedForm } from '../image.ts';
import { grayOf } from '../measures/gray.ts';
import { createRng, type Rng } from '../rng.ts';
import type { Sample } from '../sample.ts';
import { frame } from './frame.ts';
import { framingOf, setFraming } from './framing.ts';
import { contentOf, groundOf } from './ground.ts';
import { planFraming } from './plan-framing.ts';

const image: SizedForm = { width: 28, height: 28, channels: 1, bits: 8 };
interface Stroke {
  top: [number, number];
  bottom: [number, number];
}
const point = z.tuple([z.number(), z.number()]);
const annotation = annotationSchema(z.object({ top: point, bottom: point }), {
  top: 'point',
  bottom: 'point',
});
const domain = { image, annotation };

/** Slanted strokes on a black ground, as digits are; `size` and `slant` are what a writer's hand is like. */
function strokes({
  size = 6,
  spread = 1,
  slant = 0,
  place = [14, 14],
  seed = 1,
} = {}): Dataset<Sample<Stroke>> {
  const source = createRng(seed);
  return createDataset(60, (index) => {
    const rng = source.fork(index);
    const half = size + spread * (2 * rng.next() - 1);
    const lean = slant + 0.2 * (rng.next() - 0.5);
    const wide = 1.5 + rng.next();
    const [x, y] = [place[0]! + rng.next() - 0.5, place[1]! + rng.next() - 0.5];
    const drawn = createImage(image);
    for (let at = 0; at < drawn.data.length; at++) {
      const [column, row] = [(at % 28) + 0.5, Math.floor(at / 28) + 0.5];
      const along = Math.min(1, Math.max(0, half - Math.abs(row - y) + 0.5));
      const across = Math.min(1, Math.max(0, wide - Math.abs(column - x - lean * (row - y)) + 0.5));
      drawn.data[at] = Math.round(255 * along * across);
    }
    const end = (way: number): [number, number] => [x + lean * way * half, y + way * half];
    return { id: `stroke-${index}`, image: drawn, annotation: { top: end(-1), bottom: end(1) } };
  });
}

const framingsOf = async (set: Dataset<Sample<unknown>>) => {
  const framings = [];
  for await (const sample of set) {
    const found = framingOf(contentOf(grayOf(sample.image, image), 0), image);
    if (found) framings.push(found);
  }
  return setFraming(framings);
};

const synthetic = strokes();
const real = strokes({ size: 10, spread: 0.4, slant: -0.3, place: [12, 15], seed: 2 });

test('scale, place and slant become those of the real set, in their mean and spread', async () => {
  const { plan, reason } = await planFraming({ synthetic, real, image });
  expect(reason).toContain('slant');
  const framed = frame(domain, plan!).treat(synthetic);
  const [before, after, goal] = [
    await framingsOf(synthetic),
    await framingsOf(framed),
    await framingsOf(real),
  ];
  for (const figure of ['x', 'y', 'width', 'height', 'slant'] as const) {
    expect(Math.abs(after[figure].mean - goal[figure].mean)).toBeLessThan(0.04);
    expect(Math.abs(after[figure].std - goal[figure].std)).toBeLessThan(0.04);
  }
  expect(before.height.mean).toBeLessThan(goal.height.mean - 0.3);
  expect(before.slant.mean).toBeGreaterThan(goal.slant.mean + 0.2);
  expect(frame(domain, plan!).describe()).toMatch(/1\.[67]\d times as high.*slant -0\.3/);
});

test('annotations follow: ends of strokes stay where ink ends', async () => {
  const { plan } = await planFraming({ synthetic, real, image });
  const framed = frame(domain, plan!).treat(synthetic);
  for (const index of [0, 7, 31]) {
    const { image: picture, annotation: ends } = await framed.at(index);
    const inkAt = ([x, y]: readonly number[]) => picture.data[Math.floor(y!) * 28 + Math.floor(x!)]!;
    for (const [end, way] of [
      [ends.top, 1],
      [ends.bottom, -1],
    ] as const) {
      const lean = (ends.bottom[0] - ends.top[0]) / (ends.bottom[1] - ends.top[1]);
      expect(inkAt([end[0] + 2 * way * lean, end[1] + 2 * way])).toBeGreaterThan(150);
      const beyond = end[1] - 2.5 * way;
      if (beyond >= 0 && beyond < 28) expect(inkAt([end[0] - 2.5 * way * lean, beyond])).toBeLessThan(100);
    }
  }
});

test('sets that are framed alike, and pictures without a plain ground, are left alone and the reason is said', async () => {
  expect(await planFraming({ synthetic, real: strokes({ seed: 9 }), image })).toEqual({
    reason: 'both sets are framed alike',
  });
  const grained = mapDataset(discs({ length: 20 }), (sample, index) => {
    const rng = createRng(index);
    return { ...sample, image: { ...sample.image, data: sample.image.data.map(() => rng.int(256)) } };
  });
  const { plan, reason } = await planFraming({ synthetic: grained, real: grained, image: discImage });
  expect(plan).toBeUndefined();
  expect(reason).toContain('does not stand on a plain ground');
});

test('a ground is found whatever its brightness', async () => {
  const gray = async (level: number) => {
    const pictures: Float64Array[] = [];
    for await (const sample of strokes()) {
      pictures.push(grayOf(sample.image, image).map((value) => level + (1 - level) * value));
    }
    return groundOf(pictures, image);
  };
  expect(await gray(0)).toBeCloseTo(0, 2);
  expect(await gray(0.4)).toBeCloseTo(0.4, 2);
});

test('a ground is that of most pictures, and plain', () => {
  const foundIn = (levelOf: (index: number, rng: Rng) => number) => {
    const pictures = Array.from({ length: 40 }, (_, index) => {
      const rng = createRng(index);
      return Float64Array.from({ length: 28 * 28 }, () => levelOf(index, rng));
    });
    return groundOf(pictures, image);
  };
  expect(foundIn((index) => (index % 5 > 0 ? 0.4 : 0.9))).toBeCloseTo(0.4, 9);
  expect(foundIn((index) => (index % 4 > 0 ? 0.4 : 0.9))).toBeUndefined();
  expect(foundIn((_, rng) => (rng.next() < 0.6 ? 0.4 : rng.next()))).toBeCloseTo(0.4, 2);
  expect(foundIn((_, rng) => 0.4 + 0.2 * (rng.next() - 0.5))).toBeUndefined();
});

test('labels that no slant can follow get none', async () => {
  const { plan } = await planFraming({ synthetic, real, image });
  const axial = annotationSchema(z.object({ y: z.number() }), { y: 'y' });
  const samples = mapDataset(synthetic, (sample) => ({
    ...sample,
    annotation: { y: sample.annotation.top[1] },
  }));
  const framed = frame({ image, annotation: axial }, plan!).treat(samples);
  const [after, goal] = [await framingsOf(framed), await framingsOf(real)];
  expect(Math.abs(after.height.mean - goal.height.mean)).toBeLessThan(0.04);
  expect(after.slant.mean).toBeGreaterThan(goal.slant.mean + 0.15);
});
