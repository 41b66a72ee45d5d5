import { expect, expectTypeOf, test } from 'vitest';
import {
  createImage,
  cropImage,
  decodeImages,
  encodeImages,
  formOf,
  hasSize,
  type Image,
  type ImageForm,
  imageLength,
  imageOf,
  imageProblem,
  imageRange,
  type SizedForm,
  sizedForm,
} from './image.ts';

const gray: SizedForm = { width: 16, height: 16, channels: 1, bits: 8 };
const depth: SizedForm = { width: 256, height: 256, channels: 1, bits: 16 };
const rgb: SizedForm = { width: 4, height: 3, channels: 3, bits: 8 };
const anySize: ImageForm = { channels: 3, bits: 8 };

/** An image of the form whose values count up. */
const counting = (form: SizedForm): Image => {
  const image = createImage(form);
  for (let i = 0; i < image.data.length; i++) image.data[i] = i;
  return image;
};

test('every 8-bit value survives the way through the networks', () => {
  const batch = encodeImages([counting(gray)], gray);
  expect(batch.shape).toEqual([1, 16, 16, 1]);
  expect([batch.data[0], batch.data[255]]).toEqual([-1, 1]);
  expect(decodeImages(batch, gray)).toEqual([counting(gray)]);
});

test('floats survive with the precision of float32 over their range, and are not rounded', () => {
  const floats: SizedForm = { width: 16, height: 16, channels: 1, bits: 32, range: [-3, 5] };
  const data = Float32Array.from({ length: 256 }, (_, i) => -3 + (8 * i) / 255);
  const [decoded] = decodeImages(encodeImages([imageOf(data, floats)], floats), floats);
  expect(decoded!.data).toBeInstanceOf(Float32Array);
  const errors = Array.from(decoded!.data, (value, i) => Math.abs(value - data[i]!));
  expect(Math.max(...errors)).toBeLessThan(8 * 2 ** -23);
  expect(imageRange({ bits: 32 })).toEqual([0, 1]);
  expect(imageProblem({ ...decoded!, data: new Uint8Array(256) }, floats)).toContain('not a Float32Array');
});

test('every 16-bit value survives, over the full scale and within a range', () => {
  const image = counting(depth);
  const [decoded] = decodeImages(encodeImages([image], depth), depth);
  expect(decoded!.data).toBeInstanceOf(Uint16Array);
  expect(decoded!.data.findIndex((value, i) => value !== i)).toBe(-1);
  const ranged: SizedForm = { ...depth, range: [500, 1500] };
  const [clamped] = decodeImages(encodeImages([image], ranged), ranged);
  expect(clamped!.data.findIndex((value, i) => value !== Math.min(1500, Math.max(500, i)))).toBe(-1);
});

test('a batch keeps its images and their channels in order', () => {
  const other = { ...counting(rgb), data: counting(rgb).data.map((value) => 255 - value) };
  const batch = encodeImages([counting(rgb), other], rgb);
  expect(batch.shape).toEqual([2, 3, 4, 3]);
  expect(decodeImages(batch, rgb)).toEqual([counting(rgb), other]);
});

test('without a size in the form, a batch has the size of its first image', () => {
  const [small, large] = [counting(rgb), counting({ ...rgb, width: 5 })];
  expect(encodeImages([large], anySize).shape).toEqual([1, 3, 5, 3]);
  expect(decodeImages(encodeImages([large], anySize), anySize)).toEqual([large]);
  expect(() => encodeImages([small, large], anySize)).toThrow(
    'Image 1 of the batch cannot be used: it is 5 x 3, not 4 x 3.',
  );
  expect(() => encodeImages([], anySize)).toThrow('A batch needs at least one image.');
});

test('values beyond what a network may return are clamped', () => {
  const tiny: SizedForm = { width: 2, height: 1, channels: 1, bits: 8 };
  expect(decodeImages({ data: Float32Array.of(-3, 3), shape: [1, 1, 2, 1] }, tiny)).toEqual([
    { ...tiny, data: Uint8Array.of(0, 255) },
  ]);
});

