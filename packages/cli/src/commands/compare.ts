import type { ComparedRung, Comparison } from '@simgan/node';
import { defaults } from '@simgan/node/names';
import { defineCommand, runJob } from '../command.ts';
import { common, rendering, sources } from '../common-options.ts';
import { formatsOf } from '../formats-option.ts';
import { augmentCommand } from '../next-command.ts';
import { flag, folder, whole } from '../options.ts';
import { rendererOf, rendererRepeated } from '../renderer-option.ts';

const { plugin, pluginOption, seed, engine, device, threads, recipe, steps, batchSize, json } = common;
const { synthetic, format, formats, real, realFormat } = sources;

export const compareVerb = defineCommand({
  name: 'compare',
  summary: 'find out what makes synthetic pictures more useful, and what does not',
  description: [
    'Tries what can be done to synthetic pictures, from the least to the most: raw, randomized (classic',
    'augmentation), framed (scale, place and slant), grounded (parts of real pictures behind the content), camera (blur,',
    "noise, JPEG), lit (the real set's light), refined (a trained refiner), warped (one that moves things first), and",
    'pseudo-labeled (real pictures as well, with labels that networks gave them). Each is judged against what stands',
    'below it, by how consistently networks that learn from it answer the real pictures; no label of these is needed.',
    'Looks, labels that moved and time stand beside it. The best is recommended; to leave the pictures as they are is an',
    'answer.',
  ].join('\n'),
  examples: [
    'simgan-cli compare --plugin eyes --real my-eyes',
    'simgan-cli compare --plugin eyes --real my-eyes --quick --out compared',
  ],
  options: {
    plugin,
    pluginOption,
    synthetic,
    format,
    formats,
    real,
    realFormat,
    ...rendering,
    recipe,
    steps,
    batchSize,
    quick: flag('Judge on fewer pictures and shorter trainings, as augment does: minutes'),
    repeats: whole('Networks that judge each set. Default: 3; 2 with --quick.', {
      least: 2,
      otherwise: undefined,
    }),
    seed,
    engine,
    device,
    threads,
    out: folder(
      "Where to write comparison.json and comparison.png. Default: the plugin's name with -compared.",
    ),
    json,
  },
  async run(values, context) {
    const { compareTreatments } = await import('@simgan/node');
    const {
      pluginOption: pluginOptions,
      json: _,
      renderer: __,
      rendererCommand: ___,
      formats: names,
      ...options
    } = values;
    const own = await formatsOf(names, context);
    const comparison = await runJob(context, (job) =>
      compareTreatments({ ...job, ...options, ...own, pluginOptions, ...rendererOf(values) }),
    );
    const { treat, reason } = comparison;
    const isTrained = /refined|warped/.test(treat);
    context.output.result(
      [
        ...tableLines(comparison),
        '',
        ...comparison.rungs.map(({ name, reason }) => `${name}: ${reason}`),
        '',
        reason,
        `Look at ${comparison.sheet}`,
        `Next: ${augmentCommand(
          { plugin: values.plugin, pluginOption: values.pluginOption, ...rendererRepeated(values) },
          {
            synthetic: values.synthetic,
            format: values.format,
            real: values.real,
            realFormat: values.realFormat,
            ...(isTrained && {
              recipe: values.recipe,
              steps: values.steps?.toString(),
              batchSize: values.batchSize?.toString(),
            }),
            seed: values.seed === defaults.seed ? undefined : String(values.seed),
            treat,
          },
        )}`,
      ],
      { ...comparison },
    );
  },
});

function tableLines({ raw, rungs, control }: Comparison): string[] {
  const number = (value: number | undefined, digits: number) => value?.toFixed(digits) ?? '';
  const looks = (of: Comparison['control'] | undefined) => [
    number(of?.kernelDistance, 2),
    number(of?.auc, 2),
  ];
  const rows = [
    ['', 'judged against', 'use', 'verdict', 'KID', 'told apart', 'labels', 'seconds'],
    [' raw', '', number(raw.use?.score, 3), '', ...looks(raw.looks)],
    ...rungs.map((rung) => [
      `${rung.taken ? '*' : ' '}${rung.name}`,
      rung.below,
      number(rung.verdict?.score, 3),
      rung.verdict?.verdict ?? 'skipped',
      ...looks(rung.looks),
      movedText(rung),
      rung.verdict ? rung.seconds.toFixed(0) : '',
    ]),
    [' real', '', '', '', ...looks(control)],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  // Names stand on the left, figures on the right.
  const aligned = (cell: string, column: number) =>
    column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  return [
    ...rows.map((cells) => cells.map(aligned).join('  ').trimEnd()),
    'use: agreement of networks on real pictures, higher is better. KID and AUC of crops told from real: lower is closer;',
    "the row of the real pictures is one half against the other. labels: how far the plugin's probe sees them moved.",
  ];
}

/** The plugin's first quantity; the result in JSON has all. */
function movedText({ labels }: ComparedRung): string {
  const [first] = Object.values(labels?.quantities ?? {});
  return first ? `${first.shift.mean.toFixed(2)} ${first.unit}` : '';
}
