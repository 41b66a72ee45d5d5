import type { Image, Pixels, SizedForm } from '@simgan/core';
import { createRng, imageOf } from '@simgan/core';
import { movePoint } from '@simgan/core/geometry';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodePicture } from './decode-picture.ts';
import { encodePng } from './encode-picture.ts';

// Foreign pictures are made with sharp itself: what other programs write, in forms that encodePng does not.

const forms: SizedForm[] = ([1, 3] as const).flatMap((channels) =>
  ([8, 16] as const).map((bits) => ({ width: 13, height: 7, channels, bits })),
);

function noise(spec: SizedForm, seed = 1): Image {
  const rng = createRng(seed);
  const length = spec.width * spec.height * spec.channels;
  const value = () => rng.int(2 ** spec.bits);
  return imageOf(
    spec.bits === 8 ? Uint8Array.from({ length }, value) : Uint16Array.from({ length }, value),
    spec,
  );
}

/** A PNG of these values. */
const png = (data: Pixels, form: SizedForm) => encodePng(imageOf(data, form));

const gray: SizedForm = { width: 13, height: 7, channels: 1, bits: 8 };
const color: SizedForm = { ...gray, channels: 3 };
const depth: SizedForm = { ...gray, bits: 16 };

/** A raw picture of sharp's, to be encoded as another program would. */
function raw(
  pixels: Pixels,
  { width, height, channels }: { width: number; height: number; channels: 1 | 2 | 3 | 4 },
) {
  return sharp(pixels, { raw: { width, height, channels } });
}

test.each(forms)(
  'a PNG of $channels channels and $bits bits is exact, and the same bytes each time',
  async (spec) => {
    const image = noise(spec);
    const file = await encodePng(image);
    expect(await decodePicture(file, spec)).toMatchObject({ image, isResized: false });
    expect((await encodePng(image)).equals(file)).toBe(true);
    const { depth, channels, space } = await sharp(file).metadata();
    expect([depth, channels]).toEqual([spec.bits === 8 ? 'uchar' : 'ushort', spec.channels]);
    expect(space).toBe(
      spec.channels === 1 ? (spec.bits === 8 ? 'b-w' : 'grey16') : spec.bits === 8 ? 'srgb' : 'rgb16',
    );
  },
);

test('an image whose data does not fit its form is not written', async () => {
  const image = noise(gray);
  await expect(encodePng({ ...image, data: new Uint8Array(3) })).rejects.toMatchObject({
    code: 'INVALID_IMAGE',
    message: 'The image cannot be written: it has 3 values, not 7 x 13 x 1 = 91.',
  });
  await expect(encodePng({ ...image, bits: 16 })).rejects.toThrow('its data is not a Uint16Array');
});

test("a form without a size keeps the image's own size", async () => {
  for (const form of [gray, color, depth]) {
    const { width: _, height: __, ...anySize } = form;
    const [small, large] = [noise(form), noise({ ...form, width: 40, height: 3 }, 2)];
    for (const image of [small, large]) {
      expect(await decodePicture(await encodePng(image), anySize)).toMatchObject({ image, isResized: false });
    }
    const scaled = await decodePicture(await encodePng(small), { ...form, width: 9, height: 5 });
    expect(scaled).toMatchObject({ isResized: true, image: { width: 9, height: 5 } });
  }
  // Channels and bits are still those of the form.
  const shown = await decodePicture(await encodePng(noise({ ...color, bits: 16 })), {
    channels: 1,
    bits: 8,
  });
  expect(shown.image).toMatchObject({ width: 13, height: 7, channels: 1, bits: 8, data: { length: 91 } });
});

test('gray becomes color by repetition, color gray by luma, and gray color is exactly gray', async () => {
  const image = noise(gray);
  const { image: repeated } = await decodePicture(await encodePng(image), color);
  expect(repeated.data).toEqual(Uint8Array.from({ length: 273 }, (_, i) => image.data[Math.floor(i / 3)]!));
  expect((await decodePicture(await encodePng(repeated), gray)).image).toEqual(image);

  const primaries = Uint8Array.from({ length: 273 }, (_, i) => (Math.floor(i / 3) % 3 === i % 3 ? 200 : 0));
  const { image: luma } = await decodePicture(await png(primaries, color), gray);
  expect([...luma.data.subarray(0, 3)]).toEqual([60, 117, 23]);
});

