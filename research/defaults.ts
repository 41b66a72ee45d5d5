/**
 * @file What the tool's own choice is worth on real labels: `augment` without options decides what to do to simulated
 * pictures, sees real ones without labels, and networks that learned from what it wrote are tested on others with
 * labels; beside them networks that learned from the pictures as they were, and from labeled real ones (the upper
 * bound). The tables of docs/results-defaults.md.
 *
 *     npm run research:defaults -- --data DIR                            # all tasks
 *     npm run research:defaults -- --data DIR --tasks print-mnist --samples 4000
 *     npm run research:defaults -- --data DIR --tasks mnist-usps --rows 'framed;framed,lit' --runs 3 --upper
 *     npm run research:defaults -- --data DIR --quick                    # a smoke test: minutes, no result
 *
 * Options: `--data DIR`, `--fashion DIR`, `--fonts DIR` as for `research:judge`; `--tasks a,b`, `--samples N` (simulated
 * pictures), `--networks 3` (seeds), `--rows 'A;B'` (treatments by hand beside the tool's choice, as for `--treat`),
 * `--only-rows` (without its choice), `--real N` (real pictures that it sees), `--runs 1` (of the tool, each with a seed
 * and pictures of its own), `--steps N` (of the tested networks), `--upper` (the upper bound as well), `--threads 1`,
 * `--quick`.
 */
import { parseArgs } from 'node:util';
import { type Dataset, datasetOf, type Plugin, type Sample, takeFrom } from '@simgan/core';
import { createEstimatorState, trainEstimator } from '@simgan/core/evaluation';
import { mean, std } from '@simgan/core/measures';
import { randomize } from '@simgan/core/treating';
import { createEngine } from '@simgan/node';
import { augmented } from './augmented.ts';
import { chosenNames } from './chosen-names.ts';
import { collect } from './collect.ts';
import { openReport } from './report.ts';
import { type AnyTask, defaultPlaces, tasks } from './tasks/index.ts';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    fashion: { type: 'string', default: defaultPlaces.fashion },
    fonts: { type: 'string', default: defaultPlaces.fonts },
    tasks: { type: 'string', default: Object.keys(tasks).join(',') },
    samples: { type: 'string' },
    real: { type: 'string' },
    networks: { type: 'string', default: '3' },
    runs: { type: 'string', default: '1' },
    rows: { type: 'string', default: '' },
    'only-rows': { type: 'boolean', default: false },
    steps: { type: 'string' },
    upper: { type: 'boolean', default: false },
    threads: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
  },
});
const { data = '', fashion, fonts, quick } = options;
const networks = quick ? 1 : Number(options.networks);
/** Copies of each picture that classic augmentation makes, but no more pictures in all than the second. */
const COPIES = 4;
const MOST_COPIES = 60_000;
const rows = options.rows === '' ? [] : options.rows.split(';');

/** What the networks of each set reach: plain, and with classic augmentation. */
interface Scores {
  readonly plain: readonly number[];
  readonly augmented: readonly number[];
}

