import { createImage, datasetOf, type RealImage } from '@simgan/core';
import { expect, test } from 'vitest';
import { warnOfCopies, warnOfSameness } from './check-real.ts';
import type { JobEvent } from './events.ts';
import { startJob } from './job.ts';

const form = { width: 4, height: 3, channels: 1, bits: 8 } as const;
const picture = (id: number, paint: (i: number) => number): RealImage => {
  const image = createImage(form);
  image.data.forEach((_, i) => {
    image.data[i] = paint(i);
  });
  return { id: String(id), image };
};

async function warningsOf(pictures: readonly RealImage[]): Promise<string[]> {
  const events: JobEvent[] = [];
  await warnOfSameness(datasetOf(pictures), startJob({ onEvent: (event) => events.push(event) }));
  return events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
}

const set = (count: number, paint: (n: number, i: number) => number) =>
  Array.from({ length: count }, (_, n) => picture(n, (i) => paint(n, i)));

test('different pictures are no reason for a warning, nor is a copy or an empty one among them', async () => {
  expect(await warningsOf(set(20, (n, i) => n + i))).toEqual([]);
  expect(await warningsOf(set(20, (n, i) => Math.min(n, 17) + i))).toEqual([]);
  expect(await warningsOf(set(20, (n, i) => n + (n < 3 ? 0 : i)))).toEqual([]);
});

test('copies and pictures of one value are said, with their numbers', async () => {
  expect(await warningsOf(set(20, (n, i) => (n % 4) + i))).toEqual([
    expect.stringMatching(/^Of 20 real pictures, 16 are copies of others: .* the 4 different ones by heart/),
  ]);
  expect(await warningsOf(set(20, (n) => n))).toEqual([
    expect.stringMatching(/^Of 20 real pictures, 20 have one value everywhere/),
  ]);
  expect(await warningsOf(set(300, () => 7))).toEqual([
    expect.stringMatching(/^Of 128 real pictures that were looked at, 128 have one value/),
    expect.stringContaining('127 are copies'),
  ]);
});

test('a set that is given as both the synthetic and the real one is said, and a few shared pictures are not', async () => {
  const warnings = async (synthetic: readonly RealImage[], real: readonly RealImage[], isStandIn = false) => {
    const events: JobEvent[] = [];
    const samples = datasetOf(synthetic.map((picture) => ({ ...picture, annotation: {} })));
    const origin = { origin: 'there', rejects: [] };
    await warnOfCopies(
      {
        synthetic: { ...origin, samples, training: samples, annotations: 'plugin' },
        real: { ...origin, images: datasetOf(real), isStandIn },
      },
      startJob({ onEvent: (event) => events.push(event) }),
    );
    return events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  };
  const ones = set(200, (n, i) => n + i);
  const others = set(200, (n, i) => n * i);
  expect(await warnings(ones, others)).toEqual([]);
  expect(await warnings(ones, [...others.slice(0, 190), ...ones.slice(190)])).toEqual([]);
  expect(await warnings(ones, ones)).toEqual([
    expect.stringMatching(/^Of 128 real pictures that were looked at, 128 are synthetic pictures/),
  ]);
  expect(await warnings(ones, ones, true)).toEqual([]);
});
