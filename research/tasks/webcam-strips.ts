/** @file Webcam strips of both eyes of a person who looked at one of 10x10 cells of a screen, and how angles are scored on them. */
import { join } from 'node:path';
import {
  datasetOf,
  type Engine,
  type Image,
  type Network,
  type RealImage,
  type SizedForm,
} from '@simgan/core';
import { estimatorOutputs } from '@simgan/core/evaluation';
import { mean } from '@simgan/core/measures';
import { readPicture } from '@simgan/node';
import { smallGazeEstimator } from '@simgan/plugin-eyes';
import { readLabelRows } from './table-rows.ts';

/** A strip and the cell that was looked at, counted from 0 at the top left. */
export interface Strip {
  readonly id: string;
  /** `test`: to report on. `unlabelled`: may be learned from, without labels, and chosen by, with them. */
  readonly split: string;
  /** 155x30 pixels, the eye on the left at x 11 to 58, the other one at 97 to 144. */
  readonly image: Image;
  readonly column: number;
  readonly row: number;
}

/** A picture that a network answered with angles: pitch and yaw, radians. */
export interface AnsweredStrip {
  readonly angles: readonly number[];
  readonly column: number;
  readonly row: number;
}

/** Mean errors in cells, and correlations of the unfitted angles with the cells. */
export interface ScreenScore {
  readonly column: number;
  readonly row: number;
  readonly yawWithColumn: number;
  readonly pitchWithRow: number;
}

/** Reads all strips of `dir`, gray (1 channel) or RGB (3). */
export async function readStrips(dir: string, channels: 1 | 3): Promise<Strip[]> {
  return Promise.all(
    (await readLabelRows(dir)).map(async ({ file, cell, split }) => {
      const place = Number(cell) - 1;
      const { image } = await readPicture(join(dir, file!), { channels, bits: 8 });
      return { id: file!, split: split!, image, column: place % 10, row: Math.floor(place / 10) };
    }),
  );
}

/** Pitch and yaw that a gaze network reads from each picture, radians. */
export async function anglesOf(
  pictures: readonly RealImage[],
  means: { readonly network: Network; readonly image: SizedForm; readonly engine: Engine },
): Promise<number[][]> {
  const { answer } = smallGazeEstimator;
  if (answer?.kind !== 'values') throw new Error('The gaze estimator answers with angles.');
  const angles: number[][] = [];
  for await (const { output } of estimatorOutputs({
    ...means,
    pictures: datasetOf(pictures),
    batchSize: 50,
  })) {
    angles.push(Array.from(answer.values(output)));
  }
  return angles;
}

/** Some of the items, evenly spread over the recording, and the rest. */
export function spreadSplit<Item>(
  items: readonly Item[],
  count: number,
): { readonly some: Item[]; readonly rest: Item[] } {
  const every = Math.floor(items.length / count);
  const isSome = (_: Item, index: number) => index % every === 0;
  return {
    some: items.filter(isSome),
    rest: items.filter((item, index) => !isSome(item, index)),
  };
}

/** Turns angles into cells by affine maps that are fitted to some strips, and scores them on others. */
export function scoreOnScreen(
  calibration: readonly AnsweredStrip[],
  tested: readonly AnsweredStrip[],
): ScreenScore {
  const errorOf = (of: (strip: AnsweredStrip) => number) => {
    const fit = affineFit(calibration.map((strip) => [strip.angles, of(strip)]));
    return mean(tested.map((strip) => Math.abs(fit(strip.angles) - of(strip))));
  };
  const correlationOf = (axis: number, of: (strip: AnsweredStrip) => number) =>
    correlation(
      tested.map(({ angles }) => angles[axis]!),
      tested.map(of),
    );
  const column = (strip: AnsweredStrip) => strip.column;
  const row = (strip: AnsweredStrip) => strip.row;
  return {
    column: errorOf(column),
    row: errorOf(row),
    yawWithColumn: correlationOf(1, column),
    pitchWithRow: correlationOf(0, row),
  };
}

/** Pearson's correlation; 0 if either does not vary. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, ofA, ofB] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    both += (value - meanA) * (b[i]! - meanB);
    ofA += (value - meanA) ** 2;
    ofB += (b[i]! - meanB) ** 2;
  }
  return ofA * ofB === 0 ? 0 : both / Math.sqrt(ofA * ofB);
}

/** The affine function of two angles with the least squared error (normal equations, by Cramer's rule). */
function affineFit(
  pairs: readonly (readonly [angles: readonly number[], value: number])[],
): (angles: readonly number[]) => number {
  const [meanA, meanB] = [0, 1].map((axis) => mean(pairs.map(([angles]) => angles[axis]!))) as [
    number,
    number,
  ];
  const meanValue = mean(pairs.map(([, value]) => value));
  let [aa, ab, bb, av, bv] = [0, 0, 0, 0, 0];
  for (const [angles, value] of pairs) {
    const [a, b, v] = [angles[0]! - meanA, angles[1]! - meanB, value - meanValue];
    aa += a * a;
    ab += a * b;
    bb += b * b;
    av += a * v;
    bv += b * v;
  }
  const determinant = aa * bb - ab * ab;
  // Answers on a line say nothing about two coordinates.
  if (!(determinant > 1e-9 * aa * bb)) return () => meanValue;
  const [slopeA, slopeB] = [(av * bb - bv * ab) / determinant, (bv * aa - av * ab) / determinant];
  return ([a = 0, b = 0]) => meanValue + slopeA * (a - meanA) + slopeB * (b - meanB);
}
