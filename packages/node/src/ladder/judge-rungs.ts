import { type Dataset, hasSize, type Plugin, type Sample, takeFrom } from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import { judgeUse, type UseReport, useVerdict } from '@simgan/core/evaluation';
import type { Job } from '../runs/job.ts';
import type { RealSource, SyntheticSource } from '../runs/sources.ts';
import type { RungName } from './rungs.ts';
import { type Stack, treatedBy } from './stack.ts';

/** How thoroughly rungs are judged. */
export interface Judging {
  /** Synthetic pictures that networks learn from, and real ones that they answer. */
  readonly pictures: number;
  readonly real: number;
  /** Most training steps of a network. */
  readonly steps: number;
  /** Networks of each set. */
  readonly repeats: number;
}

/** Minutes on two processor cores; differences of a point or two are not seen. */
export const quickJudging: Judging = { pictures: 800, real: 400, steps: 200, repeats: 2 };
/** As thorough as the judge was validated. */
export const thoroughJudging: Judging = {
  pictures: 2000,
  real: 1000,
  steps: Number.POSITIVE_INFINITY,
  repeats: 3,
};

/** Fewer pictures of either set than this are not judged by. */
const FEWEST = 20;

/** What judging needs. */
export interface JudgeMeans {
  readonly plugin: Plugin;
  readonly synthetic: SyntheticSource;
  readonly real: RealSource;
  readonly engine: Engine;
  readonly seed: number;
  readonly judging: Judging;
  readonly job: Job;
  /** Called with the pictures of every stack that is judged; `raw` is what stands. */
  readonly onTreated?: (name: RungName | 'raw', pictures: Dataset<Sample<unknown>>) => void;
}

/** Why the use of these pictures cannot be judged, as a sentence; `undefined` if it can. */
export function whyNotJudged({
  plugin,
  synthetic,
  real,
}: Pick<JudgeMeans, 'plugin' | 'synthetic' | 'real'>): string | undefined {
  const { estimator, name, image } = plugin;
  if (!estimator?.answer) {
    return `The plugin ${name} has no estimator whose answers can be compared, so the use of its pictures cannot be judged.`;
  }
  if (!hasSize(image)) return 'The pictures have no common size, so their use cannot be judged.';
  if (synthetic.annotations === 'foreign') {
    return `The annotations are not those of the plugin ${name}, so the use of the pictures cannot be judged.`;
  }
  const fewest = Math.min(synthetic.training.length, real.images.length);
  if (fewest >= FEWEST) return undefined;
  return `There are too few pictures to judge their use by: at least ${FEWEST} of each set are needed, and 1,000 are better.`;
}

/** Judges stacks against the one that stands, and tells how far it is. */
export function rungJudge(means: JudgeMeans) {
  const { plugin, synthetic, real, engine, seed, judging, job } = means;
  const estimator = plugin.estimator!;
  const image = plugin.image;
  if (!hasSize(image)) throw new RangeError('Pictures of one size are judged.');
  const samples = takeFrom(synthetic.training, judging.pictures);
  const steps = Math.min(estimator.recipe.steps, judging.steps);
  // How much the scores of one set differ: as measured with what was judged last.
  let noise = 0;
  return {
    compare: (score: Parameters<typeof useVerdict>[0], below: Parameters<typeof useVerdict>[1]) =>
      useVerdict(score, below, { kind: estimator.answer!.kind, noise }),
    async judge(standing: Stack, above: ReadonlyMap<RungName, Stack>): Promise<UseReport> {
      const treatments: Record<string, Dataset<Sample<unknown>>> = {};
      for (const [name, stack] of above) {
        treatments[name] = await treatedBy(stack, samples);
        means.onTreated?.(name, treatments[name]);
      }
      const raw = await treatedBy(standing, samples);
      if (standing.names.length === 0) means.onTreated?.('raw', raw);
      let update: ((done: number, detail?: string) => void) | undefined;
      const report = await judgeUse({
        estimator,
        image,
        engine,
        seed,
        raw,
        treatments,
        real: takeFrom(real.images, judging.real),
        repeats: judging.repeats,
        steps,
        ...(job.signal && { signal: job.signal }),
        onProgress({ set, network, networks, step, steps }) {
          update ??= job.progress('judge', networks);
          update(network + (step === steps ? 1 : 0), `${set}, step ${step}/${steps}`);
        },
      });
      noise = report.noise;
      return report;
    },
  };
}
