import { join } from 'node:path';
import { type Dataset, halve, type RealImage, type SizedForm } from '@simgan/core';
import { contrastByGroup, diagnose, type Finding } from '@simgan/core/evaluation';
import type { MatchPlan, MatchSetting } from '@simgan/core/matching';
import {
  measureKernelDistances,
  measurePhotometry,
  measureStatistics,
  type Photometry,
  statisticsDistance,
} from '@simgan/core/measures';
import { cropsOf, trainingForm } from '@simgan/core/training';
import { planFraming, planGrounds } from '@simgan/core/treating';
import { makeFolder } from '../files/atomic-file.ts';
import { setsInOneForm } from '../ladder/common-form.ts';
import { warnOfCopies } from '../runs/check-real.ts';
import { defaults } from '../runs/defaults.ts';
import type { JobOptions } from '../runs/events.ts';
import { choosePlugin, type PluginChoiceOptions, startJob } from '../runs/job.ts';
import { openMatching } from '../runs/matching.ts';
import { chooseRecipe } from '../runs/prepare-training.ts';
import { startRendering } from '../runs/rendering.ts';
import { openReal, openSynthetic, type SourceOptions } from '../runs/sources.ts';
import { lookAt, writePreview } from './report.ts';

/** Options for {@link inspectSets}. */
export interface InspectOptions extends JobOptions, PluginChoiceOptions, SourceOptions {
  /** Corrections of light to try. Default: `auto`, those that the sets suggest. */
  readonly match?: MatchSetting | undefined;
  /** How many pictures of each set to look at. Default: 400. */
  readonly count?: number | undefined;
  /** Default: 1. */
  readonly seed?: number | undefined;
  /** Threads that render. Default: as many as there are processors. */
  readonly threads?: number | undefined;
  /** A folder for `preview.png`. Default: none is drawn. */
  readonly out?: string | undefined;
}

/** Distances of a set to the real one. */
export interface RealDistance {
  readonly intensity: number;
  readonly gradient: number;
  /** On hand-made features, in the manner of KID. */
  readonly kernel: number;
}

/** What stands between two sets. */
export interface Inspection {
  readonly photometry: Readonly<Record<'synthetic' | 'matched' | 'real', Photometry>>;
  /** By set; `real` is one half of the real pictures from the other: what a perfect set would get. */
  readonly distances: Readonly<Record<'synthetic' | 'matched' | 'real', RealDistance>>;
  readonly plan: MatchPlan;
  /** The corrections in one line, as `match` takes it. */
  readonly match: string;
  /** The gravest first. */
  readonly findings: readonly Finding[];
  /** Inputs that cannot be used. */
  readonly rejects: number;
  /** The whole path of the preview, if one was drawn. */
  readonly preview: string | undefined;
}

/**
 * Compares synthetic and real pictures before anyone trains: what differs, and where that can come from (the camera, the
 * light, the framing, the content, another kind of sensor, the sets themselves), with advice for each; the corrections
 * of light are tried and the sets compared again.
 *
 * @example
 * ```ts no-run
 * const { findings } = await inspectSets({ plugin: 'eyes', real: 'my-eye-photos' });
 * for (const { finding, advice } of findings) console.log(finding, advice);
 * ```
 */
export async function inspectSets(options: InspectOptions): Promise<Inspection> {
  const { match = 'auto', count = defaults.inspected, seed = defaults.seed } = options;
  const job = startJob(options);
  const chosen = await choosePlugin(options, job);
  const { plugin } = chosen;
  const { recipe } = chooseRecipe(plugin, {});
  const form = trainingForm(plugin.image, recipe);
  const rendering = startRendering(chosen, options.threads, job);
  try {
    const means = { seed, atLeast: 1, rendering };
    const source = await openSynthetic(plugin, options, { ...means, count }, job);
    const camera = await openReal(plugin, options, means, job);
    await warnOfCopies({ synthetic: source, real: camera }, job);
    // The same pictures that training would decide on, so that it decides the same.
    const pictures = { synthetic: source.training, real: camera.images, plugin, recipe, seed };
    const { plan, text, matcher } = await openMatching(match, pictures, job);
    const synthetic = lookAt(cropsOf(source.samples, form, seed), count);
    const sets = {
      synthetic,
      matched: lookAt(matcher.match(synthetic), count),
      real: lookAt(cropsOf(camera.images, form, seed), count),
    };
    const photometry = {
      synthetic: await measurePhotometry(sets.synthetic, form),
      matched: await measurePhotometry(sets.matched, form),
      real: await measurePhotometry(sets.real, form),
    };
    // Of a few pictures that are looked at one must still know how many there are.
    const real = { ...photometry.real, length: camera.images.length };
    const distances = await measureDistances(sets, { form, seed });
    const answer = source.annotations === 'plugin' ? plugin.estimator?.answer : undefined;
    const whole = await setsInOneForm(plugin.image, { synthetic: source.samples, real: camera.images });
    const measured = {
      ...whole,
      synthetic: lookAt(whole.synthetic, count),
      real: lookAt(whole.real, count),
    };
    const context = {
      framing: await planFraming(measured),
      grounds: await planGrounds(measured),
      ...(answer && { contrasts: await contrastByGroup(synthetic, sets.real, { image: form, answer }) }),
    };
    let preview: string | undefined;
    if (options.out !== undefined) {
      const dir = job.path(options.out);
      await makeFolder(dir);
      preview = join(dir, 'preview.png');
      const rows = Object.entries(sets).map(([label, images]) => ({ label, images }));
      await writePreview(preview, rows, plugin);
    }
    return {
      photometry: { ...photometry, real },
      distances,
      plan,
      match: text,
      findings: diagnose(photometry.synthetic, real, context),
      rejects: source.rejects.length + camera.rejects.length,
      preview,
    };
  } finally {
    await rendering.close();
  }
}

async function measureDistances(
  sets: Readonly<Record<'synthetic' | 'matched' | 'real', Dataset<RealImage>>>,
  { form, seed }: { form: SizedForm; seed: number },
): Promise<Inspection['distances']> {
  const limit = 300;
  const { synthetic, matched, real } = sets;
  const kernels = await measureKernelDistances({ synthetic, matched }, real, { image: form, seed, limit });
  const [half, goal] = await Promise.all(
    halve(real, seed).map((part) => measureStatistics(part, form, limit)),
  );
  const distanceOf = async (set: Dataset<RealImage>, kernel: number): Promise<RealDistance> => ({
    ...statisticsDistance(await measureStatistics(set, form, limit), goal!),
    kernel,
  });
  return {
    synthetic: await distanceOf(synthetic, kernels.sets.synthetic!),
    matched: await distanceOf(matched, kernels.sets.matched!),
    real: { ...statisticsDistance(half!, goal!), kernel: kernels.control },
  };
}
