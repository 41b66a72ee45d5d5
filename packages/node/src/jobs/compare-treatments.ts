import { join } from 'node:path';
import {
  createTraining,
  type Dataset,
  type ImageRefiner,
  type Sample,
  SimganError,
  train,
  trainedRefiner,
} from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import type { LabelPreservation, UseScore } from '@simgan/core/evaluation';
import { totalSteps } from '@simgan/core/training';
import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { climb, type RungReport, recommendation } from '../ladder/climb.ts';
import {
  type Judging,
  quickJudging,
  rungJudge,
  taskToJudge,
  thoroughJudging,
} from '../ladder/judge-rungs.ts';
import { rungMaker } from '../ladder/prepare-rung.ts';
import { type RungName, treatText } from '../ladder/rungs.ts';
import { placedOnly, type Stack, treatedBy } from '../ladder/stack.ts';
import { defaults } from '../runs/defaults.ts';
import type { JobOptions } from '../runs/events.ts';
import {
  choosePlugin,
  type EngineChoiceOptions,
  type Job,
  type PluginChoiceOptions,
  startEngine,
  startJob,
} from '../runs/job.ts';
import {
  chooseRecipe,
  openTrainingSources,
  type PreparedTraining,
  prepareTraining,
  type TrainingChoiceOptions,
} from '../runs/prepare-training.ts';
import { startRendering } from '../runs/rendering.ts';
import { type Looks, measureLooks } from './looks.ts';
import { lookAt, measureLabelShift, writePreview } from './report.ts';

/** Options for {@link compareTreatments}. */
export interface CompareOptions
  extends JobOptions,
    PluginChoiceOptions,
    EngineChoiceOptions,
    TrainingChoiceOptions {
  /** Judges on fewer pictures and shorter trainings, as `augment` does: minutes. Default: false. */
  readonly quick?: boolean | undefined;
  /** Networks that judge each set, at least 2. Default: 3; 2 with `quick`. */
  readonly repeats?: number | undefined;
  /** The folder for `comparison.json` and `comparison.png`. Default: the plugin's name with `-compared`. */
  readonly out?: string | undefined;
}

/** A rung, and what else is known of its pictures. */
export interface ComparedRung extends RungReport {
  /** `undefined` if it was skipped. */
  readonly looks: Looks | undefined;
  /** How far labels moved against the pixels; `undefined` if it was skipped, or the plugin has no probe. */
  readonly labels: LabelPreservation | undefined;
}

/** What can be done to synthetic pictures, and what it is worth. */
export interface Comparison {
  /** The pictures as they are. */
  readonly raw: { readonly use: UseScore | undefined; readonly looks: Looks };
  readonly rungs: readonly ComparedRung[];
  /** Other real pictures in the place of synthetic ones: the looks that perfect pictures would have. */
  readonly control: Looks;
  /** What is recommended, as `treat` takes it; `raw` is to leave the pictures as they are. */
  readonly treat: string;
  readonly reason: string;
  /** The whole path of the contact sheet: some pictures of every set. */
  readonly sheet: string;
  readonly seconds: number;
}

/**
 * Climbs the ladder of what can be done to synthetic pictures, from classic augmentation to trained refiners, and
 * judges each rung against the one below by what networks that learn from it answer on the real pictures, without any
 * label of these (see `judgeUse`). Looks and labels are measured beside it and decide nothing. Leaving the pictures as
 * they are is an answer.
 *
 * @throws SimganError INVALID_ARGUMENT if the use of these pictures cannot be judged; NOT_ENOUGH_DATA; the signal's
 * reason if it aborts.
 * @example
 * ```ts no-run
 * const { treat, reason } = await compareTreatments({ plugin: 'eyes', real: 'my-eye-photos' });
 * console.log(treat, reason);
 * ```
 */
