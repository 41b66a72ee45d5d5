import { join, relative } from 'node:path';
import { defaults, parseTreat } from '@simgan/node/names';
import { defineCommand, runJob } from '../command.ts';
import { common, existingOf, regularization, rendering, shard, sources, to } from '../common-options.ts';
import { UsageError } from '../errors.ts';
import { failOn } from '../fail-if-worse.ts';
import { featuresOf } from '../features-option.ts';
import { formatLines } from '../format-report.ts';
import { formatsOf } from '../formats-option.ts';
import { augmentCommand, nextCommand } from '../next-command.ts';
import {
  choice,
  excluding,
  flag,
  folder,
  folders,
  type OptionValues,
  parsed,
  positive,
  text,
  whole,
} from '../options.ts';
import { rendererOf, rendererRepeated } from '../renderer-option.ts';
import { shardReport } from '../shard-report.ts';
import { distanceLines, labelLines, verdictLines } from '../tables.ts';

const options = {
  ...common,
  plugin: text(
    'NAME',
    'The domain: eyes, depth-hands, images, a package of yours, or a path. Default: that of --refiner.',
  ),
  seed: whole(`Everything random follows from it. Default: ${defaults.seed}, or that of --refiner.`, {
    least: 0,
    otherwise: undefined,
  }),
  count: excluding(
    whole(`How many samples the simulator makes. Default: ${defaults.count}.`, {
      least: 1,
      otherwise: undefined,
    }),
    { synthetic: 'all pictures of that folder are refined' },
  ),
  ...sources,
  real: folders(
    'Real pictures; without them a simulated stand-in camera plays the real one. Given several times: cameras, a refiner and a folder OUT/NAME each',
  ),
  ...rendering,
  ...regularization,
  treat: parsed(
    'auto|raw|LIST',
    'What is done to the pictures, such as framed,randomized (see compare). Default: auto, what a quick comparison recommends; refined beside --recipe, --steps, --batch-size, --match, --features or --displacement',
    parseTreat,
  ),
  refiner: excluding(
    text('RUN|FILE|URL', 'A trained refiner, or a run that is not done, in place of training one'),
    {
      treat: 'its pictures are refined',
      steps: 'nothing is trained',
      batchSize: 'nothing is trained',
      features: 'nothing is trained',
      displacement: 'nothing is trained',
      match: 'it brings its own corrections',
    },
  ),
  maxLabelShift: parsed(
    'PX',
    "The most that a label may move, in the unit of the plugin's probe; each line then has its shift",
    positive,
  ),
  movedLabels: choice(
    ['flag', 'drop'],
    'What is done to samples whose label moved farther, or is no longer found. Default: flag',
    undefined,
  ),
  failIfWorse: flag('Exit with 1 if the verdict is that the pictures are worse than the synthetic ones'),
  shard,
  to,
  out: folder("Where to write. Default: the plugin's name with -augmented."),
};

