/** @file What a run keeps of its refiner's way: the same pictures at several moments of the training. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SimganError } from '@simgan/core';
import { z } from 'zod';

/** The files of a run's folder `timeline`. */
export const timelineFiles = {
  index: 'timeline.json',
  /** A row of the pictures before refinement. */
  synthetic: 'synthetic.png',
  /** A row of real pictures. */
  real: 'real.png',
  /** A row of refined pictures, and one of what changed. */
  strip: (step: number) => `${String(step).padStart(7, '0')}.png`,
} as const;

/** Names that a timeline gives its files. */
export function isOfTimeline(name: string): boolean {
  const { index, synthetic, real } = timelineFiles;
  return name === index || name === synthetic || name === real || /^\d{7,}\.png$/.test(name);
}

const count = z.int().nonnegative();
const side = z.int().min(1).max(4096);

const labelShift = z.object({
  unit: z.string().max(40),
  /** How far the refiner moved the label, mean and standard deviation over pictures, in `unit`. */
  mean: z.number(),
  std: z.number(),
  /** Pictures in which it was found before and after. */
  count,
  /** Pictures in which it was found before and not after. */
  lost: count,
  /** Pictures in which it was not found before. */
  abstained: count,
});

const moment = z.object({
  /** Steps done, warm-up included. */
  step: count,
  /** How much the refiner changes a gray level on average, as a share of the range; what matching changes is not in it. */
  change: z.number(),
  /** By the quantities of the plugin's probe; empty without one. */
  labels: z.record(z.string().max(200), labelShift),
});

const timeline = z.object({
  version: z.literal(1),
  /** The size of a picture in the strips, px. */
  cell: z.object({ width: side, height: side }),
  /** The pictures of a strip, from the left. */
  ids: z.array(z.string().max(4096)).max(64),
  moments: z.array(moment).max(100_000),
});

/** How far refinement moved a label at one moment of a training. */
export type LabelShift = Readonly<z.infer<typeof labelShift>>;
/** What was measured at one moment of a training. */
export type Moment = Readonly<z.infer<typeof moment>>;
/** The moments of a training so far. */
export type Timeline = Readonly<z.infer<typeof timeline>>;

/**
 * The timeline in a folder; `undefined` if there is none.
 *
 * @throws SimganError INVALID_FILE if it is damaged.
 */
export async function readTimeline(dir: string): Promise<Timeline | undefined> {
  const file = join(dir, timelineFiles.index);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const fail = (problem: string) =>
    new SimganError(
      'INVALID_FILE',
      `${file} is not the timeline of a training: ${problem}. Remove it: a resumed run begins another.`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail((error as Error).message);
  }
  const parsed = timeline.safeParse(value);
  if (parsed.success) return parsed.data;
  throw fail(
    parsed.error.issues
      .slice(0, 3)
      .map(({ path, message }) => `${path.join('.')}: ${message}`)
      .join('; '),
  );
}