test('16 bits become 8 over the full scale; 8 bits are refused for 16', async () => {
  const values = Uint16Array.from({ length: 91 }, (_, i) => Math.min(65535, i * 257 * 3));
  const { image } = await decodePicture(await png(values, depth), gray);
  expect(image.data).toEqual(Uint8Array.from({ length: 91 }, (_, i) => Math.min(255, i * 3)));
  await expect(decodePicture(await encodePng(noise(gray)), depth)).rejects.toMatchObject({
    code: 'INVALID_IMAGE',
    message: 'The picture has 8 bits a value and 16 are needed; the missing precision cannot be made up.',
  });
});

test('a palette PNG with alpha: what is transparent becomes 0', async () => {
  const pixels = Uint8Array.from(
    { length: 91 * 4 },
    (_, i) => [200, 100, 50, Math.floor(i / 4) % 2 ? 255 : 0][i % 4]!,
  );
  const file = await raw(pixels, { ...gray, channels: 4 })
    .png({ palette: true })
    .toBuffer();
  expect((await sharp(file).metadata()).isPalette).toBe(true);
  const { image } = await decodePicture(file, color);
  expect([...image.data.subarray(0, 6)]).toEqual([0, 0, 0, 200, 100, 50]);
});

test('16-bit depth with alpha: what is transparent becomes 0, "no reading"', async () => {
  const pixels = Uint16Array.from({ length: 182 }, (_, i) => (i % 2 ? (i % 4 === 3 ? 65535 : 0) : 812));
  const file = await raw(pixels, { ...gray, channels: 2 })
    .toColorspace('grey16')
    .png()
    .toBuffer();
  const { image } = await decodePicture(file, depth);
  expect([...image.data.subarray(0, 4)]).toEqual([0, 812, 0, 812]);
});

test('a CMYK JPEG becomes the RGB that it shows', async () => {
  const red = new Uint8Array(273).map((_, i) => (i % 3 === 0 ? 220 : 30));
  const jpeg = await raw(red, color).toColorspace('cmyk').jpeg({ quality: 100 }).toBuffer();
  expect((await sharp(jpeg).metadata()).space).toBe('cmyk');
  const { image } = await decodePicture(jpeg, color);
  expect(image.data[0]).toBeGreaterThan(170);
  expect(image.data[1]).toBeLessThan(80);
  expect(image.data[2]).toBeLessThan(80);
});

test('JPEG, WebP and TIFF are read', async () => {
  const image = noise(color);
  expect(
    (await decodePicture(await raw(image.data, color).webp({ lossless: true }).toBuffer(), color)).image,
  ).toEqual(image);
  expect(
    (await decodePicture(await raw(image.data, color).tiff({ compression: 'lzw' }).toBuffer(), color)).image,
  ).toEqual(image);
  const flat = new Uint8Array(91).fill(77);
  const jpeg = await raw(flat, gray).toColorspace('b-w').jpeg({ quality: 100 }).toBuffer();
  expect((await decodePicture(jpeg, gray)).image.data).toEqual(flat);
});

test('the orientation in the EXIF data is applied', async () => {
  const image = noise(gray);
  // Orientation 6: to be shown, the stored picture is turned a quarter clockwise.
  const stored = await raw(image.data, gray)
    .toColorspace('b-w')
    .png()
    .withMetadata({ orientation: 6 })
    .toBuffer();
  const turned: SizedForm = { ...gray, width: 7, height: 13 };
  const { image: shown, isResized } = await decodePicture(stored, turned);
  expect(isResized).toBe(false);
  const expected = Uint8Array.from(
    { length: 91 },
    (_, i) => image.data[(6 - (i % 7)) * 13 + Math.floor(i / 7)]!,
  );
  expect(shown).toEqual(imageOf(expected, turned));
  // Without a size in the form, the picture has the size at which it is shown.
  expect((await decodePicture(stored, { channels: 1, bits: 8 })).image).toEqual(shown);
});

