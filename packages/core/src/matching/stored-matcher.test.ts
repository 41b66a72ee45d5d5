import { expect, test } from 'vitest';
import { discImage, discs } from '../../test/discs.ts';
import { datasetOf, mapDataset } from '../dataset.ts';
import type { ImageForm } from '../image.ts';
import { readSafetensors, writeSafetensors } from '../safetensors.ts';
import { type Correction, correctionNames } from './corrections.ts';
import { createMatcher, type Matcher } from './matcher.ts';
import { isOfMatcher, restoreMatcher, type StoredMatcher, storeMatcher } from './stored-matcher.ts';

const corrections: readonly Correction[] = [
  { correction: 'shading', strength: 0.1 },
  { correction: 'blur', strength: 0.8 },
  { correction: 'histogram', strength: 0.9 },
  { correction: 'noise', strength: 0.03 },
];
const forms: Record<'gray' | 'rgb', ImageForm & { width: number; height: number }> = {
  gray: discImage,
  rgb: { ...discImage, channels: 3 },
};

/** In RGB, pictures of different colors: the tints are part of what is stored. */
const tinted = (set: ReturnType<typeof discs>, strength: number) =>
  mapDataset(set, (sample, index) => {
    const { channels, data } = sample.image;
    const tint = (i: number) => (channels === 1 ? 0 : strength * ((i % 3) - 1) * (1 + (index % 4)));
    return { ...sample, image: { ...sample.image, data: data.map((value, i) => value + tint(i)) } };
  });

async function setUp(kind: 'gray' | 'rgb', given = corrections) {
  const image = forms[kind];
  const real = tinted(discs({ seed: 2, length: 9, light: [0.2, 0.7], image }), 8);
  const matcher = await createMatcher(given, real, { image, seed: 3 });
  return { image, matcher, stored: storeMatcher(matcher) };
}

const samplesAfter = async (matcher: Matcher, image: typeof discImage) => {
  const set = matcher.match(tinted(discs({ seed: 1, length: 6, image }), 3));
  const samples = await Promise.all(Array.from({ length: 6 }, (_, index) => set.at(index)));
  return samples.map((sample) => ({ id: sample.id, pixels: sample.image.data.join() }));
};

test.each(['gray', 'rgb'] as const)('a matcher that was stored gives the same bytes: %s', async (kind) => {
  const { image, matcher, stored } = await setUp(kind);
  // The way through a file: 32-bit floats and texts.
  const { tensors, metadata } = readSafetensors(
    writeSafetensors({ tensors: { ...stored.tensors }, metadata: { ...stored.about } }),
  );
  const restored = restoreMatcher({ tensors, about: metadata } as StoredMatcher, { image, seed: 3 });
  const [before, after] = [await samplesAfter(matcher, image), await samplesAfter(restored, image)];
  expect(after).toEqual(before);
  expect(after).not.toEqual(
    await samplesAfter(await createMatcher([], datasetOf([]), { image, seed: 3 }), image),
  );
  expect(after.map(({ id }) => restored.referenceOf(id))).toEqual(
    before.map(({ id }) => matcher.referenceOf(id)),
  );
  expect(new Set(after.map(({ id }) => restored.referenceOf(id))).size).toBeGreaterThan(3);
  expect(restored.corrections).toEqual(matcher.corrections);
  // Also what would rarely show in a pixel.
  expect(restored.references).toEqual(matcher.references);
  // What was restored can be stored again.
  expect(storeMatcher(restored)).toEqual(stored);
  expect(Object.keys(stored.tensors).every(isOfMatcher)).toBe(true);
  expect(isOfMatcher('refiner/stem/kernel')).toBe(false);
});

test.each(correctionNames)('a matcher of %s alone is stored', async (correction) => {
  const { image, matcher, stored } = await setUp('gray', [{ correction, strength: 0.4 }]);
  expect(Object.keys(stored.tensors).length).toBe(correction === 'histogram' ? 1 : 0);
  const restored = restoreMatcher(stored, { image, seed: 3 });
  expect(await samplesAfter(restored, image)).toEqual(await samplesAfter(matcher, image));
});

test('reasons of a plan are not stored, strengths are', async () => {
  const planned = corrections.map((one) => ({ ...one, reason: 'as measured' }));
  const { stored } = await setUp('gray', planned);
  expect(stored).toEqual((await setUp('gray')).stored);
});

test('a file without corrections has a matcher that changes nothing', () => {
  const restored = restoreMatcher({ tensors: {}, about: { plugin: 'discs' } }, { image: discImage, seed: 3 });
  expect(restored.corrections).toEqual([]);
  const set = discs();
  expect(restored.match(set)).toBe(set);
});

test('damaged texts and arrays are refused', async () => {
  const { image, stored } = await setUp('rgb');
  const text = stored.about.matching!;
  const parsed = JSON.parse(text) as { corrections: Correction[]; references: string[] };
  const withText = (change: object | string): StoredMatcher => ({
    ...stored,
    about: { matching: typeof change === 'string' ? change : JSON.stringify({ ...parsed, ...change }) },
  });
  const withTensor = (
    name: string,
    change: Partial<StoredMatcher['tensors'][string]> | undefined,
  ): StoredMatcher => {
    const { [name]: tensor, ...others } = stored.tensors;
    return { ...stored, tensors: change ? { ...others, [name]: { ...tensor!, ...change } } : others };
  };
  const [quantiles, tints] = ['matching/quantiles', 'matching/tints'];
  const broken = (name: string) =>
    stored.tensors[name]!.data.map((value, i) => (i === 7 ? Number.NaN : value));
  const damaged: StoredMatcher[] = [
    withText(text.slice(0, -1)),
    withText('null'),
    withText('[]'),
    withText({ corrections: undefined }),
    withText({ corrections: [null] }),
    withText({ corrections: [{ correction: 'histogram', strength: '1' }] }),
    withText({ corrections: [{ correction: 'histogram', strength: 2 }] }),
    withText({ corrections: [{ correction: 'toString', strength: 1 }] }),
    withText({ corrections: [...parsed.corrections, ...parsed.corrections] }),
    withText({ references: [1] }),
    withText({ references: [] }),
    withText({ references: parsed.references.slice(1) }),
    withText({ references: Array(5000).fill('a') }),
    withTensor(quantiles!, undefined),
    withTensor(tints!, undefined),
    withTensor(quantiles!, { shape: [9, 128] }),
    withTensor(tints!, { shape: [9, 1, 6] }),
    withTensor(quantiles!, { data: broken(quantiles!) }),
    withTensor(tints!, { data: broken(tints!) }),
  ];
  for (const one of damaged) {
    expect(() => restoreMatcher(one, { image, seed: 3 }), JSON.stringify(one.about)).toThrow(
      expect.objectContaining({
        code: 'INVALID_FILE',
        message: expect.stringContaining(
          'The corrections of light that the refiner was trained with are damaged.',
        ),
      }),
    );
  }
  expect(restoreMatcher(withText({}), { image, seed: 3 }).references).toHaveLength(9);
});
