/**
 * @file How well the judge of use (`judgeUse`) ranks treatments without labels, against what labels of real pictures
 * say: the tables of docs/judge.md. Every treatment is judged on unlabeled real pictures; the networks that judge it are
 * then tested on other real pictures, whose labels nothing else sees.
 *
 *     npm run research:judge -- --data DIR                           # all tasks
 *     npm run research:judge -- --data DIR --tasks open-eyes,hands   # some of them
 *     npm run research:judge -- --data DIR --quick                   # a smoke test: minutes, no result
 *
 * Options: `--data DIR` (the folders `digits`, `eyes-open-closed`, `eyes-gaze-webcam`), `--fashion DIR`, `--fonts DIR`
 * (default: where Debian's packages put them), `--tasks a,b`, `--seed 1`, `--repeats 2`, `--sets 'a;b'` (some of the treatments), `--steps N` (of a network;
 * default: the task's), `--pseudo-labels` (real pictures with labels that networks gave them as further sets, of tasks of
 * classes; half of the real pictures, at most 1,000, then judge, and the others are labeled), `--threads 1`, `--quick`.
 *
 * Prints a report as it grows and saves it with all figures in `research/results`.
 */
import { parseArgs } from 'node:util';
import { type Dataset, type Engine, type Sample, takeFrom } from '@simgan/core';
import {
  judgeUse,
  type LabelOrigin,
  type TreatedSet,
  type UseScore,
  type UseVerdict,
} from '@simgan/core/evaluation';
import { mean, std } from '@simgan/core/measures';
import { createEngine } from '@simgan/node';
import { chosenNames } from './chosen-names.ts';
import { collect } from './collect.ts';
import { splitReal, withPseudoLabels } from './pseudo-labeled.ts';
import { rankCorrelation } from './rank-correlation.ts';
import { openReport } from './report.ts';
import { type AnyTask, defaultPlaces, tasks } from './tasks/index.ts';
import { triedTreatments } from './treatments.ts';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    fashion: { type: 'string', default: defaultPlaces.fashion },
    fonts: { type: 'string', default: defaultPlaces.fonts },
    tasks: { type: 'string', default: Object.keys(tasks).join(',') },
    seed: { type: 'string', default: '1' },
    repeats: { type: 'string', default: '2' },
    sets: { type: 'string', default: '' },
    steps: { type: 'string', default: '' },
    threads: { type: 'string', default: '1' },
    'pseudo-labels': { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});
const { data = '', fashion, fonts, quick } = options;
const seed = Number(options.seed);
const repeats = Number(options.repeats);

/** What became of a set. */
interface Row {
  readonly name: string;
  readonly planted: boolean;
  readonly use: UseScore;
  /** Absent for raw. */
  readonly verdict?: UseVerdict;
  /** The task's score of each network on labeled real pictures. */
  readonly scores: readonly number[];
}

const { engine } = await createEngine('onnx', { threads: Number(options.threads), device: 'cpu' });
const { figures, say, note, minutes, save } = openReport('judge');
for (const name of chosenNames(options.tasks, tasks)) {
  const task: AnyTask = await tasks[name as keyof typeof tasks]({ data, fashion, fonts });
  const started = process.cpuUsage();
  const rows = await judgeTask(task, engine);
  const used = process.cpuUsage(started);
  const seconds = (used.user + used.system) / 1e6;
  figures[name] = { rows, seconds };
  sayTask(task, rows, seconds);
  save();
}
await engine.dispose();
process.stdout.write(`\nSaved as ${save()}\n`);
process.exit(0);

