import { expect, test } from 'vitest';
import { z } from 'zod';
import { spotAnnotation, spotImage, spotIn, spots } from '../../test/spots.ts';
import { annotationSchema } from '../geometry/labels.ts';
import { SINGLE_ANGLE_LIMIT } from '../geometry/turn.ts';
import type { SizedForm } from '../image.ts';
import type { Sample } from '../sample.ts';
import { classicRandomization, type RandomizationOptions } from './randomization.ts';
import { randomize } from './randomize.ts';

const domain = { image: spotImage, annotation: spotAnnotation };
const names = Object.keys(classicRandomization) as (keyof RandomizationOptions)[];
const nothing = Object.fromEntries(names.map((name) => [name, 0])) as Required<RandomizationOptions>;
const moving = ['rotation', 'shear', 'scale', 'shift', 'elastic'] as const;
const amounts: Required<RandomizationOptions> = { ...classicRandomization, cutout: 0.5 };

const treated = async (options: RandomizationOptions, { image = spotImage, seed = 3 } = {}) => {
  const before = spots(24, image);
  const after = randomize({ ...domain, image }, { ...nothing, ...options, seed }).treat(before);
  return Promise.all(
    Array.from({ length: before.length }, async (_, index) => ({
      before: await before.at(index),
      after: await after.at(index),
    })),
  );
};

test('with everything off, pictures and annotations are as they were', async () => {
  for (const { before, after } of await treated({})) expect(after).toEqual(before);
  expect(randomize(domain, { ...nothing, seed: 1 }).describe()).toContain('nothing');
});

test.each(names)('%s alone changes pictures, depends on the seed, and is the same again', async (name) => {
  const pairs = await treated({ [name]: amounts[name] });
  const changed = pairs.filter(({ before, after }) => before.image.data.join() !== after.image.data.join());
  expect(changed.length).toBeGreaterThan(pairs.length / 4);
  expect((await treated({ [name]: amounts[name] })).map(({ after }) => after)).toEqual(
    pairs.map(({ after }) => after),
  );
  expect((await treated({ [name]: amounts[name] }, { seed: 4 })).map(({ after }) => after)).not.toEqual(
    pairs.map(({ after }) => after),
  );
});

test.each([...moving.map((name) => ({ wanted: [name] })), { wanted: moving }])(
  'labels land on what they mark: $wanted',
  async ({ wanted }) => {
    const options = Object.fromEntries(wanted.map((name) => [name, amounts[name]]));
    let farthest = 0;
    for (const { before, after } of await treated(options)) {
      const [x, y] = spotIn(after.image);
      const [labelX, labelY] = after.annotation.spot;
      // A bent spot's center of mass is not quite where its center went.
      expect(Math.hypot(x - labelX, y - labelY)).toBeLessThan(
        wanted.some((name) => name === 'elastic') ? 0.4 : 0.1,
      );
      farthest = Math.max(farthest, Math.hypot(...spotIn(before.image).map((at, i) => at - [x, y][i]!)));
    }
    expect(farthest).toBeGreaterThan(0.4);
  },
);

test('light changes nothing in place, and its limits hold', async () => {
  const still = { ...amounts, ...Object.fromEntries(moving.map((name) => [name, 0])) };
  for (const { before, after } of await treated(still)) expect(after.annotation).toEqual(before.annotation);
  const lifted = await treated({ offset: 0.1 });
  const lifts = lifted.map(({ before, after }) => after.image.data[0]! - before.image.data[0]!);
  expect(Math.max(...lifts)).toBeGreaterThan(10);
  expect(Math.max(...lifts)).toBeLessThanOrEqual(26);
});

test('depth is moved and never changed: no value is new', async () => {
  const image: SizedForm = { ...spotImage, bits: 16, range: [0, 65535] };
  const pairs = await treated(amounts, { image });
  for (const { before, after } of pairs) {
    const known = new Set(before.image.data);
    expect([...after.image.data].every((value) => known.has(value))).toBe(true);
    expect(after.annotation).not.toEqual(before.annotation);
  }
});

test('what labels cannot follow is left out', async () => {
  const [first] = await treated({});
  const { image } = first!.before;
  const randomized = async <Annotation>(
    annotation: Annotation,
    schema: { geometry: Parameters<typeof randomize>[0]['annotation']['geometry'] },
  ): Promise<Sample<Annotation>[]> => {
    const treatment = randomize({ image: spotImage, annotation: schema }, { ...amounts, seed: 5 });
    const samples = Array.from({ length: 8 }, (_, index) => ({ id: `${index}`, image, annotation }));
    const { datasetOf } = await import('../dataset.ts');
    const after = treatment.treat(datasetOf(samples));
    return Promise.all(samples.map((_, index) => after.at(index)));
  };
  const number = z.number();
  const single = await randomized(
    { x: 14, y: 10 },
    annotationSchema(z.object({ x: number, y: number }), { x: 'x', y: 'y' }),
  );
  // Scaled and shifted apart along each axis, but not turned: both follow exactly.
  expect(new Set(single.map(({ annotation }) => annotation.x)).size).toBe(8);

  const companion = await randomized(
    { mask: 'a.png', spot: [1, 2] },
    annotationSchema(z.object({ mask: z.string(), spot: z.tuple([number, number]) }), {
      mask: 'companion',
      spot: 'point',
    }),
  );
  for (const { annotation } of companion) expect(annotation).toEqual({ mask: 'a.png', spot: [1, 2] });

  // A single pitch refuses to follow a rotation beyond its limit, so that this would throw.
  const pitch = await randomized(
    { pitch: 0.1, spot: [9, 9] },
    annotationSchema(z.object({ pitch: number, spot: z.tuple([number, number]) }), {
      pitch: 'pitch',
      spot: 'point',
    }),
  );
  for (const { annotation } of pitch) expect(annotation.pitch).toBe(0.1);
  expect(new Set(pitch.map(({ annotation }) => annotation.spot.join())).size).toBe(8);
  expect(SINGLE_ANGLE_LIMIT).toBeGreaterThan(0);
});

test('everything that is wrong is named at once', () => {
  expect(() =>
    randomize(domain, { seed: 1, rotations: 1, blur: -1, noise: 3 } as RandomizationOptions & {
      seed: number;
    }),
  ).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      problems: [
        expect.stringMatching(/^"rotations" is not one of its options, .* Did you mean rotation\?$/),
        'blur must be from 0 to 10, not -1',
        'noise must be from 0 to 0.5, not 3',
      ],
    }),
  );
});
