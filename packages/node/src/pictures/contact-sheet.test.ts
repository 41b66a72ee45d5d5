import { type Image, imageOf, type Pixels, type SizedForm } from '@simgan/core';
import { expect, test } from 'vitest';
import { contactSheet } from './contact-sheet.ts';
import { decodePicture } from './decode-picture.ts';

const spec: SizedForm = { width: 3, height: 2, channels: 1, bits: 8 };

/** The sheet's pixels and a way to ask for one. */
async function decode(png: Buffer, channels: 1 | 3 = 1) {
  const { image } = await decodePicture(png, { channels, bits: 8 });
  const { width, height, data } = image;
  return { width, height, at: (x: number, y: number) => data[(y * width + x) * channels]!, data };
}

test('rows of images stand under their labels, each pixel repeated', async () => {
  const image = imageOf(Uint8Array.of(10, 20, 30, 40, 50, 60), spec);
  const sheet = await decode(
    await contactSheet(
      [
        { label: 'I', images: [image, image] },
        { label: 'T', images: [image] },
      ],
      spec,
      { scale: 5 },
    ),
  );
  expect([sheet.width, sheet.height]).toEqual([4 + 2 * 19, 4 + 2 * (14 + 4 + 14)]);
  const top = 4 + 14 + 4;
  for (const left of [4, 4 + 19]) {
    for (let y = 0; y < 10; y++) {
      for (let x = 0; x < 15; x++) {
        expect(sheet.at(left + x, top + y)).toBe(image.data[Math.floor(y / 5) * 3 + Math.floor(x / 5)]);
      }
    }
  }
  expect(sheet.at(4, top + 32)).toBe(10);
  expect(sheet.at(4 + 19, top + 32)).toBe(24);
});

