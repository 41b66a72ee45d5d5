import { expect, test } from 'vitest';
import { createImage, type SizedForm } from '../image.ts';
import { createRng } from '../rng.ts';
import { applyInBands, isLocal } from './bands.ts';
import type { Correction } from './corrections.ts';
import { matcherOf } from './matcher.ts';

const form: SizedForm = { width: 23, height: 61, channels: 3, bits: 8 };
const image = createImage(form);
const rng = createRng(1);
for (const i of image.data.keys()) image.data[i] = 60 + 60 * Math.sin(i / 40) + rng.int(60);

const settings: Record<string, readonly Correction[]> = {
  blur: [{ correction: 'blur', strength: 0.8 }],
  'sharpen and noise': [
    { correction: 'sharpen', strength: 1 },
    { correction: 'noise', strength: 0.03 },
  ],
  'blur, noise and jpeg': [
    { correction: 'blur', strength: 1.3 },
    { correction: 'noise', strength: 0.02 },
    { correction: 'jpeg', strength: 1 },
  ],
};

test.each(Object.entries(settings))(
  'bands of every height give the bits of the whole: %s',
  (_, corrections) => {
    const seed = 7;
    const matcher = matcherOf(corrections, [], { image: form, seed });
    for (const id of ['a', 'b', 'c']) {
      const whole = matcher.apply({ id, image }).image;
      expect(whole).not.toEqual(image);
      for (const rows of [8, 17, 40, 100]) {
        const source = createRng(seed).fork('match').fork(id);
        expect(applyInBands(image, corrections, { form, source, rows })).toEqual(whole);
      }
    }
  },
);

test('what takes statistics of the whole picture is not done in bands', () => {
  expect(isLocal(settings.blur!)).toBe(true);
  expect(isLocal([...settings.blur!, { correction: 'histogram', strength: 1 }])).toBe(false);
});
