import { resolve } from 'node:path';
import { defineCommand, runJob } from '../command.ts';
import { common, formats, shard } from '../common-options.ts';
import { formatLines } from '../format-report.ts';
import { formatsOf } from '../formats-option.ts';
import { folder, requiredFolder, requiredList, text } from '../options.ts';
import { shardReport } from '../shard-report.ts';

const { force, json } = common;

export const convertVerb = defineCommand({
  name: 'convert',
  summary: 'convert a dataset from one format to others, refining nothing',
  description: [
    'Pictures keep their bytes, labels their places: COCO, YOLO, Pascal VOC, KITTI, imagefolder, Parquet, WebDataset and more.',
    'What a format has no place for is listed in its rejects.jsonl. docs/formats.md says what each format holds.',
  ].join('\n'),
  examples: [
    'simgan-cli convert coco-val --to yolo --out yolo-val',
    'simgan-cli convert --input renders --format bop --to coco,parquet,webdataset --out converted',
    'simgan-cli convert renders --to parquet --out renders-parquet --shard 0/8',
  ],
  options: {
    input: { ...requiredFolder('The dataset to convert; may be given without --input'), isBare: true },
    format: text('NAME', 'Its format. Default: what it looks like.'),
    to: requiredList('NAME,…', 'The formats to write; several have folders of their names in --out'),
    formats,
    out: folder("Where to write. Default: the input's name with the formats'."),
    shard,
    force,
    json,
  },
  async run({ input, format, to, formats: names, out: given, shard: wanted, force: isReplaced }, context) {
    const { convertDataset } = await import('@simgan/node');
    const out = given ?? `${input.replace(/[\\/]+$/, '')}-${to.join('-')}`;
    const own = await formatsOf(names, context);
    const {
      from,
      formats: written,
      shard,
    } = await runJob(context, (job) =>
      convertDataset({
        ...job,
        input,
        format,
        to,
        ...own,
        out,
        shard: wanted,
        existing: isReplaced ? 'replace' : 'refuse',
      }),
    );
    if (shard) {
      const part = { ...shard, folder: shard.dir, out: resolve(context.cwd, out) };
      const [lines, fields] = shardReport('samples', part, context.cwd);
      const left = shard.rejects > 0 ? [`${shard.rejects} left out (see rejects.jsonl there)`] : [];
      context.output.result([`read as   ${from}`, ...left, ...lines], {
        from,
        ...fields,
        rejects: shard.rejects,
      });
      return;
    }
    context.output.result([`read as   ${from}`, ...formatLines(written, context.cwd)], {
      from,
      formats: written,
    });
  },
});
