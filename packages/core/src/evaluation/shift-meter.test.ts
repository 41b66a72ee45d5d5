import { expect, test } from 'vitest';
import { createImage, type Image } from '../image.ts';
import type { LabelProbe } from './label-probe.ts';
import { placesMeter, probeMeter } from './shift-meter.ts';

/** A soft dark blob on a bright ground, its center in pixels from the outer corner. */
function blob(x: number, y: number, contrast = 1): Image {
  const image = createImage({ width: 40, height: 40, channels: 1, bits: 8 });
  for (let i = 0; i < image.data.length; i++) {
    const distance = Math.hypot((i % 40) + 0.5 - x, Math.floor(i / 40) + 0.5 - y);
    image.data[i] = Math.round(220 - 180 * contrast * Math.exp(-(distance ** 2) / 18));
  }
  return image;
}
const pair = (before: Image, after: Image) => ({
  synthetic: { id: 'a', image: before, annotation: { center: [20, 20] as [number, number] } },
  refined: { id: 'a', image: after },
});

test('registered places find how far the content at a label moved', async () => {
  const meter = placesMeter<{ center: [number, number] }>({ center: 'point' });
  expect(meter).toMatchObject({ quantity: 'labels', unit: 'px' });
  expect(await meter.shiftOf(pair(blob(20, 20), blob(20, 20)))).toBeCloseTo(0, 1);
  expect(await meter.shiftOf(pair(blob(20, 20), blob(21.5, 20)))).toBeCloseTo(1.5, 1);
  expect(await meter.shiftOf(pair(blob(20, 20, 0), blob(20, 20, 0)))).toBe('abstained');
});

test('a probe measures its first quantity, and a label it no longer finds is lost', async () => {
  const probe: LabelProbe<unknown> = {
    quantities: { darkest: { unit: 'px', distance: (a, b) => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!) } },
    measure({ data, width }): Record<string, { values: number[]; confidence: number }> {
      const darkest = data.indexOf(Math.min(...data));
      if (data[darkest]! > 150) return {};
      return { darkest: { values: [darkest % width, Math.floor(darkest / width)], confidence: 1 } };
    },
    expected: () => ({}),
  };
  const meter = probeMeter(probe);
  expect(meter).toMatchObject({ quantity: 'darkest', unit: 'px' });
  expect(await meter.shiftOf(pair(blob(20, 20), blob(22, 20)))).toBe(2);
  expect(await meter.shiftOf(pair(blob(20, 20), blob(20, 20, 0)))).toBe('lost');
  expect(await meter.shiftOf(pair(blob(20, 20, 0), blob(20, 20)))).toBe('abstained');
});
