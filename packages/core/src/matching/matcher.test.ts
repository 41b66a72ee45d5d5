import { expect, test } from 'vitest';
import { type DiscAnnotation, discImage, discs } from '../../test/discs.ts';
import { type Dataset, datasetOf } from '../dataset.ts';
import { type Image, imageOf, type SizedForm } from '../image.ts';
import { blockinessOf } from '../measures/blockiness.ts';
import { grayOf } from '../measures/gray.ts';
import { measureStatistics, statisticsDistance } from '../measures/image-statistics.ts';
import {
  residualNoise,
  shadingOf,
  sharpnessOf,
  smoothLight,
  unevennessOf,
} from '../measures/light-measures.ts';
import { createRng } from '../rng.ts';
import type { Sample } from '../sample.ts';
import { type Correction, type CorrectionName, correctionNames } from './corrections.ts';
import { createMatcher } from './matcher.ts';

const image = discImage;
const synthetic = discs({ seed: 1, length: 40 });
const real = discs({ seed: 2, length: 50, light: [0.05, 0.9] });

const strong: Readonly<Record<CorrectionName, number>> = {
  shading: 0.15,
  blur: 1,
  sharpen: 1,
  histogram: 1,
  equalize: 1,
  noise: 0.03,
  jpeg: 1,
};
const everything: readonly Correction[] = (['noise', 'histogram', 'blur', 'shading'] as const).map(
  (correction) => ({ correction, strength: strong[correction] }),
);

const matched = async (corrections: readonly Correction[], seed = 3) =>
  (await createMatcher(corrections, real, { image, seed })).match(synthetic);
const all = async (set: Dataset<Sample<DiscAnnotation>>) => {
  const items: Sample<DiscAnnotation>[] = [];
  for await (const item of set) items.push(item);
  return items;
};
const meanOf = async (set: Dataset<Sample<DiscAnnotation>>, figure: (gray: Float64Array) => number) => {
  const items = await all(set);
  return items.reduce((sum, item) => sum + figure(grayOf(item.image, image)), 0) / items.length;
};

test('without corrections, the dataset itself is returned', async () => {
  expect(await matched([])).toBe(synthetic);
});

test.each(correctionNames)(
  '%s changes pictures, leaves the rest of a sample alone, and is deterministic',
  async (correction) => {
    const one = [{ correction, strength: strong[correction] }];
    const [before, after, again] = [await all(synthetic), await all(await matched(one)), await matched(one)];
    for (const [i, sample] of after.entries()) {
      expect(sample.image).not.toEqual(before[i]!.image);
      expect({ ...sample, image: before[i]!.image }).toEqual(before[i]);
    }
    // In another order, and by index.
    for (const index of [31, 4]) expect(await again.at(index)).toEqual(after[index]);
  },
);

test.each(['shading', 'histogram', 'noise', 'jpeg'] as const)(
  '%s differs with the seed and from picture to picture',
  async (correction) => {
    const one = [{ correction, strength: strong[correction] }];
    const sample = await synthetic.at(0);
    const twins = datasetOf([sample, { ...sample, id: 'twin' }, { ...sample, id: 'other' }]);
    const images = async (seed: number) => {
      const set = (await createMatcher(one, real, { image, seed })).match(twins);
      return Promise.all([0, 1, 2].map(async (i) => (await set.at(i)).image.data.join()));
    };
    const [first, second] = [await images(3), await images(4)];
    expect(new Set(first).size).toBe(3);
    expect(first).not.toEqual(second);
  },
);

test('the order in which corrections are given changes nothing', async () => {
  expect(await (await matched(everything)).at(5)).toEqual(
    await (await matched(everything.toReversed())).at(5),
  );
});

test('noise has the given std, blur and sharpening change edges, shading lights pictures differently', async () => {
  const at = (correction: CorrectionName, strength: number) => matched([{ correction, strength }]);
  for (const level of [0.01, 0.05]) {
    expect(await meanOf(await at('noise', level), (gray) => residualNoise(gray, image))).toBeCloseTo(
      level,
      2,
    );
  }
  const sharpness = (set: typeof synthetic) => meanOf(set, (gray) => sharpnessOf(gray, image));
  const untouched = await sharpness(synthetic);
  expect(await sharpness(await at('blur', 0.8))).toBeLessThan(0.75 * untouched);
  expect(await sharpness(await at('sharpen', 0.5))).toBeGreaterThan(1.1 * untouched);
  const shading = async (set: typeof synthetic) =>
    shadingOf((await all(set)).map((item) => smoothLight(grayOf(item.image, image), image)));
  const before = await shading(synthetic);
  const after = await shading(await at('shading', 0.2));
  expect(Math.sqrt(after ** 2 - before ** 2)).toBeGreaterThan(0.14);
  expect(Math.sqrt(after ** 2 - before ** 2)).toBeLessThan(0.26);
});

