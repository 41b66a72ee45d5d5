import { expect, test } from 'vitest';
import { grayPng, readAll, temporaryFolder } from '../../test/reading.ts';
import { backgroundValue, handImage, invalidValue, pixelKind } from '../hand-image.ts';
import { depthPictures, SR305 } from './depth-pictures.ts';

const count = (values: ArrayLike<number>, kind: string) =>
  Array.from(values).filter((value) => pixelKind(value, 300) === kind).length;

test('reads frames in their unit, cropped about the nearest surface', async () => {
  // 120 x 120 pixels at 600 mm are 151.3 mm square.
  const frame = (u: number, v: number) => {
    if (v > 380) return 0;
    return u >= 120 && u < 240 && v >= 220 && v < 340 ? 8 * 600 + 3 : 8 * 1100;
  };
  const dir = await temporaryFolder({
    'a/1.png': await grayPng(640, 480, frame),
    'a/2.png': await grayPng(640, 480, () => 0),
    'a/8bit.png': 'no picture',
    'notes.txt': '',
  });
  const { samples, rejects } = await readAll(dir, depthPictures(SR305), handImage(150, 300));
  expect(samples.map(({ id }) => id)).toEqual(['a/1']);
  const { image, annotation } = samples[0]!;
  expect(annotation.joints).toBeUndefined();
  expect(annotation.camera).toEqual(SR305.camera);
  expect(annotation.crop!.near + image.data[75 * 150 + 75]!).toBe(600);
  // What is nearer than the palm, 17 mm behind the surface, looks larger.
  expect(count(image.data, 'depth') / ((151.3 / 2) * (617 / 600)) ** 2).toBeCloseTo(1, 1);
  expect(image.data.at(-1)).toBe(invalidValue(300));
  expect(image.data[0]).toBe(backgroundValue(300));
  expect(rejects).toEqual([
    { file: 'a/2.png', reason: 'None of its surfaces has the size of a hand.' },
    { file: 'a/8bit.png', reason: expect.stringContaining('not a picture') },
  ]);
});

test('hands of tight crops of any size have their true size, and the borders of the crops are hidden', async () => {
  // A hand of 50 x 80 pixels, a shadow to its left that reaches the border, and a hole of 4 pixels within it.
  const crop = (u: number, v: number) => {
    if (u > 50 && u < 53 && v > 50 && v < 53) return 0;
    if (u >= 30 && u < 80 && v >= 20 && v < 100) return 735;
    return u < 30 ? 0 : 2900;
  };
  const dir = await temporaryFolder({
    'small.png': await grayPng(100, 120, crop),
    'wide.png': await grayPng(130, 120, crop),
  });
  const { samples, rejects } = await readAll(dir, depthPictures(), handImage(224, 300));
  expect(rejects).toEqual([]);
  for (const { image, annotation } of samples) {
    // A palm at 752 mm: 752 / 588 = 1.28 mm per pixel of the camera, 1.34 mm per pixel of the picture.
    const millimeters = (50 * 752) / 588.04;
    const widest = Array.from({ length: 224 }, (_, row) =>
      count(image.data.subarray(row * 224, (row + 1) * 224), 'depth'),
    ).reduce((a, b) => Math.max(a, b));
    expect(widest * (300 / 224)).toBeCloseTo(millimeters, -0.5);
    expect(count(image.data, 'invalid')).toBeGreaterThan(0);
    expect(count(image.data, 'invalid')).toBeLessThan(12);
    expect(image.data[112 * 224 + 60]).toBe(backgroundValue(300));
    expect(annotation.crop!.near).toBe(752 - 150);
  }
});

test('an impossible unit is refused before anything is read', () => {
  expect(() => depthPictures({ unit: -1 })).toThrow('A unit of -1 mm is not possible');
});

test('pictures whose paths differ only by extension have different ids', async () => {
  const picture = await grayPng(100, 120, (u, v) => (u >= 30 && u < 80 && v >= 20 && v < 100 ? 735 : 0));
  const dir = await temporaryFolder({ 'a.PNG': picture, 'a.png': picture, 'a.tif': picture });
  const { samples } = await readAll(dir, depthPictures());
  expect(samples.map(({ id }) => id)).toEqual(['a', 'a-png', 'a-tif']);
});
