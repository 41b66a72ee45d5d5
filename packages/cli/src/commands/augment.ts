import { join, resolve } from 'node:path';
import type { MatchKind, Refiner } from '@simgan/core';
import { type Context, defineCommand } from '../command.ts';
import { common } from '../common-options.ts';
import { Interrupted } from '../errors.ts';
import type { Training } from '../open-training.ts';
import { choice, type OptionValues, text, whole } from '../options.ts';
import { augmentFiles, claimFolder, type RunConfig, readRunConfig, runFiles } from '../run-folder.ts';

const options = {
  ...common,
  count: whole('How many samples the simulator makes', { least: 1, otherwise: 1000 }),
  synthetic: text(
    'DIR',
    "Synthetic pictures in place of the plugin's simulator; labels from a metadata.jsonl in it",
  ),
  real: text('DIR', 'Real pictures; without them a simulated stand-in camera plays the real one'),
  refiner: text('RUN|FILE|URL', 'A trained refiner in place of training one'),
  match: choice(['histogram', 'none'], "In place of the recipe's photometric matching", undefined),
  out: text('DIR', "Where to write [the plugin's name with -augmented]"),
};

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
    const out = values.out ?? `${values.plugin.replace(/[^\w-]/g, '_')}-augmented`;
    const dir = resolve(cwd, out);
    await claimFolder(dir, augmentFiles, values);

    const [{ refine, rememberItems }, { readDataset, writeDataset }] = await Promise.all([
      import('@simgan/core'),
      import('@simgan/core/node'),
    ]);
    const { openTraining } = await import('../open-training.ts');
    const { compareWithReal, writePreview } = await import('../preview.ts');
    const started = performance.now();

    const trained =
      values.refiner === undefined ? undefined : await readRunConfig(resolve(cwd, values.refiner));
    const training = await openTraining(trained ? withOptionsOf(trained, values) : values, context);
    const { plugin, recipe, config, engine, seed, sources, samples, real } = training;
    try {
      const refiner = await obtainRefiner(dir, values, training, context);
      const progress = output.progress('refine', samples.length);
      const image = plugin.image;
      const refined = refine(samples, { refiner: refiner.network, image, engine, seed });
      const { count } = await writeDataset(join(dir, augmentFiles.dataset), refined, {
        plugin,
        annotations: sources.synthetic.annotations,
        provenance: {
          made: 'refined',
          plugin: config.plugin,
          recipe: config.recipe,
          match: recipe.match ?? 'none',
          synthetic: sources.synthetic.origin,
          real: sources.real.origin,
          refiner: values.refiner ?? 'trained here',
          seed,
        },
        rejects: [
          ...sources.synthetic.rejects.map((reject) => ({ ...reject, of: 'synthetic' })),
          ...sources.real.rejects.map((reject) => ({ ...reject, of: 'real' })),
        ],
        existing: values.resume ? 'resume' : 'refuse',
        onProgress: (written) => progress.update(written),
        signal,
      }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        progress.end();
        throw new Interrupted(
          'Stopped while refining; what is written is safe. Go on with the same command and --resume.',
        );
      });
      progress.end();
      refiner.dispose();

      const written = await readDataset(join(dir, augmentFiles.dataset), plugin);
      const rows = [
        { label: 'synthetic', images: sources.synthetic.samples },
        ...(samples === sources.synthetic.samples
          ? []
          : [
              {
                label: 'matched',
                images: rememberItems(samples, { budget: 2 ** 28, sizeOf: ({ image }) => image.byteLength }),
              },
            ]),
        { label: 'refined', images: written.samples },
      ];
      await writePreview(
        dir,
        [...rows, { label: sources.real.isStandIn ? 'stand-in camera' : 'real', images: real }],
        image,
      );
      const { lines, figures } = await compareWithReal(rows, real, image);
      const seconds = (performance.now() - started) / 1000;
      const rejects = sources.synthetic.rejects.length + sources.real.rejects.length;
      output.result(
        [
          ...lines,
          '',
          `${count} refined samples in ${join(out, augmentFiles.dataset)}${rejects > 0 ? `; ${rejects} inputs rejected, see rejects.jsonl there` : ''}`,
          `Look at ${join(out, augmentFiles.preview)}`,
          sources.real.isStandIn
            ? `Next: your own pictures: simgan-cli augment --plugin ${values.plugin} --real YOUR_PICTURES`
            : `Next: more samples of the same refiner: simgan-cli augment --plugin ${values.plugin} --refiner ${join(out, augmentFiles.run)} --count 10000`,
        ],
        { out, count, rejects, seconds, distances: figures },
      );
    } finally {
      await engine.dispose();
    }
  },
});

/** What the user left open is as it was in the run that trained the refiner. */
function withOptionsOf(run: RunConfig, values: OptionValues<typeof options>): OptionValues<typeof options> {
  return {
    ...values,
    'plugin-option': { ...run.pluginOptions, ...values['plugin-option'] },
    recipe: values.recipe ?? run.recipe,
    match: values.match ?? (run.numbers.match as MatchKind | undefined),
    real: values.real ?? (run.real === 'stand-in' ? undefined : run.real),
  };
}

/** Trains a refiner in the folder's `run`, or loads the one that the user has. */
async function obtainRefiner(
  dir: string,
  values: OptionValues<typeof options>,
  training: Training,
  context: Context,
): Promise<{ network: Refiner; dispose: () => void }> {
  const { plugin, recipe, config, engine, seed } = training;
  if (values.refiner === undefined) {
    const { trainInFolder } = await import('../training-run.ts');
    const run = { dir: join(dir, augmentFiles.run), ...training, resume: values.resume };
    const state = await trainInFolder(run, context);
    return { network: state.averagedRefiner, dispose: () => state.dispose() };
  }
  const [{ networksOf }, { isWebUrl, loadWeights }] = await Promise.all([
    import('@simgan/core'),
    import('@simgan/core/node'),
  ]);
  const isRun = !isWebUrl(values.refiner) && (await readRunConfig(resolve(context.cwd, values.refiner)));
  const place = isWebUrl(values.refiner) ? values.refiner : resolve(context.cwd, values.refiner);
  const network = networksOf(plugin, recipe).refiner(plugin.image, seed);
  await loadWeights(isRun ? join(place, runFiles.refiner) : place, network, { signal: context.signal });
  await engine.readAgain();
  context.output.note(`refiner   ${values.refiner} (recipe ${config.recipe})`);
  return { network, dispose: () => network.dispose() };
}
