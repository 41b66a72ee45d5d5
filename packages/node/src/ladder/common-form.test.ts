import { createImage, datasetOf, type RealImage } from '@simgan/core';
import { expect, test } from 'vitest';
import { commonForm, fitAll } from './common-form.ts';

/** A white square in the upper left quarter of a black picture. */
function quarter(id: string, width: number, height: number): RealImage {
  const image = createImage({ width, height, channels: 1, bits: 8 });
  for (let y = 0; y < height / 2; y++) for (let x = 0; x < width / 2; x++) image.data[y * width + x] = 255;
  return { id, image };
}

test('pictures of a size stay what they are', async () => {
  const form = { width: 20, height: 10, channels: 1, bits: 8 } as const;
  const item = quarter('a', 20, 10);
  const found = await commonForm(form, datasetOf([item]));
  expect(found.image).toBe(form);
  expect(found.fit(item)).toBe(item);
});

test('those of any size are seen whole, at their median size and at most 64 pixels a side', async () => {
  const pictures = datasetOf([quarter('a', 100, 40), quarter('b', 160, 80), quarter('c', 300, 90)]);
  const form = await commonForm({ channels: 1, bits: 8 }, pictures);
  expect(form.image).toEqual({ width: 64, height: 32, channels: 1, bits: 8 });
  for await (const { image } of fitAll(form, pictures)) {
    expect([image.width, image.height]).toEqual([64, 32]);
    const at = (x: number, y: number) => image.data[y * 64 + x];
    expect([at(10, 5), at(26, 12), at(37, 5), at(10, 20)]).toEqual([255, 255, 0, 0]);
  }
});

test('very thin pictures keep the least side that networks can read', async () => {
  const form = await commonForm({ channels: 1, bits: 8 }, datasetOf([quarter('a', 400, 12)]));
  expect(form.image).toMatchObject({ width: 64, height: 9 });
});