test('a label can be read, without any font on the machine', async () => {
  const sheet = await decode(await contactSheet([{ label: 'Real, 7%é', images: [] }], spec));
  const lines: string[] = [];
  for (let y = 4; y < 18; y += 2) {
    let line = '';
    for (let x = 4; x < sheet.width; x += 2) line += sheet.at(x, y) > 128 ? '#' : ' ';
    lines.push(line.trimEnd());
  }
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "####  #####   #   #                 ##### ##    #####
    #   # #      # #  #                     # ##  # #   #
    #   # #     #   # #                    #     #  #   #
    ####  ####  #   # #                   #     #   #   #
    # #   #     ##### #      ##          #     #    #   #
    #  #  #     #   # #       #          #    #  ## #   #
    #   # ##### #   # #####  #           #       ## #####"
  `);
});

test('16 bits are shown over the range of the form; color stays color', async () => {
  const depth: SizedForm = { ...spec, bits: 16, range: [400, 1000] };
  const measured = imageOf(Uint16Array.of(0, 400, 700, 1000, 65535, 550), depth);
  const sheet = await decode(await contactSheet([{ label: '', images: [measured] }], depth, { scale: 1 }));
  const shown = [0, 1].flatMap((y) => [0, 1, 2].map((x) => sheet.at(4 + x, 22 + y)));
  expect(shown).toEqual([0, 0, 128, 255, 255, 64]);
  const color: SizedForm = { ...spec, channels: 3 };
  const red = imageOf(
    Uint8Array.from({ length: 18 }, (_, i) => (i % 3 === 0 ? 200 : 5)),
    color,
  );
  const { data, width } = await decode(
    await contactSheet([{ label: '', images: [red] }], color, { scale: 1 }),
    3,
  );
  expect([...data.subarray((22 * width + 4) * 3, (22 * width + 5) * 3)]).toEqual([200, 5, 5]);
});

test('a display paints every image and says below what its colors mean', async () => {
  const thermal: SizedForm = { ...spec, bits: 16 };
  const colors = [
    [9, 8, 7],
    [0, 90, 180],
  ] as const;
  const display = {
    paint: ({ width, height, data }: Image): Image => ({
      ...{ width, height, channels: 3, bits: 8 },
      data: Uint8Array.from([...data].flatMap((value) => colors[value]!)),
    }),
    legend: [
      { colors, label: 'C' },
      { colors: [colors[1]], label: '' },
    ],
  };
  const rows = [{ label: '', images: [imageOf(Uint16Array.of(0, 1, 1, 0, 0, 1), thermal)] }];
  const { data, width, height } = await decode(await contactSheet(rows, thermal, { scale: 1, display }), 3);
  const at = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
  const shown = [0, 1].flatMap((y) => [0, 1, 2].map((x) => at(4 + x, 22 + y)[1]));
  expect(shown).toEqual([8, 90, 90, 8, 8, 90]);
  const plain = await decode(await contactSheet(rows, thermal, { scale: 1 }));
  expect(height).toBe(plain.height + 18);
  // Two halves of one swatch of 28 pixels, its label, and the next swatch.
  const y = plain.height + 3;
  expect([at(4, y), at(17, y), at(18, y), at(31, y)]).toEqual([colors[0], colors[0], colors[1], colors[1]]);
  expect(at(36, y)).toEqual([230, 230, 230]);
  const next = 4 + 28 + 12 + 16;
  expect([at(next - 1, y), at(next, y), at(next + 27, y)]).toEqual([[24, 24, 24], colors[1], colors[1]]);
});

test('images of different sizes share a sheet, in cells of the largest size', async () => {
  const anySize = { channels: 1, bits: 8 } as const;
  const flat = (width: number, height: number, value: number) =>
    imageOf(new Uint8Array(width * height).fill(value), { ...anySize, width, height });
  const sheet = await decode(
    await contactSheet(
      [
        { label: '', images: [flat(2, 5, 90), flat(7, 1, 120)] },
        { label: '', images: [flat(1, 1, 200)] },
      ],
      anySize,
      { scale: 3 },
    ),
  );
  // Cells of 7 x 5 pixels, three times as large, and the gap of 4.
  expect([sheet.width, sheet.height]).toEqual([4 + 2 * (21 + 4), 4 + 2 * (14 + 4 + 15 + 4)]);
  const background = 24;
  const seen = new Map<number, number>();
  for (const value of sheet.data) seen.set(value, (seen.get(value) ?? 0) + 1);
  seen.delete(background);
  expect(Object.fromEntries(seen)).toEqual({ 90: 2 * 5 * 9, 120: 7 * 9, 200: 9 });
  const cells: readonly (readonly [x: number, y: number, width: number, height: number, value: number])[] = [
    [4, 22, 6, 15, 90],
    [4 + 25, 22, 21, 3, 120],
    [4, 22 + 37, 3, 3, 200],
  ];
  for (const [x, y, width, height, value] of cells) {
    expect([sheet.at(x, y), sheet.at(x + width - 1, y + height - 1)]).toEqual([value, value]);
    expect([sheet.at(x + width, y), sheet.at(x, y + height)]).toEqual([background, background]);
  }
});

test('by default the widest image is about 96 pixels wide', async () => {
  const image = (width: number) =>
    imageOf(new Uint8Array(width).fill(99), { width, height: 1, channels: 1, bits: 8 });
  const widthOf = async (...widths: number[]) => {
    const rows = [{ label: '', images: widths.map(image) }];
    return (await decode(await contactSheet(rows, { channels: 1, bits: 8 }))).width;
  };
  expect(await widthOf(12)).toBe(4 + 12 * 8 + 4);
  expect(await widthOf(300)).toBe(4 + 300 + 4);
  expect(await widthOf(12, 48)).toBe(4 + 2 * (48 * 2 + 4));
});

test('an image of another form is refused by its place', async () => {
  const image = imageOf(new Uint8Array(6), spec);
  const shown = (other: Image, form = spec) =>
    contactSheet([{ label: 'Real', images: [image, other] }], form);
  const place = 'Image 1 of the row "Real" cannot be shown: ';
  await expect(shown({ ...image, data: new Uint8Array(5) })).rejects.toThrow(`${place}it has 5 values`);
  await expect(shown({ ...image, width: 2, height: 3 })).rejects.toThrow(`${place}it is 2 x 3, not 3 x 2`);
  const deep: Pixels = new Uint16Array(6);
  await expect(shown({ ...image, bits: 16, data: deep })).rejects.toMatchObject({
    code: 'INVALID_IMAGE',
    message: `${place}it has 16 bits, not 8.`,
  });
});
