import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Image, ImageSpec } from '../image.ts';
import { createRng } from '../rng.ts';
import { decodePicture, encodePng } from './pixels.ts';

// Foreign pictures are made with sharp itself: what other programs write, in forms that encodePng does not.

const forms: ImageSpec[] = ([1, 3] as const).flatMap((channels) =>
  ([8, 16] as const).map((bits) => ({ width: 13, height: 7, channels, bits })),
);

function noise(spec: ImageSpec, seed = 1): Image {
  const rng = createRng(seed);
  const length = spec.width * spec.height * spec.channels;
  const value = () => rng.int(2 ** spec.bits);
  return spec.bits === 8 ? Uint8Array.from({ length }, value) : Uint16Array.from({ length }, value);
}

const grey: ImageSpec = { width: 13, height: 7, channels: 1, bits: 8 };
const colour: ImageSpec = { ...grey, channels: 3 };
const depth: ImageSpec = { ...grey, bits: 16 };

/** A raw picture of sharp's, to be encoded as another program would. */
function raw(
  image: Image,
  { width, height, channels }: { width: number; height: number; channels: 1 | 2 | 3 | 4 },
) {
  return sharp(image, { raw: { width, height, channels } });
}

test.each(forms)(
  'a PNG of $channels channels and $bits bits is exact, and the same bytes each time',
  async (spec) => {
    const image = noise(spec);
    const png = await encodePng(image, spec);
    expect(await decodePicture(png, spec)).toEqual({ image, isResized: false });
    expect((await encodePng(image, spec)).equals(png)).toBe(true);
    const { depth, channels, space } = await sharp(png).metadata();
    expect([depth, channels]).toEqual([spec.bits === 8 ? 'uchar' : 'ushort', spec.channels]);
    expect(space).toBe(
      spec.channels === 1 ? (spec.bits === 8 ? 'b-w' : 'grey16') : spec.bits === 8 ? 'srgb' : 'rgb16',
    );
  },
);

test('an image of another form is not written', async () => {
  await expect(encodePng(new Uint8Array(3), grey)).rejects.toMatchObject({
    code: 'INVALID_IMAGE',
    message: 'The image cannot be written: it has 3 values, not 7 x 13 x 1 = 91.',
  });
});

test('grey becomes colour by repetition, colour grey by luma, and grey colour is exactly grey', async () => {
  const image = noise(grey);
  const { image: repeated } = await decodePicture(await encodePng(image, grey), colour);
  expect(repeated).toEqual(Uint8Array.from({ length: 273 }, (_, i) => image[Math.floor(i / 3)]!));
  expect((await decodePicture(await encodePng(repeated, colour), grey)).image).toEqual(image);

  const primaries: Image = Uint8Array.from({ length: 273 }, (_, i) =>
    Math.floor(i / 3) % 3 === i % 3 ? 200 : 0,
  );
  const { image: luma } = await decodePicture(await encodePng(primaries, colour), grey);
  expect([...luma.subarray(0, 3)]).toEqual([60, 117, 23]);
});

test('16 bits become 8 over the full scale; 8 bits are refused for 16', async () => {
  const values: Image = Uint16Array.from({ length: 91 }, (_, i) => Math.min(65535, i * 257 * 3));
  const { image } = await decodePicture(await encodePng(values, depth), grey);
  expect(image).toEqual(Uint8Array.from({ length: 91 }, (_, i) => Math.min(255, i * 3)));
  await expect(decodePicture(await encodePng(noise(grey), grey), depth)).rejects.toMatchObject({
    code: 'INVALID_IMAGE',
    message: 'The picture has 8 bits a value and 16 are needed; the missing precision cannot be made up.',
  });
});

