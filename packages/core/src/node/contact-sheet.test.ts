import { expect, test } from 'vitest';
import type { ImageSpec } from '../image.ts';
import { contactSheet } from './contact-sheet.ts';
import { decodePicture } from './pixels.ts';

const spec: ImageSpec = { width: 3, height: 2, channels: 1, bits: 8 };

/** The sheet's pixels and a way to ask for one. */
async function decode(png: Buffer, channels: 1 | 3 = 1) {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const { image } = await decodePicture(png, { width, height, channels, bits: 8 });
  return { width, height, at: (x: number, y: number) => image[(y * width + x) * channels]!, image };
}

test('rows of images stand under their labels, each pixel repeated', async () => {
  const image = Uint8Array.of(10, 20, 30, 40, 50, 60);
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
        expect(sheet.at(left + x, top + y)).toBe(image[Math.floor(y / 5) * 3 + Math.floor(x / 5)]);
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

test('16 bits are shown over the range of the form; colour stays colour', async () => {
  const depth: ImageSpec = { ...spec, bits: 16, range: [400, 1000] };
  const png = await contactSheet(
    [{ label: '', images: [Uint16Array.of(0, 400, 700, 1000, 65535, 550)] }],
    depth,
    { scale: 1 },
  );
  const sheet = await decode(png);
  const shown = [0, 1].flatMap((y) => [0, 1, 2].map((x) => sheet.at(4 + x, 22 + y)));
  expect(shown).toEqual([0, 0, 128, 255, 255, 64]);
  const colour: ImageSpec = { ...spec, channels: 3 };
  const red = Uint8Array.from({ length: 18 }, (_, i) => (i % 3 === 0 ? 200 : 5));
  const { image, width } = await decode(
    await contactSheet([{ label: '', images: [red] }], colour, { scale: 1 }),
    3,
  );
  expect([...image.subarray((22 * width + 4) * 3, (22 * width + 5) * 3)]).toEqual([200, 5, 5]);
});

test('a display paints every image and says below what its colours mean', async () => {
  const thermal: ImageSpec = { ...spec, bits: 16 };
  const colors = [
    [9, 8, 7],
    [0, 90, 180],
  ] as const;
  const display = {
    paint: (image: ArrayLike<number>) =>
      Uint8Array.from(Array.from(image).flatMap((value) => colors[value]!)),
    legend: [
      { colors, label: 'C' },
      { colors: [colors[1]], label: '' },
    ],
  };
  const rows = [{ label: '', images: [Uint16Array.of(0, 1, 1, 0, 0, 1)] }];
  const { image, width, height } = await decode(await contactSheet(rows, thermal, { scale: 1, display }), 3);
  const at = (x: number, y: number) => [...image.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
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

test('an image of another form is refused by its place', async () => {
  await expect(
    contactSheet([{ label: 'Real', images: [new Uint8Array(6), new Uint8Array(5)] }], spec),
  ).rejects.toThrow('Image 1 of the row "Real" cannot be shown: it has 5 values');
});
