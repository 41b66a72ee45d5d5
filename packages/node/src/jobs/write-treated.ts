import { join } from 'node:path';
import { prefetch, type Sample, SimganError, selectItems } from '@simgan/core';
import type { PseudoLabeled } from '@simgan/core/evaluation';
import { formatMatch } from '@simgan/core/matching';
import { withoutDamaged } from '../datasets/damaged-pictures.ts';
import { writeDataset } from '../datasets/write-dataset.ts';
import { beginCopies } from '../formats/dataset-copies.ts';
import type { Decision } from '../ladder/decision.ts';
import { applyStack, placedOnly, type Stack, treatedBy } from '../ladder/stack.ts';
import { checkLabelsMove } from '../runs/check-labels-move.ts';
import type { ChosenPlugin, Job } from '../runs/job.ts';
import { meterFor } from '../runs/label-shift.ts';
import { augmentFiles } from '../runs/run-folder.ts';
import type { RealSource, SyntheticSource } from '../runs/sources.ts';
import { endOf, type PlacedShard } from '../shards/shard.ts';
import { writeShard } from '../shards/write-shard.ts';
import type { AugmentOptions, AugmentResult } from './augment-options.ts';
import { createLabelGuard, type LabelGuard } from './label-guard.ts';

/** What is written, and what is said of it. */
export interface WrittenParts {
  readonly stack: Stack;
  readonly decision: Decision;
  /** Where the refiner comes from and its recipe, for the provenance; only with one. */
  readonly origin?: string;
  readonly recipeName?: string;
  readonly synthetic: SyntheticSource;
  readonly real: Pick<RealSource, 'origin' | 'rejects'> | undefined;
  /** Real pictures with labels that networks gave them, written after all samples. */
  readonly labeled?: PseudoLabeled<unknown>;
}

/** How it is written. */
export interface Writing {
  readonly chosen: ChosenPlugin;
  readonly seed: number;
  readonly options: AugmentOptions;
  /** Pictures to ask for in advance. */
  readonly ahead: number;
  /** Of all samples these only. */
  readonly shard?: PlacedShard;
}

/** Writes the samples that are not written yet, or those of one shard. */
export async function writeTreated(
  dir: string,
  { stack, origin, synthetic, real, recipeName, decision, labeled }: WrittenParts,
  { chosen, seed, options, ahead, shard }: Writing,
  job: Job,
): Promise<Pick<AugmentResult, 'count' | 'resumed' | 'formats'> & { readonly dropped: ReadonlySet<string> }> {
  const { samples } = synthetic;
  const { matcher, network } = stack.refiner ?? {};
  if (network?.warping) await checkLabelsMove(synthetic);
  const [start, end] = shard ? [shard.start, endOf(shard)] : [0, samples.length];
  const total = end - start;
  const all = total + (labeled?.samples.length ?? 0);
  const update = job.progress('refine', all);
  const guard = openGuard(options, { stack, synthetic, chosen });
  const unwritten = (isWritten: (id: string) => boolean) => {
    const indices = Array.from({ length: total }, (_, n) => start + n);
    const left = indices.filter((index) => !isWritten(samples.id(index)));
    if (left.length < total) {
      job.emit({ type: 'resume', phase: 'refine', done: total - left.length, total: all });
    }
    const treated = applyStack(stack, prefetch(selectItems(samples, left), ahead));
    return withLabeled(
      withoutDamaged(guard ? guard.guard(treated) : treated, synthetic, shard !== undefined),
      labeled,
    );
  };
  const ofInputs = () => [
    ...synthetic.rejects.map((reject) => ({ ...reject, of: 'synthetic' })),
    ...(real?.rejects ?? []).map((reject) => ({ ...reject, of: 'real' })),
  ];
  const writing = {
    plugin: chosen.plugin,
    annotations: synthetic.annotations,
    labelGeometry: synthetic.labelGeometry,
    provenance: {
      made: stack.refiner ? 'refined' : 'treated',
      plugin: chosen.reference,
      treatment: decision.treat,
      because: decision.reason,
      ...(recipeName !== undefined && { recipe: recipeName }),
      match: formatMatch(matcher?.corrections ?? []),
      synthetic: synthetic.origin,
      ...(options.labels && { labels: options.labels }),
      ...(options.valueRange && { valueRange: [...options.valueRange] }),
      real: real?.origin ?? 'none',
      ...(origin !== undefined && { refiner: origin }),
      seed,
    },
    sampleProvenance: ({ id, displacement }: Sample<unknown>) => {
      const confidence = labeled?.confidence.get(id);
      if (confidence !== undefined) return { made: 'pseudo-labeled', confidence };
      const reference = matcher?.referenceOf(id);
      return {
        ...(reference !== undefined && { matchedTo: reference }),
        ...(displacement && { displacement: { ...displacement } }),
        ...guard?.provenanceOf(id),
      };
    },
    onProgress: (done: number) => update(done),
    signal: job.signal,
  };
  if (!shard) {
    const existing = options.existing === 'resume' ? 'resume' : 'refuse';
    const dataset = join(dir, augmentFiles.dataset);
    const { plugin } = chosen;
    const schema = synthetic.annotations === 'plugin' ? plugin.annotation : undefined;
    const about = { schema, name: plugin.name, provenance: writing.provenance, out: dir };
    const copies = await beginCopies(dataset, { ...options, ...about });
    try {
      // What the guard drops, and what is damaged, is only known when all is written.
      const rejects = () => [...ofInputs(), ...(guard?.rejects ?? [])];
      const written = await writeDataset(dataset, unwritten, {
        ...writing,
        rejects,
        existing,
        onLine: copies.add,
      });
      return { ...written, dropped: guard?.dropped ?? new Set(), formats: await copies.finish(rejects()) };
    } finally {
      await copies.close();
    }
  }
  const written = await writeShard(dir, shard, unwritten, {
    ...writing,
    rejects: () => ofInputs(),
    existing: options.existing,
    pluginOptions: chosen.options,
    rendererParameters: options.renderer?.parameters,
    onWait: (message) => job.emit({ type: 'warning', message }),
  });
  return { ...written, dropped: new Set(), formats: [] };
}

/** Samples, then real pictures with labels that networks gave them. */
async function* withLabeled(
  treated: AsyncIterable<Sample<unknown>>,
  labeled: PseudoLabeled<unknown> | undefined,
): AsyncGenerator<Sample<unknown>, void, void> {
  yield* treated;
  if (labeled) yield* labeled.samples;
}

/** The guard that the options ask for. @throws SimganError INVALID_ARGUMENT if nothing measures these labels. */
function openGuard(
  { maxLabelShift, movedLabels = 'flag' }: AugmentOptions,
  { stack, synthetic, chosen }: Pick<WrittenParts, 'stack' | 'synthetic'> & Pick<Writing, 'chosen'>,
): LabelGuard | undefined {
  if (maxLabelShift === undefined) return undefined;
  const meter = meterFor(chosen.plugin, synthetic);
  if (!meter) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `\`maxLabelShift\` needs labels that can be found in the pictures: the plugin ${chosen.plugin.name} has no probe, and the annotations of ${synthetic.origin} do not say where their labels are.`,
    );
  }
  const { samples } = synthetic;
  const places = new Map(Array.from({ length: samples.length }, (_, index) => [samples.id(index), index]));
  const original = async (id: string) => {
    const placed = await treatedBy(placedOnly(stack), selectItems(samples, [places.get(id)!]));
    return placed.at(0);
  };
  return createLabelGuard(meter, maxLabelShift, movedLabels === 'drop', original);
}
