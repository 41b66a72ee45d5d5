import type { DatasetReader, SizedForm } from '@simgan/core';
import { expect, test } from 'vitest';
import { grayPng, readAll, temporaryFolder } from '../../test/reading.ts';
import type { HandAnnotation } from '../annotation.ts';
import { depthHands } from '../depth-hands.ts';
import { backgroundValue, handImage, invalidValue, pixelKind } from '../hand-image.ts';
import { type DepthPicturesOptions, depthPictures, SR305 } from './depth-pictures.ts';

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

/** A palm of 100 x 100 mm at a distance in mm, as a camera of a focal length sees it. */
const palm = (width: number, height: number, focal: number, perMillimeter = 1, distance = 600) => {
  const half = Math.round((50 * focal) / distance);
  return grayPng(width, height, (u, v) =>
    Math.abs(u - width / 2) < half && Math.abs(v - height / 2) < half
      ? Math.round(distance * perMillimeter)
      : Math.round(2 * distance * perMillimeter),
  );
};

test('frames in another unit and frames of other cameras are refused, and read with what is missing', async () => {
  const dir = await temporaryFolder({
    'a-mm.png': await palm(640, 480, 588),
    'b-fifths.png': await palm(640, 480, 588, 5),
    'c-tenths.png': await palm(640, 480, 588, 10),
    'd-cm.png': await palm(640, 480, 588, 0.1),
    'e-half.png': await palm(320, 240, 294),
    'f-double.png': await palm(1280, 960, 1176),
    'g-far.png': await palm(640, 480, 588, 1, 2500),
  });
  const { samples, rejects } = await readAll(dir, depthPictures(), handImage(64, 300));
  expect(samples.map(({ id }) => id)).toEqual(['a-mm']);
  expect(rejects.map(({ file }) => file)).toEqual([
    'b-fifths.png',
    'c-tenths.png',
    'd-cm.png',
    'e-half.png',
    'f-double.png',
    'g-far.png',
  ]);
  expect(rejects[5]!.reason).toBe(
    'With 1 mm per stored step its hand would be 2.52 m from the camera, and depth cameras see hands from 0.2 m to 2 m. Give the right unit: the option depthUnit of the plugin, such as 0.125, 0.2 or 10.',
  );
  expect(rejects[3]!.reason).toContain(
    'It is 320 x 240, a frame of another camera than the one of 640 x 480',
  );
  const { near } = samples[0]!.annotation.crop!;
  const read = async (name: string, options: DepthPicturesOptions) => {
    const only: DatasetReader<HandAnnotation> = (folder, given) =>
      depthPictures(options)({ ...folder, files: [name] }, given);
    const found = await readAll(dir, only, handImage(64, 300));
    expect(found.rejects).toEqual([]);
    return found.samples[0]!;
  };
  expect((await read('b-fifths.png', { unit: 0.2 })).image).toEqual(samples[0]!.image);
  // Whoever gives the unit knows better where the hands are, but not without a limit.
  expect((await read('g-far.png', { unit: 1 })).annotation.crop!.near).toBe(2517 - 150);
  expect((await read('d-cm.png', { unit: 10 })).annotation.crop!.near).toBe(near);
  const { rejects: tooFar } = await readAll(dir, depthPictures({ unit: 1.25 }), handImage(64, 300));
  expect(tooFar.at(-1)).toEqual({
    file: 'g-far.png',
    reason:
      'With 1.25 mm per stored step its hand would be 3.14 m from the camera, and depth cameras see hands from 0.1 m to 3 m. Give the right unit: the option depthUnit of the plugin, such as 0.125, 0.2 or 10.',
  });
  const half = { fx: 294, fy: 294, cx: 159.5, cy: 119.5, width: 320, height: 240 };
  expect((await read('e-half.png', { camera: half })).annotation.crop!.near).toBe(near);
});

test('the options of the plugin are those of its plain reader', async () => {
  const dir = await temporaryFolder({ 'a.png': await palm(640, 480, 588, 5) });
  const plugin = depthHands({ size: 64, depthUnit: 0.2 });
  const { samples } = await readAll(dir, plugin.readers.depth, plugin.image as SizedForm);
  expect(samples.length).toBe(1);
});