export async function compareTreatments(options: CompareOptions): Promise<Comparison> {
  const started = performance.now();
  const job = startJob(options);
  const chosen = await choosePlugin(options, job);
  const { plugin } = chosen;
  const seed = options.seed ?? defaults.seed;
  const judging = judgingOf(options);
  const { recipe } = chooseRecipe(plugin, options);
  const disposals: (() => unknown)[] = [];
  try {
    const { engine, release } = await startEngine(options, job, { plugin, recipe });
    disposals.push(release);
    const rendering = startRendering(chosen, options.threads, job, options.renderer);
    disposals.push(() => rendering.close());
    const sources = await openTrainingSources(plugin, { ...options, count: 0 }, rendering, job);
    const task = await taskToJudge(plugin, sources);
    if (typeof task === 'string')
      throw new SimganError('INVALID_ARGUMENT', `${task} Name a treatment by hand instead.`);
    job.emit({ type: 'task', what: task.what, image: task.image });
    const dir = job.path(options.out ?? `${plugin.name}-compared`);
    await makeFolder(dir);

    const treated = new Map<string, Dataset<Sample<unknown>>>();
    const stacks = new Map<RungName, Stack>();
    let raw: UseScore | undefined;
    const means = { plugin, recipe, seed, job, engine, task, ...sources };
    const make = rungMaker({
      ...means,
      async train({ displacement, framing, match }) {
        const training = {
          ...options,
          ...(displacement !== undefined && { displacement }),
          ...(options.match === undefined && match && { match }),
        };
        const prepared = await prepareTraining(chosen, training, { ...sources, rendering }, job, framing);
        return trainInMemory(prepared, engine, job, disposals);
      },
    });
    const judges = rungJudge({
      ...means,
      judging,
      onTreated: (name, pictures) => treated.set(name, pictures),
    });
    const found = await climb({
      async prepare(name, standing) {
        const rung = await make(name, standing);
        if (rung.skipped === undefined) stacks.set(name, rung.stack);
        return rung;
      },
      async judge(standing, above) {
        const report = await judges.judge(standing, above);
        if (standing.names.length === 0) raw ??= report.raw;
        return report;
      },
      compare: judges.compare,
      onRung: ({ name, taken, reason }) => job.emit({ type: 'rung', name, taken, reason }),
    });

    const looks = await measureLooks(treated, sources.real.images, { plugin, recipe, engine, seed }, job);
    const before = treated.get('raw')!;
    const rungs: ComparedRung[] = [];
    for (const rung of found.rungs) {
      const pictures = rung.verdict && treated.get(rung.name);
      const stack = stacks.get(rung.name);
      const placed = pictures && stack && (await treatedBy(placedOnly(stack), lookAt(before)));
      rungs.push({
        ...rung,
        looks: pictures && looks[rung.name],
        labels:
          placed &&
          (await measureLabelShift(plugin, { ...sources.synthetic, samples: placed }, lookAt(pictures))),
      });
    }
    const sheet = join(dir, 'comparison.png');
    const rows = [...treated].map(([label, images]) => ({ label, images }));
    const goal = { label: sources.real.isStandIn ? 'stand-in camera' : 'real', images: sources.real.images };
    await writePreview(sheet, [...rows, goal], plugin);
    const comparison: Comparison = {
      raw: { use: raw, looks: looks.raw! },
      rungs,
      control: looks.control!,
      treat: treatText(found.stack.names),
      reason: recommendation(found),
      sheet,
      seconds: (performance.now() - started) / 1000,
    };
    await writeFileAtomic(join(dir, 'comparison.json'), `${JSON.stringify(comparison, undefined, 2)}\n`);
    return comparison;
  } finally {
    for (const dispose of disposals.toReversed()) await dispose();
  }
}

function judgingOf({ quick = false, repeats }: CompareOptions): Judging {
  const judging = quick ? quickJudging : thoroughJudging;
  return repeats === undefined ? judging : { ...judging, repeats };
}

/** Trains a refiner without a folder; it is disposed of with the job. */
async function trainInMemory(
  { plugin, recipe, seed, matcher, synthetic, real }: PreparedTraining,
  engine: Engine,
  job: Job,
  disposals: (() => unknown)[],
): Promise<ImageRefiner> {
  const training = await createTraining({
    ...{ plugin, recipe, seed, engine, matcher },
    synthetic: synthetic.training,
    real: real.images,
  });
  disposals.push(() => training.dispose());
  const update = job.progress('train', totalSteps(recipe));
  for await (const step of train(training, { signal: job.signal })) {
    job.emit({ type: 'step', ...step });
    update(step.step);
  }
  job.signal?.throwIfAborted();
  const refiner = trainedRefiner(training);
  disposals.push(() => refiner.dispose());
  return refiner;
}
