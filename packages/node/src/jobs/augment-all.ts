import { join } from 'node:path';
import { trainedRefiner } from '@simgan/core';
import { certificateText } from '@simgan/core/evaluation';
import { checkCopies } from '../formats/dataset-copies.ts';
import { describeDataset } from '../formats/describe-dataset.ts';
import { trainsRefiner } from '../ladder/rungs.ts';
import { defaults } from '../runs/defaults.ts';
import type { JobEvent } from '../runs/events.ts';
import { choosePlugin, type PluginChoiceOptions, startEngine, startJob } from '../runs/job.ts';
import { withLabelsOf } from '../runs/labels-follow.ts';
import { buildRefiner, findTrained } from '../runs/open-refiner.ts';
import { chooseRecipe, openTrainingSources, prepareTraining } from '../runs/prepare-training.ts';
import { startRendering } from '../runs/rendering.ts';
import { augmentFiles, claimAugmentFolder } from '../runs/run-folder.ts';
import { openReal, openSynthetic } from '../runs/sources.ts';
import { trainInFolder } from '../runs/train-in-folder.ts';
import type { AugmentOptions, AugmentResult } from './augment-options.ts';
import { chooseTreatment } from './choose-treatment.ts';
import { labelAllReal } from './label-all-real.ts';
import { reportTreated } from './report-treated.ts';
import {
  givenRefiner,
  isCompared,
  measuredFor,
  originOfRefiner,
  refinerStack,
  withRunOf,
} from './trained-settings.ts';
import { writeTreated } from './write-treated.ts';

/** The whole job, for all samples. */
export async function augmentAll(options: AugmentOptions): Promise<AugmentResult> {
  const started = performance.now();
  const warnings: string[] = [];
  const onEvent = (event: JobEvent) => {
    if (event.type === 'warning') warnings.push(event.message);
    options.onEvent?.(event);
  };
  const job = startJob({ ...options, onEvent });
  const { existing = 'refuse' } = options;
  const trained =
    options.refiner === undefined ? undefined : await findTrained(options.refiner, options, job);
  const chosen = trained?.chosen ?? (await choosePlugin(options as PluginChoiceOptions, job));
  const { plugin } = chosen;
  const settings = trained ? await withRunOf(trained.stored.config, options, job) : options;
  const { recipe, name: recipeName } = chooseRecipe(plugin, settings);
  const seed = settings.seed ?? defaults.seed;
  const dir = job.path(options.out ?? `${plugin.name}-augmented`);
  await checkCopies(dir, options, existing);
  const claimed = await claimAugmentFolder(dir, existing, { trains: trained === undefined });
  const count = options.count ?? defaults.count;
  // What is to be given back at the end, the last first.
  const disposals: (() => unknown)[] = [claimed.release];
  let hasRun = false;
  let usedRecipe = recipeName;
  try {
    const { engine, release } = await startEngine(options, job, measuredFor(options, { plugin, recipe }));
    disposals.push(release);
    const rendering = startRendering(chosen, options.threads, job, options.renderer);
    disposals.push(() => rendering.close());

    const useTrained = async () => {
      const means = { seed, atLeast: 1, rendering };
      const synthetic = await openSynthetic(plugin, settings, { ...means, count }, job);
      const refiner = buildRefiner(
        trained!.origin,
        trained!.stored,
        withLabelsOf(plugin, synthetic),
        engine,
        {
          recipe: settings.recipe,
          seed,
        },
      );
      disposals.push(() => refiner.dispose());
      job.emit({ type: 'refiner', origin: options.refiner!, recipe: refiner.recipe });
      const real = isCompared(trained!, settings) ? await openReal(plugin, settings, means, job) : undefined;
      await claimed.clear();
      const origin = originOfRefiner(options.refiner!, refiner);
      const stack = refinerStack(refiner);
      return {
        stack,
        synthetic,
        real,
        decision: givenRefiner,
        origin,
        recipeName: refiner.recipe ?? 'custom',
      };
    };

    const decideHere = async () => {
      // Treatments that train nothing take any number of pictures.
      const atLeast = trainsRefiner(options.treat) ? {} : { atLeast: 1 };
      const sources = await openTrainingSources(plugin, { ...settings, count, ...atLeast }, rendering, job);
      await claimed.clear();
      const { stack, decision, task } = await chooseTreatment(dir, settings, {
        ...sources,
        ...{ plugin, recipe, seed, job, engine },
        async train({ displacement, framing, match }) {
          const training = {
            ...settings,
            ...(displacement !== undefined && { displacement }),
            ...(settings.match === undefined && match && { match }),
          };
          const prepared = await prepareTraining(chosen, training, { ...sources, rendering }, job, framing);
          hasRun = true;
          usedRecipe = prepared.config.recipe;
          const run = await trainInFolder(
            join(dir, augmentFiles.run),
            { ...prepared, engine, existing },
            job,
          );
          disposals.push(() => run.dispose());
          const refiner = trainedRefiner(run);
          disposals.push(() => refiner.dispose());
          return refiner;
        },
      });
      const labeled =
        stack.names.includes('pseudo-labeled') && typeof task !== 'string'
          ? await labelAllReal({ plugin, task, stack, ...sources, engine, seed }, job)
          : undefined;
      return {
        stack,
        decision,
        ...(labeled && { labeled }),
        ...sources,
        ...(stack.refiner && { origin: 'trained here', recipeName: usedRecipe }),
      };
    };

    const parts = trained ? await useTrained() : await decideHere();
    const written = await writeTreated(dir, parts, { chosen, seed, options, ahead: rendering.ahead }, job);
    const { dropped, ...counts } = written;
    const { maxLabelShift } = options;
    // A refiner that was judged no better is not what these samples come from.
    const run = hasRun && parts.stack.refiner ? join(dir, augmentFiles.run) : undefined;
    const report = await reportTreated(
      dir,
      { ...parts, recipe, warnings, dropped, maxLabelShift, run },
      { chosen, seed },
    );
    const { certificate } = report.verdict ?? {};
    await describeDataset(dir, {
      name: `${plugin.name}-augmented`,
      within: augmentFiles.dataset,
      certificate: certificate && certificateText(certificate),
    });
    return {
      dir,
      dataset: join(dir, augmentFiles.dataset),
      preview: join(dir, augmentFiles.preview),
      run,
      treatment: parts.decision,
      ...counts,
      pseudoLabeled: ('labeled' in parts && parts.labeled?.samples.length) || 0,
      rejects: parts.synthetic.rejects.length + (parts.real?.rejects.length ?? 0) + dropped.size,
      real: parts.real?.origin,
      seconds: (performance.now() - started) / 1000,
      ...report,
    };
  } finally {
    for (const dispose of disposals.toReversed()) await dispose();
  }
}