export const augmentVerb = defineCommand({
  name: 'augment',
  summary: 'the whole job: simulate, find out what helps, do it, write a dataset',
  description: [
    'Finds out what makes synthetic pictures more useful for the real ones, by a quick form of compare, does it',
    'and writes the result with its annotations: DIR/dataset (images, metadata.jsonl, rejects.jsonl,',
    'dataset.json), DIR/preview.png (synthetic, treated and real pictures in rows), DIR/treatment.json (what was',
    'done, and why), DIR/run (the refiner, the log, checkpoints) if one was trained. Nothing is done that is judged',
    'no better than leaving it out. --treat names what is done by hand. Ctrl-C stops; --resume goes on.',
  ].join('\n'),
  examples: [
    'simgan-cli augment --plugin eyes --out eyes-out',
    'simgan-cli augment --plugin eyes --real my-eyes --count 10000',
    'simgan-cli augment --plugin eyes --plugin-option color=true --synthetic renders --real photos',
    'simgan-cli augment --plugin eyes --real my-eyes --treat refined',
    'simgan-cli augment --plugin images --synthetic renders --real left-camera --real right-camera',
    'simgan-cli augment --plugin eyes --refiner runs/eyes --count 100000',
    'simgan-cli augment --refiner runs/eyes --count 100000 --out eyes-out --shard 3/8',
  ],
  options,
  async run(values, context) {
    const { augment } = await import('@simgan/node');
    const {
      pluginOption: pluginOptions,
      json: _,
      resume,
      force,
      features: __,
      failIfWorse,
      featureOption: ___,
      shard,
      formats: own,
      real: [real, ...others] = [],
      ...rest
    } = values;
    const wanted = {
      ...given(rest),
      pluginOptions,
      ...featuresOf(values),
      ...rendererOf(values),
      ...(await formatsOf(own, context)),
    };
    const existing = existingOf({ resume, force });
    if (others.length > 0) {
      if (shard !== undefined)
        throw new UsageError(['--shard has no place beside several --real: give one camera.']);
      const { augmentCameras } = await import('@simgan/node');
      const { dir, cameras } = await runJob(context, (job) =>
        augmentCameras({ ...job, ...wanted, cameras: [real!, ...others], existing }),
      );
      const lines = cameras.map(
        ({ camera, count, dataset }) => `${camera}: ${count} samples in ${relative(context.cwd, dataset)}`,
      );
      context.output.result(lines, { out: relative(context.cwd, dir), cameras });
      for (const { verdict } of cameras) await failOn(failIfWorse, verdict);
      return;
    }
    const single = { ...wanted, ...(real !== undefined && { real }) };
    if (shard !== undefined) {
      const part = await runJob(context, (job) => augment({ ...job, ...single, existing, shard }));
      const written = { ...part, folder: part.dataset, out: part.dir };
      context.output.result(...shardReport('refined samples', written, context.cwd));
      return;
    }
    const result = await runJob(context, (job) => augment({ ...job, ...single, existing }));
    const { count, pseudoLabeled, rejects, distances, labels, treatment, verdict, seconds, formats } = result;
    const out = values.out ?? result.dir.slice(context.cwd.length + 1);
    context.output.result(
      [
        ...distanceLines(distances),
        // The plugin's first quantity; evaluate shows all.
        ...(labels ? labelLines(labels).slice(0, 1) : []),
        ...(verdict ? ['', ...verdictLines(verdict)] : []),
        '',
        `${count - pseudoLabeled} ${treatment.treat === 'raw' ? 'untreated' : result.distances.refined ? 'refined' : 'treated'} samples${pseudoLabeled > 0 ? ` and ${pseudoLabeled} real ones with pseudo-labels` : ''} in ${join(out, 'dataset')}${rejects > 0 ? `; ${rejects} inputs rejected, see rejects.jsonl there` : ''}`,
        ...formatLines(formats, context.cwd),
        `Look at ${join(out, 'preview.png')}`,
        nextStep(values, out, { isStandIn: result.real === 'stand-in', hasRun: result.run !== undefined }),
      ],
      {
        out,
        count,
        pseudoLabeled,
        rejects,
        seconds,
        distances,
        labels,
        treatment,
        verdict,
        ...(formats.length > 0 && { formats }),
      },
    );
    await failOn(failIfWorse, verdict);
  },
});

/** Without what was not given. */
function given<Values extends object>(values: Values): { [Key in keyof Values]: NonNullable<Values[Key]> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as ReturnType<typeof given<Values>>;
}

function nextStep(
  values: OptionValues<typeof options>,
  out: string,
  { isStandIn, hasRun }: { isStandIn: boolean; hasRun: boolean },
): string {
  const { plugin, refiner, pluginOption, synthetic, format } = values;
  const renderer = rendererRepeated(values);
  const others = (trained: string) =>
    `Next: other pictures with the same refiner: ${augmentCommand({ plugin }, { refiner: trained, synthetic: 'DIR', format })}`;
  if (refiner !== undefined) {
    return synthetic === undefined
      ? 'Next: more of them: the same command with a larger --count and --resume'
      : others(refiner);
  }
  if (isStandIn) {
    return `Next: your own pictures: ${augmentCommand({ plugin, pluginOption, ...renderer }, { real: 'YOUR_PICTURES' })}`;
  }
  if (hasRun) {
    // A folder has no more pictures than it has.
    if (synthetic !== undefined) return others(join(out, 'run'));
    return `Next: more samples of the same refiner: ${augmentCommand({ plugin, ...renderer }, { refiner: join(out, 'run'), count: '10000' })}`;
  }
  const { real: [real] = [], realFormat } = values;
  return `Next: every treatment judged more thoroughly, with its looks and its price: ${nextCommand('compare', { plugin, pluginOption, ...renderer }, { synthetic, format, real, realFormat })}`;
}
