import { join, resolve } from 'node:path';
import { defineCommand } from '../command.ts';
import { common, regularization, sources } from '../common-options.ts';
import { augmentCommand } from '../next-command.ts';
import { folder } from '../options.ts';

export const trainCommand = defineCommand({
  name: 'train',
  summary: 'train a refiner, without writing a dataset',
  description:
    'Trains a refiner on simulated and real pictures and leaves a run folder: run.json, log.jsonl, checkpoints and refiner.safetensors. A run that was stopped goes on with --resume.',
  examples: [
    'simgan-cli train --plugin eyes --real my-eyes --out runs/eyes',
    'simgan-cli augment --plugin eyes --refiner runs/eyes --out eyes-refined',
  ],
  options: {
    ...common,
    ...sources,
    ...regularization,
    out: folder("Where the run is kept [runs/ and the plugin's name]"),
  },
  async run(values, context) {
    const { cwd, output } = context;
    const { openTraining, recipeOf } = await import('../open-training.ts');
    const { loadPlugin } = await import('../plugins.ts');
    const { claimRunFolder } = await import('../run-folder.ts');
    const { startRendering } = await import('../rendering.ts');
    const { startEngine } = await import('../setup.ts');
    const { trainInFolder } = await import('../training-run.ts');
    const plugin = await loadPlugin(values.plugin, values['plugin-option'], cwd);
    recipeOf(plugin, values);
    const out = values.out ?? join('runs', plugin.name);
    const claimed = await claimRunFolder(resolve(cwd, out), values);
    const engine = await startEngine(values, context);
    const rendering = startRendering(plugin, values, context);
    try {
      const training = await openTraining(plugin, { ...values, rendering }, context);
      await claimed.clear();
      const run = { dir: claimed.dir, ...training, engine, resume: values.resume };
      const state = await trainInFolder(run, context);
      const { step } = state;
      state.dispose();
      output.result(
        [
          `Refiner trained in ${step} steps: ${join(out, 'refiner.safetensors')}`,
          `Next: ${augmentCommand({ plugin: values.plugin }, { refiner: out })}`,
        ],
        { out, steps: step },
      );
    } finally {
      await rendering.close();
      await engine.dispose();
    }
  },
});
