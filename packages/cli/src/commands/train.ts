import { join } from 'node:path';
import { defineCommand, runJob } from '../command.ts';
import { common, existingOf, regularization, rendering, sources } from '../common-options.ts';
import { featuresOf } from '../features-option.ts';
import { formatsOf } from '../formats-option.ts';
import { augmentCommand } from '../next-command.ts';
import { folder } from '../options.ts';
import { rendererOf, rendererRepeated } from '../renderer-option.ts';

export const trainVerb = defineCommand({
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
    ...rendering,
    ...regularization,
    out: folder("Where the run is kept. Default: runs/ and the plugin's name."),
  },
  async run(values, context) {
    const { trainRun } = await import('@simgan/node');
    const { pluginOption: pluginOptions, formats: names, ...options } = values;
    const own = await formatsOf(names, context);
    const { dir, steps } = await runJob(context, (job) =>
      trainRun({
        ...job,
        ...options,
        ...own,
        pluginOptions,
        features: featuresOf(values).features,
        ...rendererOf(values),
        existing: existingOf(values),
      }),
    );
    const out = values.out ?? dir.slice(context.cwd.length + 1);
    context.output.result(
      [
        `Refiner trained in ${steps} steps: ${join(out, 'refiner.safetensors')}`,
        `Next: ${augmentCommand({ plugin: values.plugin, ...rendererRepeated(values) }, { refiner: out })}`,
      ],
      { out, steps },
    );
  },
});
