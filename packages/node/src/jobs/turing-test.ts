import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type RealImage, SimganError, spreadItems } from '@simgan/core';
import { binomialTail } from '@simgan/core/measures';
import { renderExportedTrial, type TuringResults } from '@simgan/report';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { paintPicture } from '../pictures/paint.ts';
import { defaults } from '../runs/defaults.ts';
import type { JobOptions } from '../runs/events.ts';
import { type EngineChoiceOptions, type Job, startEngine, startJob } from '../runs/job.ts';
import { buildRefiner, findTrained, type OpenRefinerOptions } from '../runs/open-refiner.ts';
import { startRendering } from '../runs/rendering.ts';
import { resultFiles } from '../runs/run-folder.ts';
import { openReal, openSynthetic } from '../runs/sources.ts';
import {
  pictureFile,
  readExportedAnswers,
  readTest,
  type TuringKind,
  type TuringTest,
  turingResultsOf,
  writeAnswers,
  writeTest,
} from '../turing/turing-folder.ts';
import { serveTuring, type TuringServer } from '../turing/turing-server.ts';
import { sourceOf } from './command-of-run.ts';

/** Options for {@link openTuring}. */
export interface TuringOptions
  extends JobOptions,
    EngineChoiceOptions,
    Pick<OpenRefinerOptions, 'plugin' | 'pluginOptions'> {
  /** A run's folder, done or not, or the folder that `augment` filled. */
  readonly run: string;
  /** Real pictures in place of those that the refiner was trained with. */
  readonly real?: string | undefined;
  /** Refined pictures, and as many real ones, that a subject judges. Default: 50. */
  readonly count?: number | undefined;
  /** Synthetic pictures, and as many real ones, of the control. Default: 10. */
  readonly control?: number | undefined;
}

/** A visual Turing test that is ready. */
export interface OpenTuring {
  /** The folder that holds its pictures and answers. */
  readonly dir: string;
  /** Pictures that a subject judges. */
  readonly length: number;
  /** Whether it was begun before. */
  readonly isResumed: boolean;
  /** Serves it on this machine alone, on this port or any that is free. */
  serve(port?: number): Promise<TuringServer>;
  /** Writes it as one HTML file that needs no server. */
  exportTo(file: string): Promise<void>;
  /** Adds the answers that a subject saved from an exported file. */
  add(file: string): Promise<void>;
  /** What came of it so far. */
  results(): Promise<TuringResults>;
}

/**
 * Opens the visual Turing test of a run: the one that its folder holds, or a new one with pictures that are drawn now. People
 * judge real and refined pictures in random order; a control shows what they say of synthetic ones.
 *
 * @throws SimganError NOT_ENOUGH_DATA if there are too few pictures; INVALID_FILE if the test in the folder is damaged.
 * @example
 * ```ts no-run
 * const test = await openTuring({ run: 'eyes-augmented' });
 * const server = await test.serve();
 * console.log(server.url);
 * ```
 */
export async function openTuring(options: TuringOptions): Promise<OpenTuring> {
  const job = startJob(options);
  const folder = job.path(options.run);
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `There is no folder ${folder}. Pass the folder that train or augment wrote.`,
    );
  }
  const dir = join(folder, resultFiles.turing);
  const earlier = await readTest(dir);
  const test = earlier ?? (await makeTest(dir, folder, options, job));
  return {
    dir,
    length: test.pictures.length,
    isResumed: earlier !== undefined,
    serve: (port = 0) => serveTuring(dir, test, port),
    exportTo: async (file) => writeFileAtomic(job.path(file), await exported(dir, test)),
    add: async (file) => writeAnswers(dir, await readExportedAnswers(job.path(file), test)),
    results: () => turingResultsOf(dir, test),
  };
}

async function makeTest(dir: string, folder: string, options: TuringOptions, job: Job): Promise<TuringTest> {
  const { count = defaults.judged, control = defaults.judgedControl } = options;
  const { chosen, stored, origin } = await findTrained(options.run, options, job);
  const { plugin } = chosen;
  const { config } = stored;
  const seed = config?.seed ?? defaults.seed;
  const disposals: (() => unknown)[] = [];
  try {
    const { engine, release } = await startEngine(options, job);
    disposals.push(release);
    const rendering = startRendering(chosen, options.threads, job);
    disposals.push(() => rendering.close());
    const refiner = buildRefiner(origin, stored, plugin, engine, {});
    disposals.push(() => refiner.dispose());
    const source = sourceOf(config?.synthetic);
    const synthetic = await openSynthetic(
      plugin,
      { synthetic: source?.folder, format: source?.format },
      { count: count + control, seed, atLeast: count + control, rendering },
      job,
    );
    const real = await openReal(
      plugin,
      {
        real: options.real ?? sourceOf(config?.real)?.folder,
        realFormat: options.real === undefined ? config?.realFormat : undefined,
      },
      { seed, atLeast: count + control, rendering },
      job,
    );
    const samples = await all(spreadItems(synthetic.samples, count + control));
    const refined = await refiner.refine(samples.slice(0, count));
    const reals = await all(spreadItems(real.images, count + control));
    const kinds: readonly [TuringKind, readonly RealImage[]][] = [
      ['refined', refined],
      ['refined-real', reals.slice(0, count)],
      ['synthetic', samples.slice(count)],
      ['synthetic-real', reals.slice(count)],
    ];
    const pictures = new Map<string, Buffer>();
    const listed: TuringTest['pictures'] = [];
    for (const [kind, items] of kinds) {
      for (const { image } of items) {
        const key = newKey();
        pictures.set(key, await encodePng(paintPicture(image, plugin.image, plugin.display)));
        listed.push({ key, kind });
      }
    }
    const test: TuringTest = { version: 1, id: newKey(), title: basename(folder), pictures: listed };
    await writeTest(dir, test, pictures);
    return test;
  } finally {
    for (const dispose of disposals.toReversed()) await dispose();
  }
}

/** Says nothing of a picture, and nobody can guess it. */
function newKey(): string {
  return randomBytes(12).toString('hex');
}

async function all<Item>(set: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of set) items.push(item);
  return items;
}

async function exported(dir: string, test: TuringTest): Promise<string> {
  const ofPart = (isControl: boolean) =>
    // By key, which is random: the order says nothing.
    test.pictures
      .filter(({ kind }) => kind.startsWith('synthetic') === isControl)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  const parts = [ofPart(false), ofPart(true)];
  const pictures = await Promise.all(
    parts.flat().map(async ({ key }) => {
      const png = await readFile(pictureFile(dir, key));
      return { key, src: `data:image/png;base64,${png.toString('base64')}` };
    }),
  );
  const blocks = parts.map((part) => part.length);
  const p = Object.fromEntries(
    blocks.map((total) => [
      total,
      Array.from({ length: total + 1 }, (_, right) => binomialTail(right, total, 0.5)),
    ]),
  );
  const truth = Object.fromEntries(test.pictures.map(({ key, kind }) => [key, kind]));
  return renderExportedTrial({ id: test.id, title: test.title, pictures, blocks, truth, p });
}
