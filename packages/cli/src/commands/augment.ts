import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Dataset, MatchSetting, Plugin, Sample } from '@simgan/core';
import { type Context, defineCommand } from '../command.ts';
import { common, regularization, sources } from '../common-options.ts';
import { Interrupted, UsageError } from '../errors.ts';
import { parseMatch } from '../match-text.ts';
import { augmentCommand } from '../next-command.ts';
import type { Training } from '../open-training.ts';
import { excluding, folder, type OptionValues, text, whole } from '../options.ts';
import { augmentFiles, claimAugmentFolder, type RunConfig } from '../run-folder.ts';

const options = {
  ...common,
  count: excluding(whole('How many samples the simulator makes', { least: 1, otherwise: 1000 }), {
    synthetic: 'all pictures of that folder are refined',
  }),
  ...sources,
  ...regularization,
  refiner: excluding(text('RUN|FILE|URL', 'A trained refiner in place of training one'), {
    steps: 'nothing is trained',
    'batch-size': 'nothing is trained',
    features: 'nothing is trained',
  }),
  out: folder("Where to write [the plugin's name with -augmented]"),
};

/** Pictures that are refined at once; a resumed run forms the same batches, so that it makes the same bytes. */
const BATCH = 32;

export const augment = defineCommand({
  name: 'augment',
  summary: 'the whole job: simulate, train, refine, write a dataset',
  description: [
    'Trains a refiner that makes synthetic pictures look like the real ones, refines the synthetic',
    'pictures with it and writes them with their annotations, untouched: DIR/dataset (images,',
    'metadata.jsonl, rejects.jsonl, dataset.json), DIR/preview.png (synthetic, refined and real pictures',
    'in rows), DIR/run (the refiner, the log, checkpoints). Ctrl-C stops; --resume goes on.',
  ].join('\n'),
  examples: [
    'simgan-cli augment --plugin eyes --out eyes-out',
    'simgan-cli augment --plugin eyes --real my-eyes --count 10000',
    'simgan-cli augment --plugin eyes --plugin-option color=true --synthetic renders --real photos',
    'simgan-cli augment --plugin eyes --refiner runs/eyes --count 100000',
  ],
  options,
  async run(values, context) {
    const { output, cwd, signal } = context;
    const [{ refine }, { writeDataset }] = await Promise.all([
      import('@simgan/core'),
      import('@simgan/core/node'),
    ]);
    const { openTraining, recipeOf } = await import('../open-training.ts');
    const { loadPlugin } = await import('../plugins.ts');
    const { startRendering } = await import('../rendering.ts');
    const { startEngine } = await import('../setup.ts');
    const { findRefiner, loadRefiner } = await import('../trained-refiner.ts');
    const { trainInFolder } = await import('../training-run.ts');
    const started = performance.now();

    const trained = values.refiner === undefined ? undefined : await findRefiner(values.refiner, cwd);
    const settings = trained?.config ? withOptionsOf(trained.config, values, context) : values;
    const plugin = await loadPlugin(settings.plugin, settings['plugin-option'], cwd);
    const { image } = plugin;
    const { seed } = settings;
    const { name: recipeName, recipe } = recipeOf(plugin, settings);
    const out = values.out ?? `${plugin.name}-augmented`;
    const claimed = await claimAugmentFolder(resolve(cwd, out), values);
    const { dir } = claimed;
    const engine = await startEngine(values, context);
    const rendering = startRendering(plugin, settings, context);
    try {
      const loaded = trained && (await loadRefiner(trained, { plugin, recipe, engine, seed }, context));
      if (loaded) output.note(`refiner   ${values.refiner} (recipe ${recipeName})`);
      const isTrained = loaded !== undefined;
      const training = await openTraining(plugin, { ...settings, rendering, isTrained }, context);
      const { config, sources, samples } = training;
      await claimed.clear();
      const run = { dir: join(dir, augmentFiles.run), ...training, engine, resume: values.resume };
      const state = loaded ? undefined : await trainInFolder(run, context);
      const refiner = loaded ?? state!.averagedRefiner;

      const progress = output.progress('refine', samples.length);
      const unwritten = (isWritten: (id: string) => boolean) =>
        refine(batchesToDo(samples, isWritten), { refiner, image, engine, seed, batchSize: BATCH });
      const { count, resumed } = await writeDataset(join(dir, augmentFiles.dataset), unwritten, {
        plugin,
        annotations: sources.synthetic.annotations,
        provenance: {
          made: 'refined',
          plugin: config.plugin,
          recipe: config.recipe,
          match: training.matching.text,
          synthetic: sources.synthetic.origin,
          real: sources.real.origin,
          refiner: values.refiner ?? 'trained here',
          seed,
        },
        sampleProvenance: ({ id }) => {
          const reference = training.matching.matcher.referenceOf(id);
          return reference === undefined ? {} : { matchedTo: reference };
        },
        rejects: [
          ...sources.synthetic.rejects.map((reject) => ({ ...reject, of: 'synthetic' })),
          ...sources.real.rejects.map((reject) => ({ ...reject, of: 'real' })),
        ],
        existing: values.resume ? 'resume' : 'refuse',
        onProgress: (written) => progress.update(written),
        signal,
      }).catch((error: unknown) => {
        progress.end();
        if (!signal.aborted) throw error;
        throw new Interrupted(
          'Stopped while refining; what is written is safe. Go on with the same command and --resume.',
        );
      });
      progress.end();
      if (resumed > 0) output.note(`resume    ${resumed} of ${count} refined samples were there already`);
      if (state) state.dispose();
      else refiner.dispose();

      const { lines, figures } = await summarize(dir, plugin, training);
      const seconds = (performance.now() - started) / 1000;
      const rejects = sources.synthetic.rejects.length + sources.real.rejects.length;
      output.result(
        [
          ...lines,
          '',
          `${count} refined samples in ${join(out, augmentFiles.dataset)}${rejects > 0 ? `; ${rejects} inputs rejected, see rejects.jsonl there` : ''}`,
          `Look at ${join(out, augmentFiles.preview)}`,
          nextStep(values, out, sources.real.isStandIn),
        ],
        { out, count, rejects, seconds, ...figures },
      );
    } finally {
      await rendering.close();
      await engine.dispose();
    }
  },
});

