import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Image,
  itemsOf,
  type Plugin,
  spreadItems,
  type Training,
  type TrainingRecipe,
} from '@simgan/core';
import type { Followed } from '@simgan/core/monitoring';
import { cropsOf, totalSteps } from '@simgan/core/training';
import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { paintDifference, paintPicture, thumbnail } from '../pictures/paint.ts';
import { drawStrip } from '../pictures/strip.ts';
import { isOfTimeline, type Moment, readTimeline, type Timeline, timelineFiles } from './timeline-file.ts';

/** Moments of a training that are kept. */
const MOMENTS = 16;
/** Pictures that are followed where nothing else looks at the training, and those of them that are shown. */
const MEASURED = 24;
const SHOWN = 8;
/** Values of all pictures that are refined at a moment, where pictures are large. */
const PIXELS = 2 ** 21;
/** Longest side of a picture in a strip, px. */
const LONGEST = 192;

/** A strip, and its file's bytes. */
export interface KeptStrip {
  readonly strip: Image;
  readonly png: Buffer;
}

/** What a moment left: its figures and the strip that shows it. */
export interface KeptMoment extends Moment, KeptStrip {
  /** The whole path of the strip. */
  readonly file: string;
}

/** Records a training's way. */
export interface TimelineRecorder {
  /** The strip of the pictures before refinement, and one of real pictures. */
  before(): Promise<{ readonly synthetic: KeptStrip; readonly real: KeptStrip }>;
  /** The step of the last moment. */
  readonly last: number | undefined;
  /** Whether a moment is kept after this step. */
  isDue(step: number): boolean;
  /** Keeps what the refiner makes of the pictures as it is now. */
  record(): Promise<KeptMoment>;
}

/** What a timeline is made of. */
export interface TimelineParts {
  readonly plugin: Plugin;
  readonly training: Training;
  /** The pictures that are shown; {@link mostFollowed} says how many are enough. They are the caller's to dispose of. */
  readonly followed: Followed;
}

/** How many pictures a timeline follows where nothing else looks at the training. */
export function mostFollowed({ form }: Pick<Training, 'form'>): number {
  return Math.max(4, Math.min(MEASURED, Math.floor(PIXELS / (form.width * form.height))));
}

/**
 * Opens the timeline of a training at its present step: moments after it, which will come again, are removed. The
 * pictures are those that the networks see: whole ones, or the recipe's crops.
 *
 * @throws SimganError OUTPUT_FAILED if the folder cannot be written to; INVALID_FILE if its index is damaged.
 */
export async function openTimeline(dir: string, parts: TimelineParts): Promise<TimelineRecorder> {
  const { plugin, training, followed } = parts;
  const { form, seed } = training;
  await makeFolder(dir);
  const paint = (image: Image) => thumbnail(paintPicture(image, plugin.image, plugin.display), LONGEST);
  const keep = async (name: string, rows: readonly (readonly Image[])[]): Promise<KeptStrip> => {
    const { strip } = drawStrip(rows);
    const png = await encodePng(strip);
    await writeFileAtomic(join(dir, name), png);
    return { strip, png };
  };
  const earlier = await readTimeline(dir);
  const moments = earlier?.moments.filter(({ step }) => step <= training.step) ?? [];
  const save = (timeline: Pick<Timeline, 'cell' | 'ids'>) =>
    writeFileAtomic(
      join(dir, timelineFiles.index),
      `${JSON.stringify({ version: 1, cell: timeline.cell, ids: timeline.ids, moments } satisfies Timeline)}\n`,
    );
  if (earlier) await save(earlier);
  await removeStrips(dir, new Set(moments.map(({ step }) => timelineFiles.strip(step))));

  // Drawn where they are needed first: a training that is done already draws none.
  const drawPictures = async () => {
    const { drawn } = await followed.pictures();
    const places = shownPlaces(drawn.length);
    const shown = places.map((place) => drawn[place]!);
    const real = await itemsOf(cropsOf(spreadItems(training.real, shown.length), form, seed));
    const strips = {
      synthetic: await keep(timelineFiles.synthetic, [shown.map(({ image }) => paint(image))]),
      real: await keep(timelineFiles.real, [real.map(({ image }) => paint(image))]),
    };
    const { width, height } = paint(shown[0]!.image);
    const index = { cell: { width, height }, ids: shown.map(({ id }) => id) };
    await save(index);
    return { places, shown, strips, index };
  };
  let pending: ReturnType<typeof drawPictures> | undefined;
  const pictures = () => {
    pending ??= drawPictures();
    return pending;
  };
  return {
    before: async () => (await pictures()).strips,
    get last() {
      return moments.at(-1)?.step;
    },
    isDue: dueMoments(training.recipe),
    async record() {
      const { step } = training;
      const { places, shown, index } = await pictures();
      const { refined, changes, labels = {} } = await followed.refine();
      const moment: Moment = {
        step,
        change: changes.moved,
        labels: Object.fromEntries(
          Object.entries(labels).map(([name, { unit, shift, lost, abstained }]) => {
            const { mean, std, count } = shift;
            return [name, { unit, mean, std, count, lost, abstained }];
          }),
        ),
      };
      const name = timelineFiles.strip(step);
      const after = places.map((place) => refined[place]!);
      const differences = shown.map(({ image }, i) => paintDifference(image, after[i]!, plugin.image));
      const kept = await keep(name, [
        after.map(paint),
        differences.map((difference) => thumbnail(difference, LONGEST)),
      ]);
      moments.push(moment);
      await save(index);
      return { ...moment, file: join(dir, name), ...kept };
    },
  };
}

/** Of so many pictures those that are shown: a few, spread over all. */
function shownPlaces(count: number): number[] {
  const shown = Math.min(SHOWN, count);
  return Array.from({ length: shown }, (_, n) => Math.floor((n * count) / shown));
}

/**
 * After which steps a moment is kept: about sixteen times in a training. Where it is looked at half as often or more,
 * moments are at looks, so that the same refined pictures serve both.
 */
function dueMoments(recipe: TrainingRecipe): (step: number) => boolean {
  const apart = Math.max(1, Math.ceil(totalSteps(recipe) / MOMENTS));
  const { steering, warmup, steps } = recipe;
  if (!steering || steps / steering.every < MOMENTS / 2) return (step) => step % apart === 0;
  const first = warmup.refiner + warmup.discriminator;
  const looks = steering.every * Math.ceil(apart / steering.every);
  return (step) => step > first && (step - first) % looks === 0;
}

/** Removes a timeline; files of others stay, and the folder with them. */
export async function removeTimeline(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  for (const name of names.filter(isOfTimeline)) await rm(join(dir, name), { force: true });
}

async function removeStrips(dir: string, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(dir)) {
    if (/^\d/.test(name) && isOfTimeline(name) && !kept.has(name)) await rm(join(dir, name), { force: true });
  }
}
