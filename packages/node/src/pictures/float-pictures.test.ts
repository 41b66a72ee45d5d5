// Floats: read exactly, refused where their meaning is not known, and written without a loss.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Image, type ImageForm, imageOf } from '@simgan/core';
import { encodeTiff } from '@simgan/formats';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/folders.ts';
import { decodePicture, readPicture } from './decode-picture.ts';
import { encodePicture, encodePng } from './encode-picture.ts';
import { readPictureSize } from './picture-header.ts';

const size = { width: 7, height: 5 } as const;

function floats(channels: 1 | 3, low = -2, high = 6): Image {
  const length = size.width * size.height * channels;
  const data = Float32Array.from({ length }, (_, i) => low + ((high - low) * i) / (length - 1));
  return imageOf(data, { ...size, channels, bits: 32 });
}

/** An array as NumPy saves it. */
function npy(descr: string, shape: readonly number[], values: ArrayBufferView): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(
    117,
  );
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return Buffer.concat([
    Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]),
    Buffer.from(`${header}\n`),
    bytes,
  ]);
}

test.each([1, 3] as const)(
  'floats of %i channels come back exactly, and a TIFF of them is one for libtiff',
  async (channels) => {
    const image = floats(channels);
    const form = { channels, bits: 32, range: [-2, 6] } as const;
    const file = await encodePicture(image);
    expect(file.extension).toBe('tif');
    expect(await decodePicture(file.bytes, form)).toMatchObject({ image, isResized: false, span: [-2, 6] });
    expect(Buffer.from((await encodePicture(image)).bytes).equals(Buffer.from(file.bytes))).toBe(true);
    const { depth, space } = await sharp(file.bytes).metadata();
    expect([depth, space]).toEqual(['float', channels === 1 ? 'b-w' : 'scrgb']);
    await expect(encodePng(image)).rejects.toThrow('it holds floats, which PNG cannot');
  },
);

test('opacity of floats is kept where the form keeps it, and transparent pixels become 0 elsewhere', async () => {
  const alpha = Float32Array.from({ length: 35 }, (_, i) => i / 34);
  const image: Image = { ...floats(3, 0, 1), alpha };
  const { bytes } = await encodePicture(image);
  expect((await decodePicture(bytes, { channels: 3, bits: 32, keepsAlpha: true })).image).toEqual(image);
  const { image: opaque, hasAlpha } = await decodePicture(bytes, { channels: 3, bits: 32 });
  expect(hasAlpha).toBe(true);
  expect(opaque.data).toEqual(image.data.map((value, i) => value * alpha[Math.floor(i / 3)]!));
});

test('whole numbers in a TIFF of ours are what they were', async () => {
  for (const bits of [8, 16] as const) {
    const values = Array.from({ length: 105 }, (_, i) => i * (bits === 8 ? 2 : 600));
    const image = imageOf(bits === 8 ? Uint8Array.from(values) : Uint16Array.from(values), {
      ...size,
      channels: 3,
      bits,
    });
    expect((await decodePicture(encodeTiff(image), { channels: 3, bits })).image).toEqual(image);
  }
});

test.each([
  ['<f4', 32, Float32Array],
  ['<f8', 32, Float64Array],
  ['<u2', 16, Uint16Array],
  ['|u1', 8, Uint8Array],
] as const)("NumPy's arrays of %s are pictures", async (descr, bits, Values) => {
  const file = join(await temporaryFolder(), 'a.npy');
  const values = new Values(Array.from({ length: 105 }, (_, i) => i));
  await writeFile(file, npy(descr, [5, 7, 3], values));
  const form: ImageForm = { channels: 3, bits, ...(bits === 32 && { range: [0, 200] }) };
  expect(Array.from((await readPicture(file, form)).image.data)).toEqual(Array.from(values));
  expect(await readPictureSize(file)).toEqual({ ...size, channels: 3, bits });
});

test('arrays that are no picture are refused with their shape or type', async () => {
  const decode = (bytes: Uint8Array) => decodePicture(bytes, { channels: 1, bits: 32 });
  await expect(decode(npy('<f4', [7, 5, 2], new Float32Array(70)))).rejects.toThrow(
    'The array is 7 x 5 x 2; a picture is',
  );
  await expect(decode(npy('<i4', [7, 5], new Int32Array(35)))).rejects.toThrow('holds values of i4');
  await expect(decode(npy('<f4', [7, 5], new Float32Array(3)))).rejects.toThrow('it is cut off');
});

test('floats whose meaning is not known are refused, with what would say it', async () => {
  const { bytes } = await encodePicture(floats(1));
  const decode = (form: ImageForm, valueRange?: readonly [number, number]) =>
    decodePicture(bytes, form, valueRange && { valueRange });
  await expect(decode({ channels: 1, bits: 32 })).rejects.toThrow(
    'holds the value -2, and pictures of this domain hold 0 to 1: its values are of another unit or kind. The plugin option range=[LOW,HIGH] says',
  );
  await expect(decode({ channels: 1, bits: 8 })).rejects.toThrow(
    'which of them are black and white cannot be known. Say so with `valueRange`',
  );
  const { image } = await decode({ channels: 1, bits: 8 }, [-2, 6]);
  expect(Array.from(image.data)).toEqual(
    Array.from(floats(1).data, (value) => Math.round(((value + 2) / 8) * 255)),
  );
  const { image: deep } = await decode({ channels: 1, bits: 16 }, [-2, 6]);
  expect([deep.data[0], deep.data[34]]).toEqual([0, 65_535]);

  const holed = floats(1, 0, 1);
  holed.data[3] = Number.NaN;
  await expect(decodePicture(encodeTiff(holed), { channels: 1, bits: 32 })).rejects.toThrow(
    'holds the value NaN',
  );
  const whole = await encodePng(imageOf(new Uint16Array(35), { ...size, channels: 1, bits: 16 }));
  await expect(decodePicture(whole, { channels: 1, bits: 32 })).rejects.toThrow(
    'has 16 bits a value and floats are needed',
  );
});

test('gray floats are scaled by their nearest pixels, colors within their range', async () => {
  const depth = imageOf(
    Float32Array.from({ length: 16 }, (_, i) => (i % 4 < 2 ? 0.25 : 0.75)),
    { width: 4, height: 4, channels: 1, bits: 32 },
  );
  const { image } = await decodePicture(encodeTiff(depth), { width: 7, height: 7, channels: 1, bits: 32 });
  expect(new Set(image.data)).toEqual(new Set([0.25, 0.75]));
  const edge = imageOf(
    Float32Array.from({ length: 48 }, (_, i) => (i % 12 < 6 ? 0 : 1)),
    { width: 4, height: 4, channels: 3, bits: 32 },
  );
  const scaled = await decodePicture(encodeTiff(edge), { width: 7, height: 7, channels: 3, bits: 32 });
  expect(Math.max(...scaled.image.data)).toBe(1);
});

test('colors of 16 bits become gray with all of their bits', async () => {
  const image = imageOf(new Uint16Array(105).fill(40_000), { ...size, channels: 3, bits: 16 });
  const { image: gray } = await decodePicture(await encodePng(image), { channels: 1, bits: 16 });
  expect(new Set(gray.data)).toEqual(new Set([40_000]));
});
