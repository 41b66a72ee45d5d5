import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { marks } from '../../test/marks.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import {
  affineGrid,
  affineMap,
  annotationSchema,
  displacementMap,
  invertMatrix,
  type Point,
  scaleGrid,
} from '../geometry/index.ts';
import type { Refiner } from '../networks/index.ts';
import { buildNetwork } from '../networks/index.ts';
import { createRng } from '../rng.ts';
import type { RealImage } from '../sample.ts';
import { simulate } from '../simulate.ts';
import { allowedShare, DEFAULT_DISPLACEMENT_LIMITS, kindsIn } from './displacement-limits.ts';
import { createImageRefiner, type ImageRefinerOptions } from './image-refiner.ts';
import { measureField } from './measure-field.ts';

const plugin = marks();
const { image } = plugin;
const samples = simulate(plugin.simulator, { seed: 5, length: 7 });

/** A refiner whose fields are strong and differ from picture to picture. */
function movingNetwork(amount = 0.6): Refiner {
  const network = buildNetwork(plugin.refiner, image, 1);
  const rng = createRng(4);
  for (const variable of network.variables) {
    const noise = Float32Array.from({ length: variable.size }, () => amount * rng.normal());
    tf.tidy(() => variable.assign(tf.add(variable, tf.tensor(noise, variable.shape))));
  }
  return network;
}

async function refined(options: Partial<ImageRefinerOptions> = {}, network = movingNetwork()) {
  const refiner = createImageRefiner({
    ...{ network, image, engine: wasmEngine, geometry: plugin.annotation.geometry },
    ...options,
  });
  const all = [];
  for await (const sample of refiner.refine(samples)) all.push(sample);
  await refiner.dispose();
  network.dispose();
  return all;
}

test('samples come with moved labels and the size of their displacement, the same in batches of every size', async () => {
  const all = await refined();
  expect(all).toHaveLength(7);
  for (const [i, sample] of all.entries()) {
    const before = await samples.at(i);
    expect(sample.annotation.at).not.toEqual(before.annotation.at);
    expect(sample.annotation.kind).toBe('mark');
    const { rms, largest, share } = sample.displacement!;
    expect(largest).toBeGreaterThanOrEqual(rms);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThanOrEqual(1);
  }
  expect(await refined({ batchSize: 2 })).toEqual(all);
});

test('fields are kept within the limits of the labels, and more so within stricter ones', async () => {
  const side = 14;
  const { bend } = DEFAULT_DISPLACEMENT_LIMITS.invariant;
  const all = await refined();
  expect(all.some(({ displacement }) => displacement!.share < 1)).toBe(true);
  const strict = await refined({ displacementLimits: { point: { shift: 0.05 } } });
  for (const { displacement } of strict)
    expect(displacement!.largest).toBeLessThanOrEqual(0.05 * side + 1e-3);
  expect(Math.max(...all.map(({ displacement }) => displacement!.largest))).toBeGreaterThan(0.05 * side);
  expect(bend).toBeGreaterThan(0);
  const still = await refined({ displacementLimits: { invariant: { bend: 0 } } });
  for (const [i, { annotation, displacement }] of still.entries()) {
    expect(displacement).toEqual({ rms: 0, largest: 0, share: 0 });
    expect(annotation).toEqual((await samples.at(i)).annotation);
  }
});

test('pictures without labels are moved too, and labels without a geometry are refused', async () => {
  const network = movingNetwork();
  const refiner = createImageRefiner({ network, image, engine: wasmEngine });
  const sample = await samples.at(0);
  const { id, image: picture } = sample;
  const bare: RealImage = await refiner.refine({ id, image: picture });
  expect(bare.displacement!.rms).toBeGreaterThan(0);
  await expect(refiner.refine(sample)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('Pass the geometry'),
  });
  await refiner.dispose();
  expect(() =>
    createImageRefiner({ network, image, engine: wasmEngine, displacementLimits: { box: { turn: -1 } } }),
  ).toThrow('box.turn is -1');
  network.dispose();
});

const size = { width: 40, height: 30 };

test('the measures of a field are those of the map that it is', () => {
  const shift = affineGrid(size, { rows: 5, columns: 4 }, { matrix: [1, 0, 0, 1], shift: [3, -4] });
  const moved = measureField(size, shift);
  expect(moved.rms).toBeCloseTo(5, 9);
  expect(moved.largest).toBeCloseTo(5, 9);
  expect(moved.bend).toBeCloseTo(0, 9);
  const turn = affineMap(size, { rotation: 0.2, scale: 1.1 });
  const matrix = invertMatrix(turn.affine!.matrix);
  const turned = measureField(size, affineGrid(size, { rows: 5, columns: 4 }, { matrix, shift: [0, 0] }));
  expect(turned.turn).toBeCloseTo(0.2, 9);
  expect(turned.bend).toBeCloseTo(0, 9);
  const bent = { rows: 4, columns: 4, values: Array.from({ length: 32 }, (_, i) => (i % 8 === 4 ? 6 : 0)) };
  expect(measureField(size, bent).bend).toBeGreaterThan(0.2);
  expect(measureField(size, scaleGrid(bent, 2)).bend).toBeCloseTo(2 * measureField(size, bent).bend, 9);
});

test('each kind of label has its share: bent pictures keep points longer than directions, and never single coordinates', () => {
  const bent = { rows: 4, columns: 4, values: Array.from({ length: 32 }, (_, i) => (i % 8 === 4 ? 6 : 0)) };
  const shareOf = (
    ...kinds: Parameters<typeof allowedShare>[2] extends Iterable<infer Kind> ? Kind[] : never
  ) => allowedShare(size, bent, kinds);
  expect(shareOf('point')).toBe(1);
  expect(shareOf('direction')).toBeLessThan(1);
  expect(shareOf('direction')).toBeGreaterThan(0);
  expect(shareOf('point', 'direction')).toBe(shareOf('direction'));
  for (const kind of ['x', 'y', 'width', 'height', 'companion'] as const) expect(shareOf(kind)).toBe(0);
  const { bend } = measureField(size, scaleGrid(bent, shareOf('direction')));
  expect(bend).toBeCloseTo(0.015 * 30, 9);
  // A field that would fold is scaled until it can be inverted, also without labels.
  const folding = {
    rows: 4,
    columns: 4,
    values: Array.from({ length: 32 }, (_, i) => (i % 8 === 2 ? 60 : 0)),
  };
  const share = allowedShare(size, folding, []);
  expect(share).toBeLessThan(1);
  expect(() => displacementMap(size, folding)).toThrow('folds');
  displacementMap(size, scaleGrid(folding, share));
});

test('the kinds of an annotation are those of the labels that it has', () => {
  const { geometry } = annotationSchema(
    z.object({
      at: z.tuple([z.number(), z.number()]).optional(),
      parts: z.array(z.object({ gaze: z.number(), box: z.tuple([z.number(), z.number()]) }).nullable()),
      own: z.number(),
    }),
    { at: 'point', parts: { each: { gaze: 'yaw', box: (_, box) => box } }, own: 'invariant' },
  );
  const at: Point = [1, 2];
  expect(kindsIn({ at, parts: [null] }, geometry)).toEqual(new Set(['point']));
  expect(kindsIn({ parts: [null, { gaze: 1, box: [1, 2] }], own: 3 }, geometry)).toEqual(
    new Set(['yaw', 'function', 'invariant']),
  );
});