test('cover cuts off what stands over, at both sides equally; fill stretches', async () => {
  // Left half black, right half white, twice as wide as the form with the same height.
  const wide: SizedForm = { width: 40, height: 10, channels: 1, bits: 8 };
  const stripes = Uint8Array.from({ length: 400 }, (_, i) => [10, 100, 200, 250][Math.floor((i % 40) / 10)]!);
  const square: SizedForm = { ...wide, width: 20 };
  const file = await png(stripes, wide);
  const covered = await decodePicture(file, square);
  expect(covered.isResized).toBe(true);
  expect([...covered.image.data.subarray(0, 20)]).toEqual([...Array(10).fill(100), ...Array(10).fill(200)]);
  const filled = (await decodePicture(file, square, { fit: 'fill' })).image.data;
  expect([filled[0], filled[19]]).toEqual([10, 250]);
});

test('a JPEG, which its decoder may scale in part, comes out as the PNG of its pixels does', async () => {
  const large: SizedForm = { width: 256, height: 160, channels: 3, bits: 8 };
  const smooth = Uint8Array.from(
    { length: 256 * 160 * 3 },
    (_, i) => 128 + 100 * Math.sin(i / 97) * Math.cos(i / 5111),
  );
  const jpeg = await raw(smooth, large).jpeg({ quality: 90 }).toBuffer();
  const file = await encodePng((await decodePicture(jpeg, large)).image);
  const small = { ...large, width: 32, height: 20 };
  const { image: fromPng } = await decodePicture(file, small);
  const { image: fromJpeg } = await decodePicture(jpeg, small);
  for (const [i, value] of fromJpeg.data.entries()) {
    expect(Math.abs(value - fromPng.data[i]!)).toBeLessThanOrEqual(3);
  }
});

test('scaling depth invents no value', async () => {
  const large: SizedForm = { width: 64, height: 48, channels: 1, bits: 16 };
  const edges = Uint16Array.from({ length: 64 * 48 }, (_, i) => [0, 400, 1200][(i * 7 + (i >> 6)) % 3]!);
  const { image } = await decodePicture(await png(edges, large), { ...large, width: 23, height: 17 });
  expect([...new Set(image.data)].sort((a, b) => a - b)).toEqual([0, 400, 1200]);
});

test('scaling 16-bit color keeps 16 bits', async () => {
  const large: SizedForm = { width: 40, height: 40, channels: 3, bits: 16 };
  const flat = new Uint16Array(4800).fill(12345);
  const { image } = await decodePicture(await png(flat, large), { ...large, width: 20, height: 20 });
  for (const value of image.data) expect(Math.abs(value - 12345)).toBeLessThanOrEqual(1);
});

test('a picture that is cut off anywhere is refused, not filled up with gray', async () => {
  const spec: SizedForm = { width: 64, height: 64, channels: 3, bits: 8 };
  const image = noise(spec);
  const files = {
    png: await encodePng(image),
    jpeg: await raw(image.data, spec).jpeg().toBuffer(),
    progressive: await raw(image.data, spec).jpeg({ progressive: true }).toBuffer(),
    webp: await raw(image.data, spec).webp().toBuffer(),
    tiff: await raw(image.data, spec).tiff().toBuffer(),
  };
  for (const [name, file] of Object.entries(files)) {
    expect((await decodePicture(file, spec)).image.data, name).toHaveLength(64 * 64 * 3);
    for (const part of [0.02, 0.3, 0.7, 0.98]) {
      const cut = file.subarray(0, Math.floor(file.length * part));
      await expect(decodePicture(cut, spec), `${name} ${part}`).rejects.toMatchObject({
        code: 'INVALID_IMAGE',
      });
    }
  }
});

test('damaged pixels in a PNG are refused', async () => {
  const file = Buffer.from(await encodePng(noise(color)));
  file[60]! ^= 0xff;
  await expect(decodePicture(file, color)).rejects.toThrow('damaged or cut off');
});

test('limits: pixels, bytes, smallest size, and the kinds of file', async () => {
  const file = await encodePng(noise(gray));
  await expect(decodePicture(file, gray, { maxPixels: 90 })).rejects.toThrow(
    'The picture is 13 x 7; pictures of more than 0.00009 megapixels',
  );
  await expect(decodePicture(file, gray, { maxBytes: 50 })).rejects.toThrow(
    'picture files of more than 50 bytes are not read',
  );
  const larger = { ...gray, width: 27 };
  await expect(decodePicture(file, larger)).rejects.toThrow('The picture is 13 x 7, too small for 27 x 7');
  expect((await decodePicture(file, larger, { minScale: 0.4 })).isResized).toBe(true);
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="13" height="7"/>');
  await expect(decodePicture(svg, gray)).rejects.toThrow('The file is not a picture');
  await expect(decodePicture(Buffer.from('GIF89a'), gray)).rejects.toThrow(
    'The file is a GIF, which is not read; convert it',
  );
  await expect(decodePicture(new Uint8Array(0), gray)).rejects.toThrow('The file is empty.');
});