test('a blur of a known std spreads a point as far', async () => {
  const pixels = new Uint8Array(48 * 40);
  pixels[20 * 48 + 24] = 255;
  const point = datasetOf([{ id: 'point', image: imageOf(pixels, image) }]);
  const matcher = await createMatcher([{ correction: 'blur', strength: 1.5 }], real, { image, seed: 1 });
  const { data: spread } = (await matcher.match(point).at(0)).image;
  let [sum, squares] = [0, 0];
  for (const [at, value] of spread.entries()) {
    sum += value;
    squares += value * ((at % 48) - 24) ** 2;
  }
  // Rounding to whole levels cuts the tails; a pixel's own width adds 1/12.
  expect(Math.sqrt(squares / sum)).toBeGreaterThan(1.3);
  expect(Math.sqrt(squares / sum)).toBeLessThan(1.6);
  expect(spread[20 * 48 + 22]).toBe(spread[20 * 48 + 26]);
  expect(spread[18 * 48 + 24]).toBe(spread[20 * 48 + 26]);
});

test('histograms come from the real picture that is named, and close the distance in intensities', async () => {
  const matcher = await createMatcher([{ correction: 'histogram', strength: 1 }], real, { image, seed: 3 });
  const after = matcher.match(synthetic);
  const references = new Map((await all(real)).map((item) => [item.id, item]));
  const used = new Set<string>();
  for await (const sample of after) {
    const id = matcher.referenceOf(sample.id)!;
    used.add(id);
    const [own, wanted] = [sample.image, references.get(id)!.image].map(({ data }) =>
      [...data].sort((a, b) => a - b),
    );
    const apart = own!.reduce((sum, value, rank) => sum + Math.abs(value - wanted![rank]!), 0) / own!.length;
    expect(apart).toBeLessThan(8);
  }
  expect(used.size).toBeGreaterThan(10);
  const goal = await measureStatistics(real, image);
  const distance = async (set: typeof synthetic) =>
    statisticsDistance(await measureStatistics(set, image), goal).intensity;
  expect(await distance(synthetic)).toBeGreaterThan(0.15);
  expect(await distance(after)).toBeLessThan(0.02);
  const halfway = await matched([{ correction: 'histogram', strength: 0.5 }]);
  expect(await distance(halfway)).toBeGreaterThan(0.05);
  expect(await distance(halfway)).toBeLessThan(0.15);
  expect((await createMatcher([], real, { image, seed: 3 })).referenceOf('0001')).toBeUndefined();
});

test('equalization spreads what is there evenly', async () => {
  expect(await meanOf(synthetic, unevennessOf)).toBeGreaterThan(0.15);
  const pixels = Uint8Array.from({ length: 48 * 40 }, (_, at) => 90 + (at % 48) + Math.floor(at / 48));
  const ramp = datasetOf([{ id: 'ramp', image: imageOf(pixels, image) }]);
  const matcher = await createMatcher([{ correction: 'equalize', strength: 1 }], real, { image, seed: 1 });
  const even = (await matcher.match(ramp).at(0)).image;
  expect(unevennessOf(grayOf(even, image))).toBeLessThan(0.02);
});

test('a flat ground keeps its value exactly, and what is drawn on it keeps its side', async () => {
  const stroke = (at: number) => Math.abs((at % 48) - 24) < 3 && at > 480 && at < 1400;
  const ground = (level: number) =>
    imageOf(
      Uint8Array.from({ length: 48 * 40 }, (_, at) => (stroke(at) ? 120 + (at % 7) : level)),
      image,
    );
  for (const correction of ['histogram', 'equalize'] as const) {
    const matcher = await createMatcher([{ correction, strength: 1 }], real, { image, seed: 3 });
    for (const level of [0, 60]) {
      const before = ground(level);
      const after = matcher.apply({ id: 'a', image: before }).image;
      expect(after).not.toEqual(before);
      for (const [at, value] of after.data.entries()) {
        if (stroke(at)) expect(value).toBeGreaterThanOrEqual(level);
        else expect(value).toBe(level);
      }
    }
  }
});

