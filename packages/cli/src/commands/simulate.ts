import { defaults } from '@simgan/node/names';
import { defineCommand, runJob } from '../command.ts';
import { common, existingOf } from '../common-options.ts';
import { augmentCommand } from '../next-command.ts';
import { folder, whole } from '../options.ts';

const { plugin, pluginOption, seed, threads, resume, force, json } = common;

export const simulateVerb = defineCommand({
  name: 'simulate',
  summary: "write a dataset of the plugin's simulator, without refining it",
  description:
    'Renders annotated pictures: images/*.png with metadata.jsonl beside them. Sample i of a seed is always the same.',
  examples: ['simgan-cli simulate --plugin eyes --count 1000 --out eyes-synthetic'],
  options: {
    plugin,
    pluginOption,
    count: whole('How many samples', { least: 1, otherwise: defaults.count }),
    out: folder("Where to write. Default: the plugin's name with -synthetic."),
    seed,
    threads,
    resume,
    force,
    json,
  },
  async run(values, context) {
    const { simulateDataset } = await import('@simgan/node');
    const { pluginOption: pluginOptions, ...options } = values;
    const { dir, count } = await runJob(context, (job) =>
      simulateDataset({ ...job, ...options, pluginOptions, existing: existingOf(values) }),
    );
    const out = values.out ?? dir.slice(context.cwd.length + 1);
    context.output.result(
      [
        `${count} samples in ${out}`,
        `Next: ${augmentCommand(values, { synthetic: out, real: 'YOUR_PICTURES' })}`,
      ],
      { out, count },
    );
  },
});
