import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createImageRefiner,
  type Dataset,
  datasetOf,
  hasSize,
  type Image,
  imageRange,
  type Plugin,
  type RealImage,
  type Sample,
  spreadItems,
  type Training,
  takeFrom,
} from '@simgan/core';
import { measureLabelPreservation } from '@simgan/core/evaluation';
import { cropsOf, labelsOf } from '@simgan/core/training';
import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { paintDifference, paintPicture, thumbnail } from '../pictures/paint.ts';
import { encodePng } from '../pictures/pixels.ts';
import { drawStrip } from '../pictures/strip.ts';
import { probeFor } from './label-shift.ts';
import { isOfTimeline, type Moment, readTimeline, type Timeline, timelineFiles } from './timeline-file.ts';

/** Moments of a training that are kept. */
const MOMENTS = 16;
/** Pictures that are measured, and those of them that are shown. */
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
  /** Refines the pictures with the refiner as it is now, and keeps what comes out. */
  record(): Promise<KeptMoment>;
  dispose(): Promise<void>;
}

/** What a timeline is made of. */
export interface TimelineParts {
  readonly plugin: Plugin;
  readonly training: Training;
  /** Steps of the training in all. */
  readonly steps: number;
  /** What will be refined and what is trained on, before any correction of light. */
  readonly synthetic: {
    readonly samples: Dataset<Sample<unknown>>;
    readonly training: Dataset<Sample<unknown>>;
    readonly annotations: 'plugin' | 'foreign';
  };
}

/**
 * Opens the timeline of a training at its present step: moments after it, which will come again, are removed. The
 * pictures are those that the networks see: whole ones, or the recipe's crops.
 *
 * @throws SimganError OUTPUT_FAILED if the folder cannot be written to; INVALID_FILE if its index is damaged.
 */
export async function openTimeline(dir: string, parts: TimelineParts): Promise<TimelineRecorder> {
  const { plugin, training, steps, synthetic } = parts;
  const { form, seed, engine, averagedRefiner, matcher } = training;
  await makeFolder(dir);
  const every = Math.max(1, Math.ceil(steps / MOMENTS));
  const most = Math.max(4, Math.min(MEASURED, Math.floor(PIXELS / (form.width * form.height))));
  const cropped = <Item extends RealImage>(items: readonly Item[]) =>
    itemsOf(cropsOf(datasetOf(items), form, seed));
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

  // Matched already.
  const refiner = createImageRefiner({
    ...{ network: averagedRefiner, image: plugin.image, engine, seed },
    ...labelsOf(plugin),
  });
  const probe = isWhole(plugin, parts) ? probeFor(plugin, synthetic.annotations) : undefined;
  // Drawn where they are needed first: a training that is done already draws none.
  const drawPictures = async () => {
    // Simulated pictures are each as good as another, and the first are the same however many are refined.
    const isFixed = synthetic.samples === synthetic.training;
    const whole = await itemsOf((isFixed ? spreadItems : takeFrom)(synthetic.training, most));
    const raw = await cropped(whole);
    const matched = await cropped(whole.map((sample) => matcher.apply(sample)));
    const real = await cropped(await itemsOf(spreadItems(training.real, Math.min(SHOWN, most))));
    const shown = raw.slice(0, SHOWN);
    const strips = {
      synthetic: await keep(timelineFiles.synthetic, [shown.map(({ image }) => paint(image))]),
      real: await keep(timelineFiles.real, [real.map(({ image }) => paint(image))]),
    };
    const { width, height } = paint(raw[0]!.image);
    const index = { cell: { width, height }, ids: shown.map(({ id }) => id) };
    await save(index);
    return { raw, matched, shown, strips, index };
  };
  let drawn: ReturnType<typeof drawPictures> | undefined;
  const pictures = () => {
    drawn ??= drawPictures();
    return drawn;
  };
  return {
    before: async () => (await pictures()).strips,
    get last() {
      return moments.at(-1)?.step;
    },
    isDue: (step) => step % every === 0,
    async record() {
      const { step } = training;
      const { raw, matched, shown, index } = await pictures();
      const refined = await refiner.refine(matched);
      const pairs = raw.map((sample, i) => ({ synthetic: sample, refined: refined[i]! }));
      const labels = probe ? (await measureLabelPreservation(pairs, probe)).quantities : {};
      const moment: Moment = {
        step,
        change: meanChange(raw, refined, plugin),
        labels: Object.fromEntries(
          Object.entries(labels).map(([name, { unit, shift, lost, abstained }]) => {
            const { mean, std, count } = shift;
            return [name, { unit, mean, std, count, lost, abstained }];
          }),
        ),
      };
      const name = timelineFiles.strip(step);
      const kept = await keep(name, [
        refined.slice(0, SHOWN).map(({ image }) => paint(image)),
        shown.map(({ image }, i) =>
          thumbnail(paintDifference(image, refined[i]!.image, plugin.image), LONGEST),
        ),
      ]);
      moments.push(moment);
      await save(index);
      return { ...moment, file: join(dir, name), ...kept };
    },
    dispose: () => refiner.dispose(),
  };
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

async function itemsOf<Item>(set: Dataset<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of set) items.push(item);
  return items;
}

/** Labels are measured in whole pictures: in a crop they are elsewhere. */
function isWhole({ image }: Plugin, { training: { form } }: TimelineParts): boolean {
  return hasSize(image) && image.width === form.width && image.height === form.height;
}

function meanChange(before: readonly RealImage[], after: readonly RealImage[], { image }: Plugin): number {
  const [low, high] = imageRange(image);
  let sum = 0;
  let count = 0;
  for (const [i, one] of before.entries()) {
    const [a, b] = [one.image.data, after[i]!.image.data];
    for (let j = 0; j < a.length; j++) sum += Math.abs(b[j]! - a[j]!);
    count += a.length;
  }
  return sum / (count * (high - low));
}