async function judgeTask(task: AnyTask, engine: Engine): Promise<Row[]> {
  const raw: Dataset<Sample<unknown>> = await collect(await task.raw(seed, quick ? 300 : task.length));
  const tried = await triedTreatments(task, raw, seed);
  const treatments: Record<string, TreatedSet<unknown>> = {};
  const wanted =
    options.sets === '' ? Object.keys(tried) : options.sets.split(';').filter((name) => tried[name]);
  for (const name of wanted) treatments[name] = await collect(tried[name]!.set);
  const scores: Record<string, number[]> = {};
  const { estimator, image } = task;
  const steps = Number(options.steps || (quick ? 20 : estimator.recipe.steps));
  let real = quick ? takeFrom(task.real, 100) : task.real;
  const labels: Record<string, LabelOrigin> = {};
  if (options['pseudo-labels']) {
    const [judged, others] = splitReal(real);
    real = judged;
    const means = { engine, steps, real: others, seed };
    const sets = { raw, ...treatments } as Record<string, Dataset<Sample<unknown>>>;
    for (const name of Object.keys(sets)) {
      if (tried[name]?.planted) continue;
      const labeled = `${name}, with pseudo-labeled real pictures`;
      treatments[labeled] = withPseudoLabels(task, sets[name]!, means);
      labels[labeled] = 'guessed';
    }
  }
  const report = await judgeUse<unknown>({
    estimator,
    image,
    engine,
    seed,
    raw,
    treatments,
    labels,
    real,
    repeats,
    steps,
    async onTrained({ set, repeat, network }) {
      const measures = await task.score(network, engine);
      scores[set] = [...(scores[set] ?? []), Object.values(measures)[0]!];
      note(`${task.name}: ${set}, network ${repeat}: ${JSON.stringify(measures)}`);
    },
  });
  const row = (name: string, use: UseScore) => ({ name, use, scores: scores[name] ?? [] });
  return [
    { ...row('raw', report.raw), planted: false },
    ...Object.entries(report.treatments).map(([name, verdict]) => ({
      ...row(name, verdict),
      planted: tried[name]?.planted ?? false,
      verdict,
    })),
  ];
}

function sayTask(task: AnyTask, rows: readonly Row[], seconds: number): void {
  const scoreOf = ({ scores }: Row) => mean(scores);
  const gain = (row: Row) => (task.higherIsBetter ? 1 : -1) * (scoreOf(row) - scoreOf(rows[0]!));
  const digits = Math.max(...rows.map(scoreOf)) > 20 ? 1 : 2;
  say();
  say(`## ${task.title}`);
  say();
  say(
    `${task.length} pictures in each set, ${task.real.length} real ones without labels, ${repeats} networks for each set, ${Number(options.steps || task.estimator.recipe.steps)} steps; ${seconds.toFixed(0)} CPU-seconds, labeled tests included.`,
  );
  say();
  say(`| set | K | seeds | variations | reads raw | readable | information | verdict | ${task.unit} |`);
  say('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const row of rows.toSorted((a, b) => gain(b) - gain(a))) {
    const { score, agreement, stability, readsRaw, readable, information } = row.use;
    const cells = [score, agreement, stability, readsRaw, readable, information].map((value) =>
      value.toFixed(3),
    );
    const { verdict, failed = [] } = row.verdict ?? {};
    const said =
      verdict === undefined ? '–' : verdict === 'refused' ? `refused: ${failed.join(', ')}` : verdict;
    const name = row.planted ? `*${row.name}*` : row.name;
    say(
      `| ${[name, ...cells, said, `${scoreOf(row).toFixed(digits)} ± ${std(row.scores).toFixed(digits)}`].join(' | ')} |`,
    );
  }
  const treated = rows.slice(1);
  const standing = rows.filter(({ verdict }) => verdict?.verdict !== 'refused');
  const correlation = (some: readonly Row[]) =>
    rankCorrelation(
      some.map(({ use }) => use.score),
      some.map(gain),
    );
  const better = treated.filter(({ verdict }) => verdict?.verdict === 'better');
  const [chosen = rows[0]!] = better.toSorted((a, b) => b.use.score - a.use.score);
  const best = Math.max(...rows.filter(({ planted }) => !planted).map(gain));
  const harmful = better.filter((row) => gain(row) < -task.harm);
  const refusedGains = treated
    .filter(({ planted, verdict }) => !planted && verdict?.verdict === 'refused')
    .map(gain);
  const summary = {
    correlation: correlation(rows),
    standingCorrelation: correlation(standing),
    standing: standing.length,
    chosen: chosen.name,
    gained: gain(chosen),
    possible: best,
    regret: best - gain(chosen),
    accepted: better.length,
    harmful: harmful.map(({ name }) => name),
    planted: better.filter(({ planted }) => planted).map(({ name }) => name),
    largestRefusedGain: Math.max(0, ...refusedGains),
  };
  figures[`${task.name}, summary`] = summary;
  say();
  say(
    `Rank correlation of K and the score: ${summary.correlation.toFixed(2)} over all ${rows.length} sets, ${summary.standingCorrelation.toFixed(2)} over the ${standing.length} that were not refused. Chosen: ${chosen.name}, which gains ${summary.gained.toFixed(digits)} of ${best.toFixed(digits)} possible (regret ${summary.regret.toFixed(digits)}). Accepted: ${better.length}, of which planted: ${summary.planted.join(', ') || 'none'}; worse on labels by more than ${task.harm}: ${summary.harmful.join(', ') || 'none'}. ${minutes().toFixed(0)} minutes so far.`,
  );
}