test('compression leaves blocks, and less the weaker it is', async () => {
  const rng = createRng(1);
  const smooth = Uint8Array.from({ length: 48 * 40 }, (_, at) => 40 + 3 * (at % 48) + 6 * rng.next());
  const loss = async (strength: number) => {
    const matcher = await createMatcher([{ correction: 'jpeg', strength }], real, { image, seed: 1 });
    const { data } = matcher.apply({ id: 'ramp', image: imageOf(smooth, image) }).image;
    const gray = grayOf({ ...imageOf(smooth, image), data }, image);
    const error = smooth.reduce((sum, value, at) => sum + (value - data[at]!) ** 2, 0) / data.length;
    return { error, blockiness: blockinessOf(gray, image) };
  };
  const [weak, strong] = [await loss(0.02), await loss(4)];
  // As good as lossless, but for rounding.
  expect(weak.error).toBeLessThan(0.3);
  expect(strong.error).toBeGreaterThan(4);
  expect(strong.blockiness).toBeGreaterThan(weak.blockiness + 0.3);
});

test('compressed gray stays gray in RGB, and saturated colors stay within the range', async () => {
  const rgb: SizedForm = { width: 16, height: 16, channels: 3, bits: 8 };
  const matcher = await createMatcher([{ correction: 'jpeg', strength: 2 }], real, { image: rgb, seed: 1 });
  const compressed = (color: (pixel: number) => number[]) => {
    const pixels = Uint8Array.from(Array.from({ length: 256 }, (_, pixel) => color(pixel)).flat());
    return matcher.apply({ id: 'a', image: imageOf(pixels, rgb) }).image.data;
  };
  const gray = compressed((pixel) => [pixel, pixel, pixel]);
  for (let at = 0; at < gray.length; at += 3)
    expect([gray[at + 1], gray[at + 2]]).toEqual([gray[at], gray[at]]);
  const red = compressed(() => [255, 0, 0]);
  expect(Math.abs(red[0]! - 255)).toBeLessThan(12);
  expect(Math.max(red[1]!, red[2]!)).toBeLessThan(20);
});

test('the grain of a dark picture is not blown up with its light', async () => {
  const dark = discs({ seed: 1, length: 20, light: [0.01, 0.04] });
  const grainy = (
    await createMatcher([{ correction: 'noise', strength: 0.005 }], real, { image, seed: 9 })
  ).match(dark);
  const matcher = await createMatcher([{ correction: 'histogram', strength: 1 }], real, { image, seed: 3 });
  const lit = matcher.match(grainy);
  const noise = (set: typeof dark) => meanOf(set, (gray) => residualNoise(gray, image));
  const contrast = async (set: typeof dark) => (await measureStatistics(set, image)).contrast;
  const gain = (await contrast(lit)) / (await contrast(grainy));
  expect(gain).toBeGreaterThan(7);
  expect((await noise(lit)) / (await noise(grainy))).toBeLessThan(gain / 2);
});

test.each([
  ...correctionNames.map((name) => [name]),
  ['shading', 'blur', 'histogram', 'noise'],
] as CorrectionName[][])('the disc stays where its annotation says: %o', async (...names) => {
  // Strong noise and slopes of light move the estimate, not the disc.
  const mild = { ...strong, noise: 0.004, shading: 0.06 };
  const given = names.map((correction) => ({ correction, strength: mild[correction] }));
  const even = discs({ seed: 1, length: 40, falloff: 0, edge: 2 });
  const after = (await createMatcher(given, real, { image, seed: 3 })).match(even);
  const shifts: { x: number; y: number; length: number }[] = [];
  for (let i = 0; i < even.length; i++) {
    const [before, now] = [await even.at(i), await after.at(i)];
    const [from, to] = [centerOf(before.image, before.annotation), centerOf(now.image, before.annotation)];
    expect(Math.hypot(from.x - before.annotation.x, from.y - before.annotation.y)).toBeLessThan(0.15);
    const [x, y] = [to.x - from.x, to.y - from.y];
    shifts.push({ x, y, length: Math.hypot(x, y) });
  }
  const mean = (axis: 'x' | 'y') => shifts.reduce((sum, shift) => sum + shift[axis], 0) / shifts.length;
  expect(Math.hypot(mean('x'), mean('y'))).toBeLessThan(0.05);
  expect(shifts.map(({ length }) => length).sort((a, b) => a - b)[shifts.length / 2]).toBeLessThan(0.15);
});