test('a palette PNG with alpha: what is transparent becomes 0', async () => {
  const pixels = Uint8Array.from(
    { length: 91 * 4 },
    (_, i) => [200, 100, 50, Math.floor(i / 4) % 2 ? 255 : 0][i % 4]!,
  );
  const png = await raw(pixels, { ...grey, channels: 4 })
    .png({ palette: true })
    .toBuffer();
  expect((await sharp(png).metadata()).isPalette).toBe(true);
  const { image } = await decodePicture(png, colour);
  expect([...image.subarray(0, 6)]).toEqual([0, 0, 0, 200, 100, 50]);
});

test('16-bit depth with alpha: what is transparent becomes 0, "no reading"', async () => {
  const pixels = Uint16Array.from({ length: 182 }, (_, i) => (i % 2 ? (i % 4 === 3 ? 65535 : 0) : 812));
  const png = await raw(pixels, { ...grey, channels: 2 })
    .toColourspace('grey16')
    .png()
    .toBuffer();
  const { image } = await decodePicture(png, depth);
  expect([...image.subarray(0, 4)]).toEqual([0, 812, 0, 812]);
});

test('a CMYK JPEG becomes the RGB that it shows', async () => {
  const red = new Uint8Array(273).map((_, i) => (i % 3 === 0 ? 220 : 30));
  const jpeg = await raw(red, colour).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
  expect((await sharp(jpeg).metadata()).space).toBe('cmyk');
  const { image } = await decodePicture(jpeg, colour);
  expect(image[0]).toBeGreaterThan(170);
  expect(image[1]).toBeLessThan(80);
  expect(image[2]).toBeLessThan(80);
});

test('JPEG, WebP and TIFF are read', async () => {
  const image = noise(colour);
  expect(
    (await decodePicture(await raw(image, colour).webp({ lossless: true }).toBuffer(), colour)).image,
  ).toEqual(image);
  expect(
    (await decodePicture(await raw(image, colour).tiff({ compression: 'lzw' }).toBuffer(), colour)).image,
  ).toEqual(image);
  const flat = new Uint8Array(91).fill(77);
  const jpeg = await raw(flat, grey).toColourspace('b-w').jpeg({ quality: 100 }).toBuffer();
  expect((await decodePicture(jpeg, grey)).image).toEqual(flat);
});

test('the orientation in the EXIF data is applied', async () => {
  const image = noise(grey);
  // Orientation 6: to be shown, the stored picture is turned a quarter clockwise.
  const stored = await raw(image, grey)
    .toColourspace('b-w')

    .png()
    .withMetadata({ orientation: 6 })
    .toBuffer();
  const turned: ImageSpec = { ...grey, width: 7, height: 13 };
  const { image: shown, isResized } = await decodePicture(stored, turned);
  expect(isResized).toBe(false);
  expect(shown).toEqual(
    Uint8Array.from({ length: 91 }, (_, i) => image[(6 - (i % 7)) * 13 + Math.floor(i / 7)]!),
  );
});

test('cover cuts off what stands over, at both sides equally; fill stretches', async () => {
  // Left half black, right half white, twice as wide as the form with the same height.
  const wide: ImageSpec = { width: 40, height: 10, channels: 1, bits: 8 };
  const stripes: Image = Uint8Array.from(
    { length: 400 },
    (_, i) => [10, 100, 200, 250][Math.floor((i % 40) / 10)]!,
  );
  const square: ImageSpec = { ...wide, width: 20 };
  const png = await encodePng(stripes, wide);
  const covered = await decodePicture(png, square);
  expect(covered.isResized).toBe(true);
  expect([...covered.image.subarray(0, 20)]).toEqual([...Array(10).fill(100), ...Array(10).fill(200)]);
  const filled = (await decodePicture(png, square, { fit: 'fill' })).image;
  expect([filled[0], filled[19]]).toEqual([10, 250]);
});

