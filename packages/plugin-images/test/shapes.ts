/** @file Labeled pictures of shapes, and what a camera makes of them: two folders for a plugin without a simulator. */
import {
  createImage,
  type ImageForm,
  imageRange,
  type Rng,
  type Simulator,
  type Size,
  storedValue,
} from '@simgan/core';
import type { LabeledObject, ObjectsAnnotation } from '@simgan/formats';

/** Discs and rectangles with boxes, outlines and keypoints; a camera adds light and noise. */
export function shapes(
  form: ImageForm,
  { width, height }: Size,
  camera: { readonly light?: number; readonly noise?: number } = {},
): Simulator<ObjectsAnnotation> {
  const { light = 0, noise = 0 } = camera;
  const [low, high] = imageRange(form);
  return (rng) => {
    const drawn = createImage({ ...form, width, height });
    const figures = Array.from({ length: 3 }, (_, i) => figureIn(rng.fork('figure').fork(i), width, height));
    const tint = Array.from({ length: form.channels }, () => 0.15 * rng.fork('tint').next());
    const sensor = rng.fork('sensor');
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let value = 0.3 + 0.1 * (x / width);
        for (const { level, covers } of figures) {
          const share = covers(x + 0.5, y + 0.5);
          value += share * (level - value);
        }
        for (let channel = 0; channel < form.channels; channel++) {
          const seen = value + tint[channel]! * value + light + noise * sensor.normal();
          drawn.data[(y * width + x) * form.channels + channel] = storedValue(
            low + Math.min(1, Math.max(0, seen)) * (high - low),
            form.bits,
          );
        }
      }
    }
    return { image: drawn, annotation: { objects: figures.map(({ label }) => label) } };
  };
}

interface Figure {
  readonly label: LabeledObject;
  readonly level: number;
  /** How much of the pixel around a point is covered, in [0, 1]. */
  covers(x: number, y: number): number;
}

function figureIn(rng: Rng, width: number, height: number): Figure {
  const size = 5 + rng.next() * (Math.min(width, height) / 4 - 5);
  const x = size + 1 + rng.next() * (width - 2 * size - 2);
  const y = size + 1 + rng.next() * (height - 2 * size - 2);
  const level = 0.5 + 0.4 * rng.next();
  const box = [x - size, y - size, 2 * size, 2 * size] as const;
  const keypoints = [{ name: 'center', point: [x, y], visibility: 2 }] as const;
  const inside = (distance: number) => Math.min(1, Math.max(0, distance + 0.5));
  if (rng.next() < 0.5) {
    return {
      label: { class: 'disc', box, keypoints },
      level,
      covers: (px, py) => inside(size - Math.hypot(px - x, py - y)),
    };
  }
  const outline = [
    [x - size, y - size],
    [x + size, y - size],
    [x + size, y + size],
    [x - size, y + size],
  ] as const;
  return {
    label: { class: 'square', box, polygons: [outline], keypoints },
    level,
    covers: (px, py) => inside(size - Math.abs(px - x)) * inside(size - Math.abs(py - y)),
  };
}
