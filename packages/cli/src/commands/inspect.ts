import type { CorrectionName } from '@simgan/core/matching';
import { defaults } from '@simgan/node/names';
import { defineCommand, runJob } from '../command.ts';
import { common, sources } from '../common-options.ts';
import { formatsOf } from '../formats-option.ts';
import { augmentCommand } from '../next-command.ts';
import { folder, whole } from '../options.ts';

const { plugin, pluginOption, seed, json } = common;
const { synthetic, format, formats, real, realFormat, labels, labelGeometry, valueRange, match } = sources;

const columns = [
  'brightness',
  'contrast',
  'unevenness',
  'sharpness',
  'noise',
  'blockiness',
  'shading',
  'structure',
] as const;

export const inspectVerb = defineCommand({
  name: 'inspect',
  summary: 'say what stands between synthetic and real pictures, before anyone trains',
  description: [
    'Says what differs between the two sets, where that can come from (camera, light, framing, content, another kind of',
    'sensor, the sets themselves) and what to change, in the simulator first. The corrections of light that it suggests (or that --match names) are tried, and',
    'the sets compared again: how far apart they are is said before and after.',
  ].join('\n'),
  examples: [
    'simgan-cli inspect --plugin eyes --real my-eyes',
    'simgan-cli inspect --plugin eyes --synthetic renders --real photos --out look',
    'simgan-cli inspect --plugin eyes --real my-eyes --match blur:0.7,histogram,noise',
  ],
  options: {
    plugin,
    pluginOption,
    synthetic,
    format,
    formats,
    real,
    realFormat,
    labels,
    labelGeometry,
    valueRange,
    match: { ...match, description: 'Corrections to try. Default: auto, those that the sets suggest.' },
    count: whole('How many pictures of each set to look at', { least: 2, otherwise: defaults.inspected }),
    seed,
    out: folder('Where to write preview.png. Default: none is written.'),
    json,
  },
  async run(values, context) {
    const { inspectSets } = await import('@simgan/node');
    const { correctionKinds } = await import('@simgan/core/matching');
    const { pluginOption: pluginOptions, formats: names, ...options } = values;
    const own = await formatsOf(names, context);
    const inspection = await runJob(context, (job) =>
      inspectSets({ ...job, ...options, ...own, pluginOptions }),
    );
    const { photometry, distances, plan, match: text, findings, rejects } = inspection;
    const amount = (correction: CorrectionName, strength: number) =>
      `${correction} ${strength} ${correctionKinds[correction].unit}`;
    const lines = [
      `           ${columns.map((name) => name.padStart(10)).join('  ')}  detail of 1, 2, 4, 8 px`,
      ...Object.entries(photometry).map(([label, set]) => {
        const cells = columns.map((name) => set[name].toFixed(name === 'structure' ? 1 : 3).padStart(10));
        return `${label.padEnd(11)}${cells.join('  ')}  ${set.octaves.map((share) => `${Math.round(100 * share)}%`).join(' ')}`;
      }),
      '',
      'distance to real   intensity   gradient        KID   (of the real ones: one half from the other)',
      ...Object.entries(distances).map(([label, { intensity, gradient, kernel }]) => {
        const cells = [intensity, gradient, kernel].map((value) => value.toFixed(3).padStart(9));
        return `  ${label.padEnd(15)}${cells.join('  ')}`;
      }),
      '',
      plan.corrections.length > 0 ? `--match ${text}` : 'No correction of light would bring the sets closer.',
      ...plan.corrections.map(
        ({ correction, strength, reason }) => `  ${amount(correction, strength)}: ${reason}`,
      ),
      ...plan.omitted.map(({ correction, reason }) => `  no ${correction}: ${reason}`),
      '',
      ...(findings.length === 0
        ? ['Nothing stands between the two sets that can be seen in statistics.']
        : []),
      ...findings.map(({ source, finding, advice }) => `- ${source}: ${finding} ${advice}`),
    ];
    if (rejects > 0) lines.push(`- ${rejects} files cannot be used; augment lists them in rejects.jsonl.`);
    if (values.out !== undefined) lines.push(`Look at ${values.out}/preview.png`);
    lines.push(
      `Next: ${augmentCommand(values, {
        synthetic: values.synthetic,
        format: values.format,
        real: values.real,
        realFormat: values.realFormat,
        match: values.match === undefined ? undefined : text,
      })}`,
    );
    context.output.result(lines, { ...photometry, distances, match: text, plan, findings, rejects });
  },
});
