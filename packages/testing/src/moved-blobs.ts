/** @file Finds out whether a refiner that moves things does so smoothly, and where it says. */
import { createRng, type Refiner, type SizedForm } from '@simgan/core';
import { displacementMap, type Point } from '@simgan/core/geometry';
import { noiseBatch } from '@simgan/core/networks';
import { allowedShare } from '@simgan/core/refining';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** What a label may miss its pixels by. */
const TOLERANCE = 0.1;

/**
 * Holds a refiner to what its field says, on pictures of one blob each: the dense displacement is that of the control
 * points, `move` undoes `source`, neighbors move alike, and the blob is where a label of it would be carried to.
 */
export function expectBlobsWhereLabelsAre(refiner: Refiner, image: SizedForm): void {
  const { warping } = refiner;
  if (!warping) return;
  const { rows, columns } = warping.grid;
  const places = placesIn(image);
  const batch = tf.tensor4d(Float32Array.from(places.flatMap((place) => blobAt(place, image))), [
    places.length,
    image.height,
    image.width,
    image.channels,
  ]);
  const sources = places.map((_, i) => createRng(1).fork(i));
  const { data, shape } = noiseBatch(sources, image, refiner.noiseChannels);
  const noise = tf.tensor4d(data, shape as [number, number, number, number]);
  const fieldsAt = (shares: readonly number[]) => {
    const share = tf.tensor4d([...shares], [shares.length, 1, 1, 1]);
    const { field, displacement, moved } = warping.refine(batch, noise, share);
    const [values, dense, pixels] = [field, displacement, moved].map((tensor) => tensor.dataSync());
    const perItem = (all: ArrayLike<number>, i: number) => {
      const length = all.length / places.length;
      return Array.from({ length }, (_, k) => all[i * length + k]!);
    };
    return places.map((_, i) => ({
      grid: { rows, columns, values: perItem(values!, i) },
      dense: perItem(dense!, i),
      pixels: perItem(pixels!, i),
    }));
  };
  const full = fieldsAt(places.map(() => 1));
  const shares = full.map(({ grid }) => allowedShare(image, grid, ['point', 'invariant']));
  for (const [i, { grid, dense, pixels }] of fieldsAt(shares).entries()) {
    const map = displacementMap(image, grid);
    const place = places[i]!;
    expectClose(map.source(map.move(place)), place, 1e-3, 'move and source undo each other');
    for (const [x, y] of [
      [0, 0],
      [Math.floor(place[0]), Math.floor(place[1])],
      [image.width - 1, image.height - 1],
    ] as const) {
      const at = 2 * (y * image.width + x);
      const [sourceX, sourceY] = map.source([x + 0.5, y + 0.5]);
      const said = [x + 0.5 + dense[at]!, y + 0.5 + dense[at + 1]!] as const;
      expectClose(
        said,
        [sourceX, sourceY],
        1e-2,
        'the displacement of a pixel is that of the control points',
      );
    }
    for (let at = 0; at < dense.length; at++) {
      const [x, y] = [Math.floor(at / 2) % image.width, Math.floor(at / 2 / image.width)];
      const right = x + 1 < image.width ? dense[at + 2]! : dense[at]!;
      const below = y + 1 < image.height ? dense[at + 2 * image.width]! : dense[at]!;
      expect(Math.abs(right - dense[at]!), 'neighbors move alike').toBeLessThan(1);
      expect(Math.abs(below - dense[at]!), 'neighbors move alike').toBeLessThan(1);
    }
    expectClose(centerOf(pixels, image), map.move(place), TOLERANCE, 'the blob is where its label is');
  }
}

/** Places well within a picture, so that no blob is cut off. */
function placesIn({ width, height }: SizedForm): Point[] {
  return [
    [0.5, 0.5],
    [0.42, 0.55],
    [0.57, 0.45],
  ].map(([x, y]) => [x! * width, y! * height]);
}

/** Values of a picture of one blob, -1 far from it. */
function blobAt([x, y]: Point, { width, height, channels }: SizedForm): number[] {
  return Array.from({ length: width * height * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    const [dx, dy] = [(pixel % width) + 0.5 - x, Math.floor(pixel / width) + 0.5 - y];
    return 2 * Math.exp(-(dx * dx + dy * dy) / 2) - 1;
  });
}

function centerOf(values: readonly number[], { width, channels }: SizedForm): Point {
  let [sum, x, y] = [0, 0, 0];
  for (const [i, value] of values.entries()) {
    const [pixel, weight] = [Math.floor(i / channels), (value + 1) ** 2];
    sum += weight;
    x += weight * ((pixel % width) + 0.5);
    y += weight * (Math.floor(pixel / width) + 0.5);
  }
  return [x / sum, y / sum];
}

function expectClose(actual: Point, expected: Point, within: number, what: string): void {
  expect(Math.hypot(actual[0] - expected[0], actual[1] - expected[1]), what).toBeLessThan(within);
}
