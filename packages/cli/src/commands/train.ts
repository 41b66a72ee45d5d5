import { join, resolve } from 'node:path';
import { defineCommand } from '../command.ts';
import { common } from '../common-options.ts';
import { choice, text } from '../options.ts';

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
    synthetic: text('DIR', "Synthetic pictures in place of the plugin's simulator"),
    real: text('DIR', 'Real pictures; without them a simulated stand-in camera plays the real one'),
    match: choice(['histogram', 'none'], "In place of the recipe's photometric matching", undefined),
    out: text('DIR', "Where the run is kept [runs/ and the plugin's name]"),
  },
  async run(values, context) {
    const { cwd, output } = context;
    const { openTraining } = await import('../open-training.ts');
    const { claimFolder, runFiles } = await import('../run-folder.ts');
    const { trainInFolder } = await import('../training-run.ts');
    const out = values.out ?? join('runs', values.plugin.replace(/[^\w-]/g, '_'));
    const dir = resolve(cwd, out);
    await claimFolder(dir, runFiles, values);
    const training = await openTraining(values, context);
    try {
      const state = await trainInFolder({ dir, ...training, resume: values.resume }, context);
      const { step } = state;
      state.dispose();
      output.result(
        [
          `Refiner trained in ${step} steps: ${join(out, 'refiner.safetensors')}`,
          `Next: simgan-cli augment --plugin ${values.plugin} --refiner ${out}`,
        ],
        { out, steps: step },
      );
    } finally {
      await training.engine.dispose();
    }
  },
});