test('a JPEG, which its decoder may scale in part, comes out as the PNG of its pixels does', async () => {
  const large: ImageSpec = { width: 256, height: 160, channels: 3, bits: 8 };
  const smooth = Uint8Array.from(
    { length: 256 * 160 * 3 },
    (_, i) => 128 + 100 * Math.sin(i / 97) * Math.cos(i / 5111),
  );
  const jpeg = await raw(smooth, large).jpeg({ quality: 90 }).toBuffer();
  const png = await encodePng((await decodePicture(jpeg, large)).image, large);
  const small = { ...large, width: 32, height: 20 };
  const { image: fromPng } = await decodePicture(png, small);
  const { image: fromJpeg } = await decodePicture(jpeg, small);
  for (const [i, value] of fromJpeg.entries()) expect(Math.abs(value - fromPng[i]!)).toBeLessThanOrEqual(3);
});

test('scaling depth invents no value', async () => {
  const large: ImageSpec = { width: 64, height: 48, channels: 1, bits: 16 };
  const edges: Image = Uint16Array.from(
    { length: 64 * 48 },
    (_, i) => [0, 400, 1200][(i * 7 + (i >> 6)) % 3]!,
  );
  const { image } = await decodePicture(await encodePng(edges, large), { ...large, width: 23, height: 17 });
  expect([...new Set(image)].sort((a, b) => a - b)).toEqual([0, 400, 1200]);
});

test('scaling 16-bit colour keeps 16 bits', async () => {
  const large: ImageSpec = { width: 40, height: 40, channels: 3, bits: 16 };
  const flat: Image = new Uint16Array(4800).fill(12345);
  const { image } = await decodePicture(await encodePng(flat, large), { ...large, width: 20, height: 20 });
  for (const value of image) expect(Math.abs(value - 12345)).toBeLessThanOrEqual(1);
});

test('a picture that is cut off anywhere is refused, not filled up with grey', async () => {
  const spec: ImageSpec = { width: 64, height: 64, channels: 3, bits: 8 };
  const image = noise(spec);
  const files = {
    png: await encodePng(image, spec),
    jpeg: await raw(image, spec).jpeg().toBuffer(),
    progressive: await raw(image, spec).jpeg({ progressive: true }).toBuffer(),
    webp: await raw(image, spec).webp().toBuffer(),
    tiff: await raw(image, spec).tiff().toBuffer(),
  };
  for (const [name, file] of Object.entries(files)) {
    expect((await decodePicture(file, spec)).image, name).toHaveLength(64 * 64 * 3);
    for (const part of [0.02, 0.3, 0.7, 0.98]) {
      const cut = file.subarray(0, Math.floor(file.length * part));
      await expect(decodePicture(cut, spec), `${name} ${part}`).rejects.toMatchObject({
        code: 'INVALID_IMAGE',
      });
    }
  }
});

test('damaged pixels in a PNG are refused', async () => {
  const png = Buffer.from(await encodePng(noise(colour), colour));
  png[60]! ^= 0xff;
  await expect(decodePicture(png, colour)).rejects.toThrow('damaged or cut off');
});

test('limits: pixels, bytes, smallest size, and the kinds of file', async () => {
  const png = await encodePng(noise(grey), grey);
  await expect(decodePicture(png, grey, { maxPixels: 90 })).rejects.toThrow(
    'The picture is 13 x 7; pictures of more than 0.00009 megapixels',
  );
  await expect(decodePicture(png, grey, { maxBytes: 50 })).rejects.toThrow(
    'picture files of more than 50 bytes are not read',
  );
  const larger = { ...grey, width: 27 };
  await expect(decodePicture(png, larger)).rejects.toThrow('The picture is 13 x 7, too small for 27 x 7');
  expect((await decodePicture(png, larger, { minScale: 0.4 })).isResized).toBe(true);
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="13" height="7"/>');
  await expect(decodePicture(svg, grey)).rejects.toThrow('The file is not a picture');
  await expect(decodePicture(Buffer.from('GIF89a'), grey)).rejects.toThrow(
    'The file is a GIF, which is not read; convert it',
  );
  await expect(decodePicture(new Uint8Array(0), grey)).rejects.toThrow('The file is empty.');
});