test.each([8, 16] as const)(
  'a point of a picture of %i bits is where its transform says, scaled and cropped',
  async (bits) => {
    const size = { width: 64, height: 48 };
    const form: SizedForm = { width: 22, height: 14, channels: 1, bits };
    const top = 2 ** bits - 1;
    const marks = [
      [9, 15],
      [40, 20],
      [52, 31],
    ] as const;
    for (const fit of ['cover', 'fill'] as const) {
      for (const [x, y] of marks) {
        const pixels = new (bits === 8 ? Uint8Array : Uint16Array)(64 * 48);
        for (let dy = -3; dy < 3; dy++) pixels.fill(top, (y + dy) * 64 + x - 3, (y + dy) * 64 + x + 3);
        const { image, transform } = await decodePicture(
          await png(pixels, { ...size, channels: 1, bits }),
          form,
          { fit },
        );
        const expected = movePoint(transform, [x, y]);
        let [sum, sumX, sumY] = [0, 0, 0];
        for (const [i, value] of image.data.entries()) {
          sum += value;
          sumX += value * ((i % 22) + 0.5);
          sumY += value * (Math.floor(i / 22) + 0.5);
        }
        // The nearest pixel may be half a pixel away.
        const within = bits === 8 ? 0.1 : 0.6;
        expect(Math.abs(sumX / sum - expected[0])).toBeLessThan(within);
        expect(Math.abs(sumY / sum - expected[1])).toBeLessThan(within);
      }
    }
  },
);

test('16 bits become 8 from the range that is given, and values beyond it black or white', async () => {
  const stored = Uint16Array.from([0, 100, 512, 1023, 2000, ...Array(86).fill(0)]);
  const file = await png(stored, depth);
  const values = async (valueRange?: [number, number]) => {
    const { image, highest } = await decodePicture(file, gray, valueRange ? { valueRange } : {});
    expect(highest).toBe(2000);
    return [...image.data.subarray(0, 5)];
  };
  expect(await values()).toEqual([0, 0, 2, 4, 8]);
  expect(await values([0, 1023])).toEqual([0, 25, 128, 255, 255]);
  expect(await values([100, 610])).toEqual([0, 0, 206, 255, 255]);
});

test('values outside the range that a form declares are refused, not clamped', async () => {
  const ranged: SizedForm = { ...depth, range: [10, 360] };
  const of = (value: number) => png(new Uint16Array(91).fill(value), depth);
  expect((await decodePicture(await of(360), ranged)).image.data[0]).toBe(360);
  for (const value of [9, 1500]) {
    await expect(decodePicture(await of(value), ranged)).rejects.toMatchObject({
      code: 'INVALID_IMAGE',
      message: `The picture holds the value ${value}, and pictures of this domain hold 10 to 360: its values are of another unit or kind.`,
    });
  }
});

test.each(forms)(
  'opacity of $channels channels and $bits bits survives the way to disk where the form keeps it',
  async (form) => {
    const opaque = noise(form);
    const alpha = noise({ ...form, channels: 1 }, 2).data;
    const image = { ...opaque, alpha };
    const bytes = await encodePng(image);
    const { channels, hasAlpha } = await sharp(bytes).metadata();
    expect([channels, hasAlpha]).toEqual([form.channels + 1, true]);
    const kept = await decodePicture(bytes, { ...form, keepsAlpha: true });
    expect(kept).toMatchObject({ image, hasAlpha: false });
    // Where it is not kept, what is fully transparent is 0.
    const flat = await decodePicture(bytes, form);
    expect(flat.hasAlpha).toBe(true);
    expect(flat.image.alpha).toBeUndefined();
    expect(flat.image).not.toEqual(opaque);
    // A picture without opacity stays one.
    const plain = await decodePicture(await encodePng(opaque), { ...form, keepsAlpha: true });
    expect(plain.image).toEqual(opaque);
  },
);