test('imageProblem says in a clause why a value is no image of the form', () => {
  const image = counting(rgb);
  expect(imageProblem(image, rgb)).toBeUndefined();
  expect(imageProblem(image, anySize)).toBeUndefined();
  const cases: [unknown, ImageForm, string][] = [
    [undefined, rgb, 'it is not an image: { width, height, channels, bits, data }'],
    [new Uint8Array(36), rgb, 'it is not an image: { width, height, channels, bits, data }'],
    [image, gray, 'it has 3 channels, not 1'],
    [image, { ...rgb, bits: 16 }, 'it has 8 bits, not 16'],
    [{ ...image, data: new Uint16Array(36) }, rgb, 'its data is not a Uint8Array, which 8-bit images have'],
    [{ ...image, data: [...image.data] }, rgb, 'its data is not a Uint8Array, which 8-bit images have'],
    [{ ...image, width: 3, height: 4 }, rgb, 'it is 3 x 4, not 4 x 3'],
    [{ ...image, width: 1.5 }, anySize, 'its size is 1.5 x 3'],
    [{ ...image, height: 0 }, anySize, 'its size is 4 x 0'],
    [{ ...image, data: new Uint8Array(35) }, rgb, 'it has 35 values, not 3 x 4 x 3 = 36'],
  ];
  for (const [value, form, problem] of cases) expect(imageProblem(value, form)).toBe(problem);
});

test('an image of another form is refused with the reason', () => {
  const short = { ...createImage(gray), data: new Uint8Array(3) };
  expect(() => encodeImages([short], gray)).toThrow(
    expect.objectContaining({
      code: 'INVALID_IMAGE',
      message: 'Image 0 of the batch cannot be used: it has 3 values, not 16 x 16 x 1 = 256.',
    }),
  );
  expect(() => encodeImages([counting(gray), counting(rgb)], gray)).toThrow(
    'Image 1 of the batch cannot be used',
  );
  expect(() => imageOf(new Uint8Array(255), gray)).toThrow(
    'These pixels do not make an image: it has 255 values, not 16 x 16 x 1 = 256.',
  );
  expect(() => imageOf(new Uint8Array(256 * 256), depth)).toThrow('its data is not a Uint16Array');
});

test('images are made of a form or of pixels, which are not copied', () => {
  expect(createImage(rgb)).toEqual({ ...rgb, data: new Uint8Array(36) });
  expect(createImage(depth).data).toBeInstanceOf(Uint16Array);
  const pixels = new Uint8Array(36);
  const image = imageOf(pixels, { ...rgb, range: [10, 20] });
  expect(image.data).toBe(pixels);
  // The range belongs to the domain, not to the image.
  expect(image).toEqual({ ...rgb, data: pixels });
  expect(formOf(image)).toEqual(rgb);
  expect(formOf(image, { range: [10, 20] })).toEqual({ ...rgb, range: [10, 20] });
  expect(imageLength(rgb)).toBe(36);
});

test('a form may leave the size open', () => {
  expect([hasSize(rgb), hasSize(anySize)]).toEqual([true, false]);
  expect(sizedForm(rgb)).toBe(rgb);
  expect(() => sizedForm(anySize)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('give the form a width'),
    }),
  );
  if (hasSize(anySize)) expectTypeOf(anySize).toExtend<SizedForm>();
  expectTypeOf(anySize).not.toExtend<SizedForm>();
  expect([imageRange(gray), imageRange(depth), imageRange({ ...gray, range: [1, 9] })]).toEqual([
    [0, 255],
    [0, 65_535],
    [1, 9],
  ]);
});

test.each([1, 3] as const)('a crop of %i channels is the part within its window, copied', (channels) => {
  const image = counting({ width: 5, height: 4, channels, bits: 16 });
  const crop = cropImage(image, { left: 2, top: 1, width: 3, height: 2 });
  const pixel = (column: number, row: number) =>
    Array.from({ length: channels }, (_, channel) => (row * 5 + column) * channels + channel);
  expect(crop).toMatchObject({ width: 3, height: 2, channels, bits: 16 });
  expect([...crop.data]).toEqual([1, 2].flatMap((row) => [2, 3, 4].flatMap((column) => pixel(column, row))));
  crop.data.fill(9);
  expect(image.data[image.data.length - 1]).toBe(20 * channels - 1);
  expect(cropImage(image, { left: 0, top: 0, width: 5, height: 4 })).toEqual(image);
});

test('opacity is cropped with its image, and one that does not fit is a problem', () => {
  const form = { width: 4, height: 3, channels: 3, bits: 8 } as const;
  const alpha = Uint8Array.from({ length: 12 }, (_, i) => i);
  const image = { ...createImage(form), alpha };
  expect(imageProblem(image, form)).toBeUndefined();
  const crop = cropImage(image, { left: 1, top: 1, width: 2, height: 2 });
  expect(crop.alpha).toEqual(Uint8Array.of(5, 6, 9, 10));
  expect(cropImage(createImage(form), { left: 0, top: 0, width: 1, height: 1 }).alpha).toBeUndefined();
  expect(imageProblem({ ...image, alpha: alpha.slice(1) }, form)).toBe(
    'its alpha is not a Uint8Array of 3 x 4 values',
  );
});
