import {
  createRng,
  type Dataset,
  joinDatasets,
  type Plugin,
  type RealImage,
  type Sample,
  spreadItems,
} from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import {
  broadVariation,
  judgeUse,
  type LabelOrigin,
  type TreatedSet,
  type UseNoise,
  type UseReport,
  useVerdict,
  type Variation,
  varyPictures,
} from '@simgan/core/evaluation';
import { randomize } from '@simgan/core/treating';
import type { Job } from '../runs/job.ts';
import { followProblem, withLabelsOf } from '../runs/labels-follow.ts';
import type { RealSource, SyntheticSource } from '../runs/sources.ts';
import { fitAll } from './common-form.ts';
import { findTask, type JudgedTask } from './judged-task.ts';
import { type Place, placementBy } from './placement.ts';
import { labelReal, partReal } from './pseudo-labeled.ts';
import type { RungName } from './rungs.ts';
import { type Stack, treatedFor, withoutRandomization } from './stack.ts';

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
  readonly task: JudgedTask;
  readonly synthetic: SyntheticSource;
  readonly real: RealSource;
  readonly engine: Engine;
  readonly seed: number;
  readonly judging: Judging;
  readonly job: Job;
  /** Called with the pictures of every stack that is judged; `raw` is what stands. */
  readonly onTreated?: (name: RungName | 'raw', pictures: Dataset<Sample<unknown>>) => void;
}

/** The task that pictures are judged by, or why they cannot be judged, as a sentence. */
export async function taskToJudge(
  plugin: Plugin,
  sources: { readonly synthetic: SyntheticSource; readonly real: Pick<RealSource, 'images'> },
): Promise<JudgedTask | string> {
  const task = await findTask(plugin, sources);
  const fewest = Math.min(sources.synthetic.training.length, sources.real.images.length);
  if (typeof task === 'string' || fewest >= FEWEST) return task;
  return `There are too few pictures to judge their use by: at least ${FEWEST} of each set are needed, and 1,000 are better.`;
}

/** Rungs whose labels go along by construction, whatever their pictures look like. */
const placing = ['framed', 'grounded'] as const satisfies RungName[];
/**
 * Before content has been seen on many grounds, networks read next to nothing there: each picture gets several, more
 * pictures are taken than is quick, and networks learn for longer.
 */
const GROUNDED = { grounds: 4, pictures: 2000, times: 8 } as const;
/**
 * Where content and labels stay, pictures only get harder to read; framing follows from pictures alone; networks read
 * the labels of real pictures.
 */
const labels: { readonly [Name in RungName]?: LabelOrigin } = {
  framed: 'carried',
  grounded: 'exact',
  'pseudo-labeled': 'guessed',
};

/**
 * What the network learns that reads all sets: light and shape that vary broadly, or, for every other picture, what the
 * rung of randomized pictures does to them; and every other picture placed where a rung that places content is tried.
 * These leave labels true by construction, so that what they do must be readable. `undefined`, for the judge's own,
 * where labels cannot follow.
 */
async function readingVariation(
  { plugin, synthetic, task, seed }: JudgeMeans,
  places: readonly Place[],
): Promise<Variation | undefined> {
  if ((await followProblem(synthetic)) !== undefined) return undefined;
  const { image } = task;
  const { annotation, randomization } = withLabelsOf(plugin, synthetic);
  const classic = randomize({ image, annotation }, { ...randomization, seed });
  const broad = varyPictures(image, task.estimator.answer!.kind, broadVariation);
  return (item, rng) => {
    const draw = rng.fork('reading');
    const { id } = item;
    const sample = { annotation: undefined, ...item };
    const isPlaced = places.length > 0 && draw.next() < 0.5;
    // Every copy of a picture is another one.
    const variant = `-${draw.int(2 ** 31)}`;
    const place = places[places.length > 1 ? draw.int(places.length) : 0];
    const placed = isPlaced ? place!(sample, variant) : sample;
    const copy = { ...placed, id: `${id}${variant}` };
    const varied = draw.next() < 0.5 ? broad(copy, rng) : classic.apply(copy);
    return { ...item, ...varied, id };
  };
}

/** Judges stacks against the one that stands, and tells how far it is. */
export function rungJudge(means: JudgeMeans) {
  const { task, synthetic, real, engine, seed, judging, job } = means;
  const { estimator, image } = task;
  const shortest = Math.min(estimator.recipe.steps, judging.steps);
  // How much the scores of one set differ: as measured with what was judged last.
  let noise: UseNoise = { score: 0, agreement: 0, stability: 0 };
  return {
    compare: (score: Parameters<typeof useVerdict>[0], below: Parameters<typeof useVerdict>[1]) =>
      useVerdict(score, below, { kind: estimator.answer!.kind, noise }),
    async judge(standing: Stack, above: ReadonlyMap<RungName, Stack>): Promise<UseReport> {
      const isGrounded = standing.grounds !== undefined || above.has('grounded');
      const steps = (isGrounded ? GROUNDED.times : 1) * shortest;
      const pictures = isGrounded ? Math.max(GROUNDED.pictures, judging.pictures) : judging.pictures;
      const samples = spreadItems(synthetic.training, pictures);
      const { judged: raw, shown } = await treatedFor(task, standing, samples);
      if (standing.names.length === 0) means.onTreated?.('raw', shown);
      // What stands is placed already, or that is tried: what is known to be true must be readable.
      const placements: { [name: string]: Place } = {};
      for (const name of placing) {
        const stack = above.get(name);
        if (stack) placements[name] = await placementBy(stack, samples, task);
      }
      const treatments: Record<string, TreatedSet<unknown>> = {};
      let answered: Dataset<RealImage> = spreadItems(real.images, judging.real);
      for (const [name, stack] of above) {
        if (name === 'pseudo-labeled') {
          const most = { judged: judging.real, labeled: judging.pictures };
          const parts = partReal(real.images, most, seed);
          answered = parts.judged;
          const steady = standing.randomization
            ? (await treatedFor(task, withoutRandomization(standing), samples)).judged
            : raw;
          // Networks that learned from the same guesses would agree on them, right or wrong.
          treatments[name] = async (repeat) => {
            const own = createRng(seed).fork(name).fork(repeat);
            const { signal } = job;
            const labeling = {
              ...{ plugin: means.plugin, task, engine, steps: shortest },
              ...{ real: parts.labeled, seed: own.int(2 ** 31), signal },
            };
            const labeled = await labelReal({ ...labeling, samples: steady });
            return joinDatasets(raw, fitAll(task, labeled.samples));
          };
          continue;
        }
        const times = name === 'grounded' ? GROUNDED.grounds : 1;
        const treated = await treatedFor(task, stack, samples, times);
        treatments[name] = treated.judged;
        means.onTreated?.(name, treated.shown);
      }
      const varied = await readingVariation(means, Object.values(placements));
      let update: ((done: number, detail?: string) => void) | undefined;
      const report = await judgeUse({
        estimator,
        image,
        engine,
        seed,
        raw,
        treatments,
        real: fitAll(task, answered),
        repeats: judging.repeats,
        steps,
        ...(varied && { randomize: varied }),
        placements,
        labels,
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
