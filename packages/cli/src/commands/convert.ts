import { defineCommand, runJob } from '../command.ts';
import { common } from '../common-options.ts';
import { formatLines } from '../format-report.ts';
import { folder, requiredFolder, requiredList, text } from '../options.ts';

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
  ],
  options: {
    input: { ...requiredFolder('The dataset to convert; may be given without --input'), isBare: true },
    format: text('NAME', 'Its format. Default: what it looks like.'),
    to: requiredList('NAME,…', 'The formats to write; several have folders of their names in --out'),
    out: folder("Where to write. Default: the input's name with the formats'."),
    force,
    json,
  },
  async run({ input, format, to, out, force: isReplaced }, context) {
    const { convertDataset } = await import('@simgan/node');
    const { from, formats } = await runJob(context, (job) =>
      convertDataset({
        ...job,
        input,
        format,
        to,
        out: out ?? `${input.replace(/[\\/]+$/, '')}-${to.join('-')}`,
        existing: isReplaced ? 'replace' : 'refuse',
      }),
    );
    context.output.result([`read as   ${from}`, ...formatLines(formats, context.cwd)], { from, formats });
  },
});
