import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SimganError, type TrainStep } from '@simgan/core';
import { type ReportData, type ReportMoment, renderLosses, renderReport, type Triplet } from '@simgan/report';
import { MANIFEST, REJECTS, readManifest } from '../datasets/dataset-format.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { readLines } from '../files/read-lines.ts';
import { writeAnimation } from '../pictures/animation.ts';
import type { JobOptions } from '../runs/events.ts';
import { startJob } from '../runs/job.ts';
import { readLog } from '../runs/read-log.ts';
import { readFigures, readOutcome } from '../runs/report-files.ts';
import { plannedSteps, type RunConfig, readRunConfig } from '../runs/run-config.ts';
import { augmentFiles, resultFiles, runFiles } from '../runs/run-folder.ts';
import { readTimeline, type Timeline, timelineFiles } from '../runs/timeline-file.ts';
import { commandOf } from './command-of-run.ts';
import { dataUrls, readStrip, type StripFile } from './strip-pictures.ts';

/** Options for {@link reportRun}. */
export interface ReportRunOptions extends JobOptions {
  /** A run's folder, done or not, or the folder that `augment` filled. */
  readonly run: string;
  /** The file to write. Default: `report.html` in that folder. */
  readonly out?: string | undefined;
}

/** What {@link reportRun} wrote. */
export interface WrittenReport {
  /** The whole paths of the page, of the losses as SVG and of the timeline as a moving picture, where there are such. */
  readonly file: string;
  readonly losses: string | undefined;
  readonly animation: string | undefined;
  /** What the page shows. */
  readonly data: ReportData;
}

/**
 * Writes a run's report: one HTML file that loads nothing, and beside it the losses as SVG and the timeline as an animated
 * WebP. Neither plugin nor pictures are needed, and a run in progress is not touched.
 *
 * @throws SimganError INVALID_ARGUMENT if the folder holds no run; INVALID_FILE naming a file of it that is damaged.
 * @example
 * ```ts no-run
 * const { file } = await reportRun({ run: 'eyes-augmented' });
 * ```
 */
export async function reportRun(options: ReportRunOptions): Promise<WrittenReport> {
  const job = startJob(options);
  const place = await findPlace(job.path(options.run));
  const data = await gather(place);
  const file = job.path(options.out ?? join(place.folder, resultFiles.report));
  const beside = (name: string) => join(dirname(file), name);
  await writeFileAtomic(file, renderReport(data));
  const losses = data.log.length > 1 ? beside(resultFiles.losses) : undefined;
  if (losses) await writeFileAtomic(losses, renderLosses(data.log));
  const frames = place.timeline ? await framesOf(place.timeline) : [];
  const animation = frames.length > 1 ? beside(resultFiles.animation) : undefined;
  if (animation) await writeAnimation(animation, frames);
  return { file, losses, animation, data };
}

/** Where the parts of a run are. */
interface Place {
  /** The folder that the user named. */
  readonly folder: string;
  /** The training's folder; `undefined` where a trained refiner was used. */
  readonly run: string | undefined;
  readonly config: RunConfig | undefined;
  readonly timeline: { readonly dir: string; readonly index: Timeline } | undefined;
}

async function findPlace(folder: string): Promise<Place> {
  for (const run of [folder, join(folder, augmentFiles.run)]) {
    const config = await readRunConfig(run);
    if (!config) continue;
    const dir = join(run, runFiles.timeline);
    const index = await readTimeline(dir);
    return { folder, run, config, timeline: index && { dir, index } };
  }
  if (await isThere(join(folder, augmentFiles.figures))) {
    return { folder, run: undefined, config: undefined, timeline: undefined };
  }
  throw new SimganError(
    'INVALID_ARGUMENT',
    `${folder} holds no run: it has neither ${runFiles.config} nor ${augmentFiles.figures}. Pass the folder that train or augment wrote.`,
  );
}

async function gather(place: Place): Promise<ReportData> {
  const { folder, run, config, timeline } = place;
  const dataset = join(folder, augmentFiles.dataset);
  const manifest = await readManifest(dataset, MANIFEST);
  const log = run ? await readLog(join(run, runFiles.log)) : [];
  const { figures, pictures } = await readFigures(folder, run);
  const outcome = run ? await readOutcome(run) : undefined;
  const symptoms = (outcome?.symptoms ?? []).map(({ finding, advice }) => `${finding} ${advice}`);
  const planned = config && plannedSteps(config);
  const isDone = run === undefined || (await isThere(join(run, runFiles.refiner)));
  const rows = await pictureRows(place, pictures);
  const moments = timeline ? await momentsOf(timeline) : [];
  const provenance = manifest?.provenance ?? {};
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return {
    title: basename(folder),
    plugin: config?.plugin ?? manifest?.plugin ?? 'unknown plugin',
    recipe: config?.recipe ?? text(provenance.recipe) ?? 'unknown',
    isDone,
    step: log.at(-1)?.step ?? 0,
    steps: planned ?? log.at(-1)?.steps,
    ...rows,
    moments,
    ...(outcome?.best !== undefined && outcome.best !== log.at(-1)?.step && { best: outcome.best }),
    log,
    figures,
    warnings: [...new Set([...symptoms, ...warningsOf(config, log), ...(figures.warnings ?? [])])].map(
      withFlags,
    ),
    rejects: await rejectsOf(join(dataset, REJECTS)),
    provenance: [
      ...Object.entries(config ? { ...config, numbers: undefined } : {}),
      ...Object.entries(config?.numbers ?? {}),
      ['ended', outcome?.ended] as const,
      ['step of the refiner', outcome?.best] as const,
      ...(manifest ? [['samples', manifest.count] as const] : []),
      ...(config ? [] : Object.entries(provenance)),
    ].flatMap(([label, value]) => (value === undefined ? [] : [[label, text(value)!] as const])),
    command: commandOf(config, manifest, folder),
  };
}

