import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type {
  Dataset,
  Engine,
  EstimatorResult,
  ImageSpec,
  PatchTestResult,
  Plugin,
  RealImage,
  Sample,
} from '@simgan/core';
import { type Context, defineCommand } from '../command.ts';
import { common, sources } from '../common-options.ts';
import { UsageError } from '../errors.ts';
import { flag, folder, whole } from '../options.ts';
import { augmentFiles } from '../run-folder.ts';

const { plugin, 'plugin-option': pluginOption, seed, engine, device, threads, json } = common;
const { synthetic, format, real } = sources;

export const evaluateCommand = defineCommand({
  name: 'evaluate',
  summary: 'measure what refinement gained and what it cost',
  description: [
    'Compares refined pictures with those they were made of and with real ones: statistics, a kernel distance on',
    'hand-made features (KID), how well a small network tells 15x15 crops from real ones, and how far the labels',
    'moved. The rows part what correcting the light does from what the refiner does; the row of the real pictures',
    'compares one half of them with the other, which is what a perfect refiner would get.',
  ].join('\n'),
  examples: [
    'simgan-cli evaluate --plugin eyes --refined eyes-out',
    'simgan-cli evaluate --plugin eyes --synthetic renders --refined eyes-out --real photos --out report',
    'simgan-cli evaluate --plugin eyes --refined eyes-out --downstream --repeats 3',
  ],
  options: {
    plugin,
    'plugin-option': pluginOption,
    refined: folder('The refined pictures: what augment wrote (must be given)'),
    synthetic,
    format,
    real,
    count: whole('Most pictures of each set to look at, and to test an estimator on', {
      least: 8,
      otherwise: 1000,
    }),
    downstream: flag("Train the plugin's estimator on each set and test it on the stand-in camera"),
    repeats: whole('How often to train it, from other weights', { least: 1, otherwise: 1 }),
    steps: whole("In place of the estimator's number of steps", { least: 1, otherwise: undefined }),
    seed,
    engine,
    device,
    threads,
    out: folder('Where to write evaluation.json; nowhere unless given'),
    json,
  },
  async run(values, context) {
    const { cwd, output, signal } = context;
    if (values.refined === undefined) {
      throw new UsageError(['--refined: expected DIR, which must be given: what simgan-cli augment wrote']);
    }
    const { readDataset, writeFileAtomic } = await import('@simgan/core/node');
    const { measureLabelShift } = await import('../label-shift.ts');
    const { parseMatch } = await import('../match-text.ts');
    const { openMatching } = await import('../matching.ts');
    const { loadPlugin } = await import('../plugins.ts');
    const { compareWithReal } = await import('../preview.ts');
    const { startEngine } = await import('../setup.ts');
    const { openReal, openSynthetic, remembered, withReading } = await import('../sources.ts');

    const domain = await loadPlugin(values.plugin, values['plugin-option'], cwd);
    const { image } = domain;
    if (values.downstream) checkDownstream(domain);
    const refinedDir = datasetIn(resolve(cwd, values.refined));
    const refined = await withReading(output, (onProgress) =>
      readDataset(refinedDir, domain, { onProgress, signal }),
    );
    const place = (dir: string | undefined) => ({
      dir: dir && resolve(cwd, dir),
      seed: values.seed,
      atLeast: 8,
    });
    const source = await openSynthetic(
      domain,
      { ...place(values.synthetic), format: values.format, count: refined.samples.length },
      context,
    );
    if (values.downstream && (source.annotations === 'foreign' || refined.annotations === 'foreign')) {
      throw new UsageError([
        `--downstream: the annotations must be those of the plugin ${domain.name}; name their format with --format.`,
      ]);
    }
    const camera = await openReal(domain, place(values.real), context);
    // What was done before refinement; where nothing was, or nobody knows, what could have been.
    const before = refined.manifest?.provenance.match;
    const match = typeof before === 'string' && before !== 'none' ? parseMatch(before) : 'auto';
    const pictures = { synthetic: source.training, real: camera.images, seed: values.seed };
    const { matcher } = await openMatching(match, pictures, domain, output);
    const sets: Record<string, Dataset<Sample<unknown>>> = {
      synthetic: remembered(domain, source.samples),
      matched: remembered(domain, matcher.match(source.samples)),
      refined: refined.samples as Dataset<Sample<unknown>>,
    };
    const engine = await startEngine(values, context);
    try {
      const rows = Object.entries(sets).map(([label, images]) => ({ label, images }));
      const statistics = await compareWithReal(rows, camera.images, image);
      const realism = await measureRealism(sets, camera.images, { image, engine, values, context });
      const shifts: Record<string, Awaited<ReturnType<typeof measureLabelShift>>> = {};
      for (const name of ['matched', 'refined'] as const) {
        shifts[name] = await measureLabelShift(domain, source, sets[name]!, values.count);
      }
      const downstream = values.downstream
        ? await measureDownstream(domain, sets, { engine, values, context })
        : undefined;

      const lines = [
        ...statistics.lines,
        '',
        ...realism.lines,
        ...Object.entries(shifts).flatMap(([name, shift]) =>
          shift ? ['', `labels, ${name} against synthetic`, ...shift.lines.map((line) => `  ${line}`)] : [],
        ),
        ...(downstream ? ['', ...downstream.lines] : []),
      ];
      const result = {
        distances: statistics.figures,
        realism: realism.figures,
        labels: Object.fromEntries(Object.entries(shifts).map(([name, shift]) => [name, shift?.figures])),
        downstream: downstream?.figures,
      };
      if (values.out !== undefined) {
        const dir = resolve(cwd, values.out);
        await mkdir(dir, { recursive: true });
        const file = join(dir, 'evaluation.json');
        await writeFileAtomic(file, `${JSON.stringify(result, null, 2)}\n`);
        lines.push('', `Figures in ${join(values.out, 'evaluation.json')}`);
      }
      output.result(lines, result);
    } finally {
      await engine.dispose();
    }
  },
});