/**
 * The centroid of what is dark around a disc's place, where the middle half between its level and the ground's tells
 * how much of a pixel is covered: slow changes of light and a rising tone curve do not count.
 */
function centerOf({ data }: Image, { x, y, radius }: DiscAnnotation): { x: number; y: number } {
  const around = [...data].flatMap((value, at) => {
    const [column, row] = [at % image.width, Math.floor(at / image.width)];
    const distance = Math.hypot(column - x, row - y);
    return distance < radius + 4 ? [{ value, column, row, distance }] : [];
  });
  const level = (isWanted: (distance: number) => boolean) => {
    const values = around.filter(({ distance }) => isWanted(distance)).map(({ value }) => value);
    return values.reduce((a, b) => a + b, 0) / values.length;
  };
  const disc = level((distance) => distance < radius - 2);
  const ground = level((distance) => distance > radius + 2);
  const sums = { weight: 0, x: 0, y: 0 };
  for (const { value, column, row } of around) {
    const weight = Math.min(1, Math.max(0, 1.5 - (2 * (value - disc)) / (ground - disc)));
    sums.weight += weight;
    sums.x += weight * column;
    sums.y += weight * row;
  }
  return { x: sums.x / sums.weight, y: sums.y / sums.weight };
}

test('colors take the mean of the real tints, and gray stays gray where the real is gray', async () => {
  const rgb: SizedForm = { width: 16, height: 16, channels: 3, bits: 8 };
  const picture = (color: (pixel: number) => number[]) =>
    imageOf(Uint8Array.from(Array.from({ length: 256 }, (_, pixel) => color(pixel)).flat()), rgb);
  const gray = datasetOf([{ id: 'a', image: picture((i) => [i / 4, i / 4, i / 4]) }]);
  const take = async (from: Image) => {
    const set = datasetOf([{ id: 'real', image: from }]);
    const options = { image: rgb, seed: 1 };
    const matcher = await createMatcher([{ correction: 'histogram', strength: 1 }], set, options);
    return (await matcher.match(gray).at(0)).image.data;
  };
  const ramp = await take(picture((i) => [100 + i / 2, 100 + i / 2, 100 + i / 2]));
  const reddish = await take(picture((i) => [120 + i / 2, 100 + i / 2, 80 + i / 2]));
  for (let at = 0; at < ramp.length; at += 3) {
    expect([ramp[at + 1], ramp[at + 2]]).toEqual([ramp[at], ramp[at]]);
    const middle = reddish[at + 1]!;
    expect([reddish[at]! - middle, middle - reddish[at + 2]!]).toEqual([20, 20]);
  }
  expect(ramp[0]).toBeLessThan(115);
  expect(ramp.at(-1)).toBeGreaterThan(210);
});

test('pictures of any size are matched one by one as in a set', async () => {
  const anySize = { channels: 1, bits: 8 } as const;
  const matcher = await createMatcher(everything, real, { image: anySize, seed: 3 });
  const small = discs({ seed: 5, length: 2, image: { ...image, width: 30, height: 20 } });
  for (const set of [small, synthetic]) {
    for (const index of [0, 1]) {
      const sample = await set.at(index);
      const after = matcher.apply(sample);
      expect(after).toEqual(await matcher.match(set).at(index));
      expect(after.image).toMatchObject({ width: sample.image.width, height: sample.image.height });
      expect(after.image).not.toEqual(sample.image);
    }
  }
});

test('16-bit pictures, which hold measurements, are refused, and so are histograms of an empty real set', async () => {
  const depth: SizedForm = { ...image, bits: 16, range: [200, 1000] };
  await expect(
    createMatcher([{ correction: 'blur', strength: 1 }], real, { image: depth, seed: 1 }),
  ).rejects.toThrow(
    "Pictures of 16 bits or floats hold measurements such as depth, and a correction of light would make their annotations wrong. Leave them unchanged: match 'none'.",
  );
  const hands = discs({ length: 3, image: depth });
  expect((await createMatcher([], hands, { image: depth, seed: 1 })).match(hands)).toBe(hands);
  await expect(
    createMatcher([{ correction: 'histogram', strength: 1 }], datasetOf([]), { image, seed: 1 }),
  ).rejects.toThrow('There is no real picture to take a histogram from.');
});