const { engine } = await createEngine('onnx', { threads: Number(options.threads), device: 'cpu' });
const { figures, say, note, save } = openReport('defaults');
for (const name of chosenNames(options.tasks, tasks)) {
  const task: AnyTask = await tasks[name as keyof typeof tasks]({ data, fashion, fonts });
  const length = quick ? 200 : Number(options.samples ?? task.length);
  const measured: Record<string, unknown> = {};
  figures[name] = measured;
  say(`\n## ${task.title}\n`);
  say(`${length} simulated pictures, ${networks} networks for each figure.\n`);
  say(`| learned from | pictures | ${task.unit}, plain | with augmentation |`);
  say('| --- | --- | --- | --- |');
  const sayRow = async (
    title: string,
    samples: Dataset<Sample<unknown>>,
    { scores: known, ...more }: { readonly scores?: Scores; readonly [figure: string]: unknown } = {},
  ) => {
    const scores = known ?? (await scoresOf(task, samples));
    measured[title] = { pictures: samples.length, ...scores, ...more };
    const cell = (values: readonly number[]) => `${mean(values).toFixed(2)} ± ${std(values).toFixed(2)}`;
    say(`| ${title} | ${samples.length} | ${cell(scores.plain)} | ${cell(scores.augmented)} |`);
    save();
    return scores;
  };
  for (let run = 1; run <= Number(options.runs); run++) {
    const raw: Dataset<Sample<unknown>> = await collect(await task.raw(run, length));
    const named = (title: string) => (Number(options.runs) > 1 ? `${title}, run ${run}` : title);
    const rawScores = await sayRow(named('as simulated'), raw);
    if (!options['only-rows']) {
      const { samples, treatment } = await treated(task, raw, run);
      const { treat, reason } = treatment;
      // Where it leaves pictures as they are, networks would learn the same again.
      const more = treat === 'raw' ? { reason, scores: rawScores } : { reason };
      await sayRow(named(`\`augment\`: ${treat}`), samples, more);
    }
    for (const row of rows) await sayRow(named(row), (await treated(task, raw, run, row)).samples);
  }
  if (options.upper && task.labeled) await sayRow('labeled real pictures', takeFrom(task.labeled, length));
}
await engine.dispose();
process.stdout.write(`\nSaved as ${save()}\n`);
process.exit(0);

/** What `augment` makes of a task's pictures, without options or as it is told. */
async function treated(task: AnyTask, synthetic: Dataset<Sample<unknown>>, seed: number, treat?: string) {
  const plugin: Plugin = { ...task.plugin, estimator: task.estimator };
  const seen = quick ? 100 : Number(options.real ?? task.real.length);
  const started = process.cpuUsage();
  const result = await augmented(plugin, {
    ...{ engine, seed, synthetic, treat },
    real: takeFrom(task.real, Math.min(task.real.length, seen)),
    onEvent(event) {
      if (event.type === 'rung') note(`${task.name}: ${event.name}: ${event.reason}`);
    },
  });
  const used = process.cpuUsage(started);
  const seconds = ((used.user + used.system) / 1e6).toFixed(0);
  note(`${task.name}: ${result.treatment.treat}, ${seconds} CPU-seconds`);
  return result;
}

/** The task's scores of networks that learned from a set, and from copies of it that are changed classically. */
async function scoresOf(task: AnyTask, samples: Dataset<Sample<unknown>>): Promise<Scores> {
  const copies: Sample<unknown>[] = [];
  const most = Math.max(1, Math.min(COPIES, Math.floor(MOST_COPIES / samples.length)));
  for (let copy = 1; copy <= most; copy++) {
    const classic = randomize(task.plugin, { ...task.plugin.randomization, seed: copy });
    for await (const sample of classic.treat(samples)) copies.push({ ...sample, id: `${copy}-${sample.id}` });
  }
  const scores = { plain: [] as number[], augmented: [] as number[] };
  for (let seed = 1; seed <= networks; seed++) {
    scores.plain.push(await scoreOf(task, samples, seed));
    scores.augmented.push(await scoreOf(task, datasetOf(copies), seed));
  }
  return scores;
}

async function scoreOf(task: AnyTask, samples: Dataset<Sample<unknown>>, seed: number): Promise<number> {
  const { image } = task;
  const tested = task.tested ?? task.estimator;
  const steps = quick ? 10 : Number(options.steps ?? tested.recipe.steps);
  const estimator = { ...tested, recipe: { ...tested.recipe, steps } };
  const state = createEstimatorState(estimator, image, seed);
  for await (const _ of trainEstimator({ estimator, state, samples, image, engine, seed }));
  const measures = await task.score(state.network, engine);
  note(`${task.name}: ${samples.length} pictures, network ${seed}: ${JSON.stringify(measures)}`);
  state.dispose();
  return Object.values(measures)[0]!;
}