/** What `measureRealism` and `measureDownstream` need beside the pictures. */
interface Means {
  readonly engine: Engine;
  readonly values: {
    readonly seed: number;
    readonly count: number;
    readonly repeats: number;
    readonly steps: number | undefined;
  };
  readonly context: Context;
}

/** The kernel distance and the patch test of every set, and of one half of the real pictures against the other. */
async function measureRealism(
  sets: Readonly<Record<string, Dataset<RealImage>>>,
  real: Dataset<RealImage>,
  { image, engine, values, context }: Means & { image: ImageSpec },
) {
  const { halve, measureKernelDistances, patchTest } = await import('@simgan/core');
  const { seed, count } = values;
  const kernel = await measureKernelDistances(sets, real, { image, seed, limit: Math.min(500, count) });
  const tests: Record<string, PatchTestResult> = {};
  const progress = context.output.progress('evaluate', Object.keys(sets).length + 1, { passing: true });
  const options = { image, engine, seed, limit: count };
  for (const [name, set] of Object.entries(sets)) {
    context.signal.throwIfAborted();
    tests[name] = await patchTest(real, set, options);
    progress.update(Object.keys(tests).length);
  }
  tests.real = await patchTest(...halve(real, seed), options);
  progress.end();
  const distances: Readonly<Record<string, number>> = { ...kernel.sets, real: kernel.control };
  const lines = ['told from real         KID  accuracy       AUC   (15x15 crops; 0.5 is guessing)'];
  const figures: Record<string, PatchTestResult & { kernelDistance: number }> = {};
  for (const [name, test] of Object.entries(tests)) {
    const kernelDistance = distances[name]!;
    const cells = [kernelDistance, test.balancedAccuracy, test.auc].map((cell, i) =>
      cell.toFixed(i === 0 ? 3 : 2).padStart(9),
    );
    lines.push(`  ${name.padEnd(15)}${cells.join(' ')}`);
    figures[name] = { kernelDistance, ...test };
  }
  return { lines, figures };
}

/** The plugin's estimator trained on each set and tested on the stand-in camera, from several weights. */
async function measureDownstream(
  plugin: Plugin,
  sets: Readonly<Record<string, Dataset<Sample<unknown>>>>,
  { engine, values, context }: Means,
) {
  const { compareDownstream, createRng, simulate } = await import('@simgan/core');
  const { remembered } = await import('../sources.ts');
  const { estimator, standIn, image } = plugin;
  const { recipe, name, unit, within } = estimator!;
  const steps = values.steps ?? recipe.steps;
  const rng = createRng(values.seed).fork('downstream');
  const shots = simulate(standIn!, { seed: rng.int(2 ** 31), length: values.count });
  const test = remembered(plugin, shots);
  // What labelled pictures of the camera itself would give: no refiner can be asked for more.
  const ceiling = simulate(standIn!, { seed: rng.int(2 ** 31), length: sets.refined!.length });
  const trained: typeof sets = { ...sets, 'stand-in camera': remembered(plugin, ceiling) };
  const progress = context.output.progress('estimate', values.repeats * Object.keys(trained).length * steps);
  let done = 0;
  const runs: Readonly<Record<string, EstimatorResult>>[] = [];
  for (let repeat = 0; repeat < values.repeats; repeat++) {
    const run = await compareDownstream({
      estimator: { ...estimator!, recipe: { ...recipe, steps } },
      sets: trained,
      test,
      image,
      engine,
      seed: values.seed + repeat,
      onStep(set, { loss }) {
        context.signal.throwIfAborted();
        done += 1;
        progress.update(done, `${set}, loss ${loss.toFixed(4)}`);
      },
    });
    runs.push(run);
  }
  progress.end();
  const repeated = values.repeats > 1 ? `   (± over ${values.repeats} trainings)` : '';
  const lines = [
    `${name}, trained in ${steps} steps, tested on ${test.length} pictures of the stand-in camera`,
    `  trained on       mean ${unit}    within ${within}${repeated}`,
  ];
  for (const set of Object.keys(trained)) {
    const cell = (figure: 'mean' | 'share', factor: number, digits: number) => {
      const { mean, spread } = meanAndSpread(runs.map((run) => factor * run[set]![figure]));
      const deviation = values.repeats > 1 ? ` ± ${spread.toFixed(digits)}` : '';
      return `${mean.toFixed(digits).padStart(9)}${figure === 'share' ? '%' : ''}${deviation}`;
    };
    lines.push(`  ${set.padEnd(15)}${cell('mean', 1, 2)}${cell('share', 100, 1)}`);
  }
  return { lines, figures: { estimator: name, unit, within, steps, runs } };
}

function meanAndSpread(values: readonly number[]): { mean: number; spread: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}

function checkDownstream({ name, estimator, standIn }: Plugin): void {
  if (!estimator) throw new UsageError([`--downstream: the plugin ${name} has no estimator to train.`]);
  if (!standIn) {
    throw new UsageError([
      `--downstream: the plugin ${name} has no stand-in camera to test its estimator on.`,
    ]);
  }
}

/** `augment` writes its dataset into a folder of its output. */
function datasetIn(dir: string): string {
  const inner = join(dir, augmentFiles.dataset);
  return existsSync(inner) ? inner : dir;
}