/** Draws `preview.png` and says how far the sets are from the real one, and how far labels moved. */
async function summarize(
  dir: string,
  plugin: Plugin,
  { sources, samples, real }: Training,
): Promise<{ lines: string[]; figures: Record<string, unknown> }> {
  const { mapDataset } = await import('@simgan/core');
  const { fileNameOf, readPicture } = await import('@simgan/core/node');
  const { measureLabelShift } = await import('../label-shift.ts');
  const { compareWithReal, writePreview } = await import('../preview.ts');
  const { image } = plugin;
  const synthetic = sources.synthetic.samples;
  // Read when asked for: of a large dataset only a part is looked at.
  const refined = mapDataset(synthetic, async ({ id }) => {
    const picture = await readPicture(join(dir, augmentFiles.dataset, fileNameOf(id)), image);
    return { id, image: picture.image };
  });
  const rows = [
    { label: 'synthetic', images: synthetic },
    ...(samples === synthetic ? [] : [{ label: 'matched', images: samples }]),
    { label: 'refined', images: refined },
  ];
  const goal = { label: sources.real.isStandIn ? 'stand-in camera' : 'real', images: real };
  await writePreview(dir, [...rows, goal], plugin);
  const { lines, figures } = await compareWithReal(rows, real, image);
  const shift = await measureLabelShift(plugin, sources.synthetic, refined);
  return {
    // The plugin's first quantity; evaluate shows all.
    lines: [...lines, ...(shift?.lines.slice(0, 1) ?? [])],
    figures: { distances: figures, labels: shift?.figures },
  };
}

function nextStep(values: OptionValues<typeof options>, out: string, isStandIn: boolean): string {
  const { plugin } = values;
  if (values.refiner !== undefined) {
    return values.synthetic === undefined
      ? 'Next: more of them: the same command with a larger --count and --resume'
      : `Next: other pictures with the same refiner: ${augmentCommand({ plugin }, { refiner: values.refiner, synthetic: 'DIR' })}`;
  }
  return isStandIn
    ? `Next: your own pictures: ${augmentCommand(values, { real: 'YOUR_PICTURES' })}`
    : `Next: more samples of the same refiner: ${augmentCommand({ plugin }, { refiner: join(out, augmentFiles.run), count: '10000' })}`;
}

/** The samples of the batches of which not all are written: in one that is half written all are refined again. */
async function* batchesToDo(
  samples: Dataset<Sample<unknown>>,
  isWritten: (id: string) => boolean,
): AsyncGenerator<Sample<unknown>> {
  const { createDataset, readAhead } = await import('@simgan/core');
  const batches = createDataset(Math.ceil(samples.length / BATCH), (number) => {
    const length = Math.min(BATCH, samples.length - number * BATCH);
    return Promise.all(Array.from({ length }, (_, i) => samples.at(number * BATCH + i)));
  });
  for await (const batch of readAhead(batches, 1)) {
    if (!batch.every(({ id }) => isWritten(id))) yield* batch;
  }
}

/** What the user left open is as it was in the run that trained the refiner. */
function withOptionsOf(
  run: RunConfig,
  values: OptionValues<typeof options>,
  { output }: Context,
): OptionValues<typeof options> {
  const match =
    values.match ??
    (run.corrections === undefined ? (run.numbers.match as MatchSetting) : parseMatch(run.corrections));
  let real = values.real ?? (run.real === 'stand-in' ? undefined : run.real);
  if (values.real === undefined && real !== undefined && !existsSync(real)) {
    const gone = `The refiner was trained on the real pictures in ${real}, which is not there`;
    if (takesHistograms(match)) {
      throw new UsageError([
        `${gone}; their histograms are needed. Pass real pictures with --real DIR, or --match none.`,
      ]);
    }
    output.warn(`${gone}.`);
    real = undefined;
  }
  return {
    ...values,
    'plugin-option': { ...run.pluginOptions, ...values['plugin-option'] },
    recipe: values.recipe ?? run.recipe,
    match,
    real,
    'real-format':
      values['real-format'] ?? (values.real === undefined && real !== undefined ? run.realFormat : undefined),
  };
}

/** Whether real pictures are needed to correct light as it was corrected before. */
function takesHistograms(match: MatchSetting | undefined): boolean {
  if (typeof match === 'string') return match === 'histogram' || match === 'auto';
  return match?.some(({ correction }) => correction === 'histogram') ?? false;
}