/** What follows from the run itself and should be read with its results. */
function warningsOf(config: RunConfig | undefined, log: readonly TrainStep[]): string[] {
  const warnings: string[] = [];
  if (config?.real === 'stand-in') {
    warnings.push(
      'No real pictures were given, so a simulated stand-in camera plays the real one. Pass yours as `real`.',
    );
  }
  const judged = log.slice(-50).flatMap((step) => ('discriminator' in step ? [step.discriminator] : []));
  const accuracy =
    judged.reduce(
      (sum, { accuracyOnReal, accuracyOnRefined }) => sum + (accuracyOnReal + accuracyOnRefined) / 2,
      0,
    ) / Math.max(1, judged.length);
  if (judged.length >= 20 && accuracy > 0.97) {
    warnings.push(
      `The discriminator is right in ${(100 * accuracy).toFixed(0)} % of the patches of the last ${judged.length} steps: it has won, and the refiner learns little from it.`,
    );
  }
  return warnings;
}

/** A job's message as users of the command line read it: `` `batchSize` `` becomes `--batch-size`. */
function withFlags(message: string): string {
  return message.replace(
    /`([a-z][a-zA-Z]*)`/g,
    (_, name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  );
}

type Rows = Pick<ReportData, 'size' | 'triplets' | 'real'>;

/** Pictures before and after: those that augment kept, or those of the last moment of the training. */
async function pictureRows({ folder, timeline }: Place, pictures: StripFile | undefined): Promise<Rows> {
  const kept = pictures && (await readStrip(join(folder, augmentFiles.triplets), pictures.cell));
  if (kept) {
    const [synthetic, refined, difference, real] = await Promise.all(
      [0, 1, 2, 3].map((row) => kept.row(row)),
    );
    const triplets = tripletsOf(pictures.ids, synthetic!, refined!, difference!);
    return { size: pictures.cell, triplets, real: real!.slice(0, pictures.real) };
  }
  const last = timeline?.index.moments.at(-1);
  if (!timeline || !last) return { size: { width: 1, height: 1 }, triplets: [], real: [] };
  const { cell, ids } = timeline.index;
  const open = (name: string) => readStrip(join(timeline.dir, name), cell);
  const [before, real, strip] = await Promise.all([
    open(timelineFiles.synthetic),
    open(timelineFiles.real),
    open(timelineFiles.strip(last.step)),
  ]);
  if (!before || !strip) return { size: cell, triplets: [], real: [] };
  const triplets = tripletsOf(ids, await before.row(0), await strip.row(0), await strip.row(1));
  return { size: cell, triplets, real: (await real?.row(0)) ?? [] };
}

function tripletsOf(
  ids: readonly string[],
  synthetic: readonly string[],
  refined: readonly string[],
  difference: readonly string[],
): Triplet[] {
  return ids.flatMap((id, i) =>
    synthetic[i] && refined[i] && difference[i]
      ? [{ id, synthetic: synthetic[i], refined: refined[i], difference: difference[i] }]
      : [],
  );
}

async function momentsOf({ dir, index }: NonNullable<Place['timeline']>): Promise<ReportMoment[]> {
  const moments: ReportMoment[] = [];
  for (const { step, change, labels } of index.moments) {
    const strip = await readStrip(join(dir, timelineFiles.strip(step)), index.cell);
    if (!strip) continue;
    const [url] = await dataUrls([strip.firstRow()]);
    moments.push({ step, change, labels, strip: url! });
  }
  return moments;
}

async function framesOf({ dir, index }: NonNullable<Place['timeline']>) {
  const names = [timelineFiles.synthetic, ...index.moments.map(({ step }) => timelineFiles.strip(step))];
  const strips = await Promise.all(names.map((name) => readStrip(join(dir, name), index.cell)));
  return strips.flatMap((strip) => (strip ? [strip.firstRow()] : []));
}

/** The first rejects of a dataset, and how many there are. */
async function rejectsOf(file: string): Promise<ReportData['rejects']> {
  const first: { file: string; reason: string }[] = [];
  let total = 0;
  if (!(await isThere(file))) return { total, first };
  for await (const line of readLines(file)) {
    total += 1;
    if (first.length >= 50 || !('text' in line)) continue;
    const { file: name, reason } = asObject(line.text);
    first.push({ file: String(name ?? `line ${line.number}`), reason: String(reason ?? 'unreadable line') });
  }
  return { total, first };
}

function asObject(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}
