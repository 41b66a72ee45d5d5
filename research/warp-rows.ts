/** @file The refiners that are compared. */
import { residualRefiner, type TrainingRecipe } from '@simgan/core';
import {
  type ResidualRefinerOptions,
  type WarpingRefinerOptions,
  warpingRefiner,
} from '@simgan/core/networks';
import { wholeStrokes } from './whole-strokes.ts';

type MakeRecipe = (base: TrainingRecipe, task: string) => TrainingRecipe;

const pixels: ResidualRefinerOptions = {
  width: 24,
  blocks: 2,
  padding: 'reflect',
  output: 'residual',
  noiseChannels: 1,
  noiseStd: 0.5,
};

/** Mean squares of the displacement, px², by task. */
const targets: Readonly<Record<string, number>> = { 'print-mnist': 6, 'open-eyes': 3 };

const warping =
  (changes: Partial<TrainingRecipe> = {}, options: WarpingRefinerOptions = {}): MakeRecipe =>
  (base, task) => ({
    ...base,
    match: 'none',
    learningRate: 4e-4,
    lambda: { start: 5, target: 0.06 },
    displacement: { start: 0.05, target: targets[task] ?? 1, range: [1e-4, 10] },
    refiner: warpingRefiner(residualRefiner(pixels), options),
    ...changes,
  });

/** By the name of the table's row. */
export const warpRows: Readonly<Record<string, MakeRecipe>> = {
  pixels: (base) => ({ ...base, match: 'none' }),
  'pixels-whole': (base) => ({
    ...base,
    match: 'none',
    lambda: { start: 5, target: 0.2, range: [1e-3, 50] },
    discriminator: wholeStrokes,
  }),
  warp: warping(),
  'warp-stroke': warping({}, { stroke: true }),
  'warp-whole': warping({ discriminator: wholeStrokes }, { stroke: true }),
};
