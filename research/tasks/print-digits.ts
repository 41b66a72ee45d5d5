import {
  createImage,
  type Dataset,
  type Image,
  type Rng,
  type Sample,
  simulate,
  takeFrom,
} from '@simgan/core';
import { type ClassAnnotation, classImage, classPlugin } from './class-task.ts';
import { fontGlyphs } from './font-glyphs.ts';
import { readDigits } from './idx-digits.ts';
import type { Task, TaskPlaces } from './task.ts';
import { tenClassTask } from './ten-class-task.ts';

/** Samples of a pixel along each axis. */
const SAMPLES = 3;

/** Digits printed in 14 fonts to MNIST: 5,000 unlabeled and 2,000 tested pictures. */
export async function printToMnist(places: PrintPlaces) {
  const [train, test] = await Promise.all([
    readDigits(places.data, 'mnist', 'train'),
    readDigits(places.data, 'mnist', 'test'),
  ]);
  const title = 'Print digits (14 fonts) to MNIST';
  const sets = { train: takeFrom(train, 5000), test: takeFrom(test, 2000) };
  return printTo({ name: 'print-mnist', title, ...sets }, places);
}

/** The same to USPS: 7,291 unlabeled and 2,007 tested pictures. No default was chosen by it. */
export async function printToUsps(places: PrintPlaces) {
  const [train, test] = await Promise.all([
    readDigits(places.data, 'usps', 'train'),
    readDigits(places.data, 'usps', 'test'),
  ]);
  return printTo({ name: 'print-usps', title: 'Print digits (14 fonts) to USPS', train, test }, places);
}

type PrintPlaces = Pick<TaskPlaces, 'data' | 'fonts'>;
type Labeled = Dataset<Sample<ClassAnnotation>>;

async function printTo(
  {
    name,
    title,
    train,
    test,
  }: { readonly name: string; readonly title: string; readonly train: Labeled; readonly test: Labeled },
  { fonts }: PrintPlaces,
): Promise<Task<ClassAnnotation>> {
  const glyphs = await fontGlyphs(fonts, '0123456789');
  const plugin = classPlugin('print-digits', (rng) => {
    const label = rng.int(10);
    const font = glyphs[rng.int(glyphs.length)]!;
    return { image: print(font[label]!, rng.fork('print')), annotation: { label } };
  });
  return tenClassTask({
    ...{ name, title, plugin, length: 2000, target: train, test },
    raw: (seed, length) => simulate(plugin.simulator!, { seed, length }),
  });
}

/** Prints a character into a picture: 18 to 21 pixels high, turned by a few degrees, near the middle. */
function print(glyph: Image, rng: Rng): Image {
  const { width, height } = classImage;
  const image = createImage(classImage);
  const scale = glyph.height / (18 + 3 * rng.next());
  const angle = (rng.normal() * 3 * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [middleX, middleY] = [width / 2 + rng.normal() * 0.7, height / 2 + rng.normal() * 0.7];
  const inkAt = (column: number, row: number): number => {
    const isInside = column >= 0 && row >= 0 && column < glyph.width && row < glyph.height;
    return isInside ? glyph.data[Math.floor(row) * glyph.width + Math.floor(column)]! : 0;
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let sample = 0; sample < SAMPLES ** 2; sample++) {
        const dx = x + ((sample % SAMPLES) + 0.5) / SAMPLES - middleX;
        const dy = y + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES - middleY;
        sum += inkAt(
          glyph.width / 2 + scale * (cos * dx + sin * dy),
          glyph.height / 2 + scale * (cos * dy - sin * dx),
        );
      }
      image.data[y * width + x] = Math.round(sum / SAMPLES ** 2);
    }
  }
  return image;
}
