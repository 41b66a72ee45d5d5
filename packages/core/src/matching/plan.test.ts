import { expect, test } from 'vitest';
import { discImage, discs } from '../../test/discs.ts';
import { datasetOf } from '../dataset.ts';
import { imageOf, type SizedForm } from '../image.ts';
import type { Correction, CorrectionName, MatchSetting } from './corrections.ts';
import { createMatcher } from './matcher.ts';
import { planCorrections } from './plan.ts';

const image = discImage;
const synthetic = discs({ seed: 1, length: 60 });

/** Other pictures of the same kind, taken with a camera of known faults. */
const camera = async (...faults: [CorrectionName, number][]) => {
  const corrections: Correction[] = faults.map(([correction, strength]) => ({ correction, strength }));
  const shots = discs({ seed: 2, length: 70 });
  return (await createMatcher(corrections, discs({ seed: 3, light: [0.05, 0.9] }), { image, seed: 7 })).match(
    shots,
  );
};
const plan = async (setting: MatchSetting, real: typeof synthetic) =>
  planCorrections(setting, { synthetic, real, image, seed: 5 });
const strengthsOf = async (setting: MatchSetting, real: typeof synthetic) =>
  Object.fromEntries(
    (await plan(setting, real)).corrections.map(({ correction, strength }) => [correction, strength]),
  );

test('noise and blur of a known strength are measured, also together', async () => {
  const noisy = await strengthsOf([{ correction: 'noise' }], await camera(['noise', 0.03]));
  expect(Math.abs(noisy.noise! / 0.03 - 1)).toBeLessThan(0.15);
  const soft = await strengthsOf([{ correction: 'blur' }], await camera(['blur', 0.8]));
  expect(Math.abs(soft.blur! / 0.8 - 1)).toBeLessThan(0.15);
  const both = await strengthsOf(
    [{ correction: 'blur' }, { correction: 'noise' }],
    await camera(['blur', 1], ['noise', 0.02]),
  );
  expect(Math.abs(both.blur! / 1 - 1)).toBeLessThan(0.15);
  expect(Math.abs(both.noise! / 0.02 - 1)).toBeLessThan(0.15);
});

test('sharper pictures are sharpened to, and uneven light is found', async () => {
  const sharp = await strengthsOf([{ correction: 'sharpen' }], await camera(['sharpen', 0.6]));
  expect(Math.abs(sharp.sharpen! / 0.6 - 1)).toBeLessThan(0.2);
  const shaded = await strengthsOf([{ correction: 'shading' }], await camera(['shading', 0.2]));
  expect(Math.abs(shaded.shading! / 0.2 - 1)).toBeLessThan(0.3);
});

test('JPEG of a known strength is measured', async () => {
  const { jpeg } = await strengthsOf([{ correction: 'jpeg' }], await camera(['jpeg', 2]));
  expect(Math.abs(jpeg! / 2 - 1)).toBeLessThan(0.5);
});

test('auto takes blur, noise and JPEG, and leaves the light to the scene', async () => {
  const { corrections, omitted } = await plan(
    'auto',
    await camera(['shading', 0.2], ['blur', 0.8], ['histogram', 1], ['noise', 0.02]),
  );
  expect(corrections.map(({ correction }) => correction)).toEqual(['blur', 'noise']);
  expect(Math.abs(corrections[0]!.strength / 0.8 - 1)).toBeLessThan(0.35);
  expect(omitted.map(({ correction }) => correction)).toEqual(['jpeg']);
  const compressed = await plan('auto', await camera(['jpeg', 2]));
  expect(compressed.corrections.map(({ correction }) => correction)).toEqual(['jpeg']);
});

test('light finds what the camera did, and gives reasons in figures', async () => {
  const real = await camera(['blur', 0.8], ['histogram', 1], ['noise', 0.02]);
  const { corrections } = await plan('light', real);
  expect(corrections.map(({ correction }) => correction)).toEqual(['blur', 'histogram', 'noise']);
  const [blur, histogram, noise] = corrections;
  expect(Math.abs(blur!.strength / 0.8 - 1)).toBeLessThan(0.3);
  expect(histogram!.strength).toBe(1);
  expect(Math.abs(noise!.strength / 0.02 - 1)).toBeLessThan(0.15);
  expect(noise!.reason).toMatch(
    /^noise 0\.00\d without it, 0\.02\d in the real pictures; distance to real [\d.-]+ with it, [\d.]+ without$/,
  );
});

test('the same sets and seed give the same plan', async () => {
  const few = {
    synthetic: discs({ seed: 1, length: 12 }),
    real: discs({ seed: 2, length: 12, light: [0.05, 0.9] }),
  };
  const [first, again] = [1, 2].map(() => planCorrections('light', { ...few, image, seed: 5 }));
  expect((await first!).corrections).not.toEqual([]);
  expect(await again).toEqual(await first);
});

test('nothing is done between sets of one kind, and what was tried is listed', async () => {
  expect((await plan('auto', await camera())).corrections).toEqual([]);
  const { corrections, omitted } = await plan('light', await camera());
  expect(corrections).toEqual([]);
  expect(omitted.map(({ correction }) => correction)).toContain('histogram');
});

test('light equalizes where the real pictures are equalized', async () => {
  const ramps = (from: number, step: number) =>
    datasetOf(
      Array.from({ length: 40 }, (_, i) => {
        const pixels = Uint8Array.from({ length: 48 * 40 }, (_, at) =>
          Math.round(from + step * ((((at % 48) + i) % 48) / 48 + Math.floor(at / 48) / 40) * 127),
        );
        return { id: String(i), image: imageOf(pixels, image) };
      }),
    );
  const real = (
    await createMatcher([{ correction: 'equalize', strength: 1 }], ramps(0, 1), { image, seed: 1 })
  ).match(ramps(0, 1));
  const { corrections } = await planCorrections('light', { synthetic: ramps(90, 0.3), real, image, seed: 1 });
  expect(corrections.map(({ correction }) => correction)).toContain('equalize');
});

test('given strengths are taken as they are, and everything that is wrong is listed', async () => {
  const real = await camera();
  expect((await plan('none', real)).corrections).toEqual([]);
  expect((await plan('histogram', real)).corrections).toEqual([
    { correction: 'histogram', strength: 1, reason: 'as given' },
  ]);
  const given = [
    { correction: 'noise', strength: 0.01 },
    { correction: 'blur', strength: 0.7 },
  ] as const;
  expect(
    (await plan(given, real)).corrections.map(({ correction, strength }) => [correction, strength]),
  ).toEqual([
    ['blur', 0.7],
    ['noise', 0.01],
  ]);
  const wrong = [
    { correction: 'blur', strength: 0 },
    { correction: 'sharpen', strength: 1 },
    { correction: 'blurr' as 'blur' },
    { correction: 'noise' },
    { correction: 'noise' },
  ] as const;
  await expect(plan(wrong, real)).rejects.toThrow(
    'The pictures cannot be matched: the strength of blur must be above 0 and at most 10 (px), not 0; "blurr" is not a correction: use shading, blur, sharpen, histogram, equalize, noise, jpeg; noise is given more than once; blur and sharpen exclude each other.',
  );
});

test('auto leaves 16-bit pictures as they are', async () => {
  const depth: SizedForm = { ...image, bits: 16, range: [200, 1000] };
  const hands = discs({ length: 5, image: depth });
  expect(await planCorrections('auto', { synthetic: hands, real: hands, image: depth, seed: 1 })).toEqual({
    corrections: [],
    omitted: [],
  });
});
