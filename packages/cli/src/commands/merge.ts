import { defineCommand, runJob } from '../command.ts';
import { common, formats, to } from '../common-options.ts';
import { formatLines } from '../format-report.ts';
import { formatsOf } from '../formats-option.ts';
import { flag, requiredFolder, text } from '../options.ts';
import { shownPath } from '../shard-report.ts';

const { json } = common;

export const mergeVerb = defineCommand({
  name: 'merge',
  summary: 'make one dataset of the shards that several machines wrote',
  description: [
    'Verifies the shards that augment --shard or simulate --shard wrote to DIR/shards, and makes of them the',
    'dataset that one run would have written, every byte the same: DIR/dataset, or DIR for simulated samples.',
    'Shards of convert become the formats that they were made for, in DIR.',
    'Pictures are linked, not copied, where the file system can. Names everything that is missing or differs.',
  ].join('\n'),
  examples: ['simgan-cli merge eyes-out', 'simgan-cli merge --out eyes-out --keep'],
  options: {
    out: {
      ...requiredFolder('The folder that was --out of the shards; may be given without --out'),
      isBare: true,
    },
    keep: flag('Leave the shards where they are; their pictures take no space of their own'),
    to,
    formats,
    plugin: text('NAME', 'The plugin whose labels --to writes. Default: the one that the dataset names.'),
    json,
  },
  async run({ out, keep, to: other, formats: names, plugin }, context) {
    const { mergeShards } = await import('@simgan/node');
    const own = await formatsOf(names, context);
    const merged = await runJob(context, (job) =>
      mergeShards(out, { ...job, keep, to: other, ...own, plugin }),
    );
    const { dir, count, rejects, shards, left } = merged;
    const dataset = shownPath(context.cwd, dir);
    const from = shards === 0 ? 'merged before' : `of ${shards} shards`;
    const lines = [
      `${count} samples, ${from}, in ${dataset}${rejects > 0 ? `; ${rejects} inputs rejected, see rejects.jsonl there` : ''}`,
      ...formatLines(merged.formats, context.cwd),
    ];
    if (left.length > 0)
      lines.push(`Not removed, since they hold other files or are written to: ${left.join(', ')}`);
    context.output.result(lines, {
      out: dataset,
      count,
      rejects,
      shards,
      left,
      ...(merged.formats.length > 0 && { formats: merged.formats }),
    });
  },
});
