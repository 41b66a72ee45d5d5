import { SimganError } from '@simgan/core';
import { defineCommand, runJob } from '../command.ts';
import { common, formats } from '../common-options.ts';
import { formatsOf } from '../formats-option.ts';
import { requiredFolder, text, whole } from '../options.ts';

const { pluginOption, json } = common;

export const verifyVerb = defineCommand({
  name: 'verify',
  summary: 'check a dataset: counts, hashes, labels; make samples again and compare',
  description: [
    'Checks that every file of a dataset is what was written, and that every label can be read. With --sample N, N random',
    'samples are made again from their provenance (simulator, seed, refiner), and their bytes compared.',
  ].join('\n'),
  examples: ['simgan-cli verify eyes-out --sample 20', 'simgan-cli verify eyes-out-coco'],
  options: {
    dataset: { ...requiredFolder('The dataset; may be given without --dataset'), isBare: true },
    sample: whole('Samples to make again', { least: 0, otherwise: 0 }),
    seed: whole('Which samples are drawn', { least: 0, otherwise: 1 }),
    plugin: text('NAME', 'The plugin of a simulated dataset. Default: the one that it names.'),
    pluginOption,
    formats,
    json,
  },
  async run({ dataset, pluginOption: pluginOptions, plugin, formats: names, ...options }, context) {
    const { verifyDataset } = await import('@simgan/node');
    const own = await formatsOf(names, context);
    const found = await runJob(context, (job) =>
      verifyDataset(dataset, {
        ...job,
        ...options,
        ...own,
        pluginOptions,
        ...(plugin !== undefined && { plugin }),
      }),
    );
    const { kind, count, remade, notRemade, problems } = found;
    if (problems.length > 0) {
      const lines = [`${dataset} is not what was written:`, ...problems.slice(0, 20)];
      throw new SimganError('INVALID_FILE', lines.join(' '), { problems: lines });
    }
    const again =
      options.sample === 0
        ? ''
        : notRemade
          ? `; none made again: ${notRemade}`
          : `; ${remade} made again, the same bytes`;
    context.output.result([`${count} samples of ${dataset} (${kind}) are as they were written${again}`], {
      ...found,
    });
  },
});
