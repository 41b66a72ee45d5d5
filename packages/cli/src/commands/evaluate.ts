import { join, resolve } from 'node:path';
import type { Downstream, Evaluation } from '@simgan/node';
import { defaults } from '@simgan/node/names';
import { defineCommand, runJob } from '../command.ts';
import { common, sources } from '../common-options.ts';
import { failOn } from '../fail-if-worse.ts';
import { formatsOf } from '../formats-option.ts';
import { flag, folder, requiredText, text, whole } from '../options.ts';
import { distanceLines, labelLines, verdictLines } from '../tables.ts';

const { plugin, pluginOption, seed, engine, device, threads, json } = common;
const { synthetic, format, formats, real, realFormat, labels, labelGeometry, valueRange } = sources;

export const evaluateVerb = defineCommand({
  name: 'evaluate',
  summary: 'measure what refinement gained and what it cost',
  description: [
    'Compares refined pictures with those they were made of and with real ones: statistics, a kernel distance on',
    'hand-made features (KID), how well a small network tells 15x15 crops from real ones, and how far the labels',
    'moved. The rows separate what correcting the light does from what the refiner does; the row of the real pictures',
    'compares one half of them with the other, which is what a perfect refiner would get.',
  ].join('\n'),
  examples: [
    'simgan-cli evaluate --plugin eyes --refined eyes-out',
    'simgan-cli evaluate --plugin eyes --synthetic renders --refined eyes-out --real photos --out report',
    'simgan-cli evaluate --plugin eyes --refined eyes-out --downstream --repeats 3',
  ],
  options: {
    plugin,
    pluginOption,
    refined: requiredText('DIR', 'The refined pictures: what augment wrote'),
    synthetic,
    format,
    formats,
    real,
    realFormat,
    labels,
    labelGeometry,
    valueRange,
    shard: text(
      'I/N|auto',
      'Only the pictures of shard I of N, counted from 0; auto: what the scheduler says in the environment',
    ),
    count: whole('Most pictures of each set to look at, and to test an estimator on', {
      least: 8,
      otherwise: defaults.evaluated,
    }),
    downstream: flag("Train the plugin's estimator on each set and test it on the stand-in camera"),
    use: flag(
      "Judge what the refined pictures are worth to the plugin's task on real ones, without labels of those",
    ),
    failIfWorse: flag('Exit with 1 if the verdict is that the pictures are worse than the synthetic ones'),
    repeats: whole('How often to train it, from different weights', {
      least: 1,
      otherwise: defaults.repeats,
    }),
    steps: whole("In place of the estimator's number of steps", { least: 1, otherwise: undefined }),
    seed,
    engine,
    device,
    threads,
    out: folder('Where to write evaluation.json. Default: it is not written.'),
    json,
  },
  async run(values, context) {
    const { evaluateDataset } = await import('@simgan/node');
    const { pluginOption: pluginOptions, formats: names, failIfWorse, ...options } = values;
    const own = await formatsOf(names, context);
    const evaluation = await runJob(context, (job) =>
      evaluateDataset({ ...job, ...options, ...own, pluginOptions }),
    );
    const { distances, realism, labels, downstream, verdict } = evaluation;
    const lines = [
      ...distanceLines(distances),
      '',
      ...realismLines(realism),
      ...Object.entries(labels).flatMap(([name, shift]) =>
        shift
          ? ['', `labels, ${name} against synthetic`, ...labelLines(shift).map((line) => `  ${line}`)]
          : [],
      ),
      ...(downstream ? ['', ...(await downstreamLines(downstream))] : []),
      '',
      ...verdictLines(verdict),
    ];
    if (values.out !== undefined) {
      const { writeEvaluation } = await import('@simgan/node');
      await writeEvaluation(resolve(context.cwd, values.out), evaluation);
      lines.push('', `Figures in ${join(values.out, 'evaluation.json')}`);
    }
    context.output.result(lines, { ...evaluation });
    await failOn(failIfWorse, verdict);
  },
});

function realismLines(realism: Evaluation['realism']): string[] {
  return [
    'told from real         KID  accuracy       AUC  95% interval   (15x15 crops; 0.5 is guessing)',
    ...Object.entries(realism).map(([name, { kernelDistance, balancedAccuracy, auc, interval }]) => {
      const cells = [kernelDistance, balancedAccuracy, auc].map((cell, i) =>
        cell.toFixed(i === 0 ? 3 : 2).padStart(9),
      );
      const { low, high } = interval;
      return `  ${name.padEnd(15)}${cells.join(' ')}  ${low.toFixed(2)} to ${high.toFixed(2)}`;
    }),
  ];
}

async function downstreamLines(downstream: Downstream): Promise<string[]> {
  const { mean, std } = await import('@simgan/core/measures');
  const { estimator, unit, within, steps, tested, runs } = downstream;
  const isRepeated = runs.length > 1;
  const repeated = isRepeated ? `   (± over ${runs.length} trainings)` : '';
  const cell = (set: string, figure: 'mean' | 'share', factor: number, digits: number) => {
    const values = runs.map((run) => factor * run[set]![figure]);
    const spread = isRepeated ? ` ± ${std(values, 1).toFixed(digits)}` : '';
    return `${mean(values).toFixed(digits).padStart(9)}${figure === 'share' ? '%' : ''}${spread}`;
  };
  return [
    `${estimator}, trained in ${steps} steps, tested on ${tested} pictures of the stand-in camera`,
    `  trained on       mean ${unit}    within ${within}${repeated}`,
    ...Object.keys(runs[0]!).map(
      (set) => `  ${set.padEnd(15)}${cell(set, 'mean', 1, 2)}${cell(set, 'share', 100, 1)}`,
    ),
  ];
}
