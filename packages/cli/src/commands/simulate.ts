import { join } from 'node:path';
import { defaults } from '@simgan/node/names';
import { defineCommand, runJob } from '../command.ts';
import { common, existingOf, formats, rendering, shard, to } from '../common-options.ts';
import { formatLines } from '../format-report.ts';
import { formatsOf } from '../formats-option.ts';
import { augmentCommand } from '../next-command.ts';
import { folder, whole } from '../options.ts';
import { rendererOf } from '../renderer-option.ts';
import { shardReport } from '../shard-report.ts';

const { plugin, pluginOption, seed, threads, resume, force, json } = common;

export const simulateVerb = defineCommand({
  name: 'simulate',
  summary: "write a dataset of the plugin's simulator, without refining it",
  description:
    'Renders annotated pictures: images/*.png with metadata.jsonl beside them. Sample i of a seed is always the same.',
  examples: [
    'simgan-cli simulate --plugin eyes --count 1000 --out eyes-synthetic',
    'simgan-cli simulate --plugin eyes --renderer http://127.0.0.1:8000 --renderer-option haze=0.2',
  ],
  options: {
    plugin,
    pluginOption,
    count: whole('How many samples', { least: 1, otherwise: defaults.count }),
    out: folder("Where to write. Default: the plugin's name with -synthetic."),
    seed,
    threads,
    ...rendering,
    to,
    formats,
    shard,
    resume,
    force,
    json,
  },
  async run(values, context) {
    const { simulateDataset } = await import('@simgan/node');
    const { pluginOption: pluginOptions, formats: names, ...options } = values;
    const own = await formatsOf(names, context);
    const written = await runJob(context, (job) =>
      simulateDataset({
        ...job,
        ...options,
        ...own,
        ...rendererOf(values),
        pluginOptions,
        existing: existingOf(values),
      }),
    );
    const { dir, count, shard, formats: others } = written;
    if (shard) {
      const part = { shard, count, folder: dir, out: join(dir, '..', '..') };
      context.output.result(...shardReport('samples', part, context.cwd));
      return;
    }
    const out = values.out ?? dir.slice(context.cwd.length + 1);
    context.output.result(
      [
        `${count} samples in ${out}`,
        ...formatLines(others, context.cwd),
        `Next: ${augmentCommand({ plugin: values.plugin, pluginOption: pluginOptions }, { synthetic: out, real: 'YOUR_PICTURES' })}`,
      ],
      { out, count, ...(others.length > 0 && { formats: others }) },
    );
  },
});
