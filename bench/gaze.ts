/**
 * Shows what refinement gains for eyes, and what it costs. Two parts:
 *
 * - On the stand-in camera, where labels are known: the gaze estimator trained on pictures as simulated, matched,
 *   refined without matching, refined as the recipe says, and on labelled pictures of the camera itself, which no
 *   refiner can beat; as many pictures and four times as many; several refiners, each with its own estimators.
 * - On real pictures (`--real DIR`), of which a refiner sees one half and the other half judges.
 *
 *     node --conditions=@simgan/source --import tsx bench/gaze.ts [--quick] [--seeds 1,2,3] [--count 1000]
 *         [--part downstream|paper-network|none] [--real DIR] [--color]
 *
 * Prints a report as it goes and saves it with all figures. One seed takes about ten minutes on one core.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareDownstream, type EstimatorResult, measureLabelPreservation, pairById, patchTest } from '@simgan/core/evaluation';
import { createMatcher, type MatchSetting, planCorrections } from '@simgan/core/matching';
import { createRng, createTrainingState, type Dataset, datasetOf, type Estimator, type RealImage, refine, type Sample, simulate, type TrainingRecipe, takeFrom, train } from '@simgan/core';
import { halve, measureKernelDistances } from '@simgan/core/measures';
import { createEngine, readImages } from '@simgan/node';
import { type EyeAnnotation, eyes, paperGazeEstimator, smallGazeEstimator } from '@simgan/plugin-eyes';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '' },
    count: { type: 'string', default: '' },
    threads: { type: 'string', default: '1' },
    steps: { type: 'string', default: '' },
    'estimator-steps': { type: 'string', default: '' },
    part: { type: 'string', default: 'all' },
    real: { type: 'string' },
    color: { type: 'boolean', default: false },
  },
});
const { quick } = options;
const plugin = eyes({ color: options.color });
const { image, probe, standIn } = plugin;
const quickRecipe = plugin.recipes.quick;
const recipe: TrainingRecipe = {
  ...quickRecipe,
  steps: Number(options.steps || (quick ? 150 : quickRecipe.steps)),
};
const seeds = (options.seeds || (quick ? '1' : '1,2,3')).split(',').map(Number);
const sizes = {
  once: Number(options.count || (quick ? 256 : 1000)),
  ...(quick ? { test: 256, pool: 256, training: 512 } : { test: 2000, pool: 2048, training: 4096 }),
};
const estimator: Estimator<EyeAnnotation> = {
  ...smallGazeEstimator,
  recipe: {
    ...smallGazeEstimator.recipe,
    steps: Number(options['estimator-steps'] || (quick ? 300 : 2500)),
  },
};

type Eyes = Dataset<Sample<EyeAnnotation>>;

const { engine } = await createEngine('onnx', { threads: Number(options.threads), device: 'cpu' });
const report: string[] = [];
const figures: Record<string, unknown> = { recipe: { ...recipe, refiner: undefined }, sizes, seeds };
const started = performance.now();
const name = new Date().toISOString().slice(0, 16).replace(':', '');
const say = (line = '') => {
  report.push(line);
  process.stdout.write(`${line}\n`);
};
const note = (line: string) => {
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  process.stderr.write(`${minutes} min  ${line}\n`);
};

say('# What refinement gains for eyes');
say();
say(
  `${image.width}x${image.height} ${options.color ? 'RGB' : 'grey'}; refiner: recipe quick, ${recipe.steps} steps of ${recipe.batchSize}; ${cpus()[0]!.model}, ${options.threads} thread(s), Node ${process.version}.`,
);
note(`engine ${engine.name}: ${engine.device}`);
if (options.part === 'all' || options.part === 'downstream') await downstream();
if (options.part === 'all' || options.part === 'paper-network') await paperNetwork();
if (options.real !== undefined) await realism(resolve(options.real));
say();
say(`${((performance.now() - started) / 60_000).toFixed(0)} minutes in all.`);
await engine.dispose();

save();
process.stdout.write(`\nSaved as ${fileURLToPath(results('md'))}\n`);
process.exit(0);

/** What is known so far: a run of an hour may be cut short. */
function save(): void {
  mkdirSync(new URL('./', results('md')), { recursive: true });
  writeFileSync(results('md'), `${report.join('\n')}\n`);
  writeFileSync(results('json'), `${JSON.stringify(figures, undefined, 1)}\n`);
}

function results(kind: 'md' | 'json'): URL {
  return new URL(`./results/gaze-${name}.${kind}`, import.meta.url);
}

/** Estimators trained on each kind of picture and tested on the stand-in camera. */
async function downstream(): Promise<void> {
  const camera = (purpose: string, seed: number, length: number) =>
    collect(
      simulate(standIn!, {
        seed: createRng(seed)
          .fork(purpose)
          .int(2 ** 31),
        length,
      }),
    );
  const test = await camera('test', 0, sizes.test);
  const runs: Record<string, EstimatorResult[]> = {};
  const shifts: Shift[] = [];
  for (const seed of seeds) {
    const pool = await camera('unlabelled', seed, sizes.pool);
    const all = await sourcesOf(seed, 4 * sizes.once, pool);
    shifts.push(...(await shiftsOf(all, seed)));
    all['labelled stand-in'] = await camera('labelled', seed, 4 * sizes.once);
    for (const times of [1, 4]) {
      const sets = Object.fromEntries(
        Object.entries(all).map(([kind, set]) => [`${kind} ${times}x`, takeFrom(set, times * sizes.once)]),
      );
      const results = await compareDownstream({ estimator, sets, test, image, engine, seed });
      for (const [key, result] of Object.entries(results)) {
        note(`seed ${seed}: ${key}: ${result.mean.toFixed(2)}°, ${percent(result.share)} within 7°`);
        const kept = runs[key] ?? [];
        runs[key] = [...kept, result];
      }
    }
    Object.assign(figures, { downstream: runs, shifts });
    save();
  }
  say();
  say('## The gaze estimator on held-out pictures of the stand-in camera');
  say();
  say(
    `${seeds.length} refiner(s) (seeds ${seeds.join(', ')}), each with its own simulated pictures, its own ${sizes.pool} unlabelled pictures of the camera and its own estimator weights (mean ± deviation over them); ${test.length} test pictures; small estimator, ${estimator.recipe.steps} steps of ${estimator.recipe.batchSize}, the same for all rows.`,
  );
  say();
  say(`| trained on | ${sizes.once}: mean error | within 7° | ${4 * sizes.once}: mean error | within 7° |`);
  say('| --- | --- | --- | --- | --- |');
  const kinds = Object.keys(runs).flatMap((key) => (key.endsWith(' 1x') ? [key.slice(0, -3)] : []));
  for (const kind of kinds) {
    const cells = [1, 4].flatMap((times) => {
      const results = runs[`${kind} ${times}x`]!;
      return [
        `${spread(results.map(({ mean }) => mean))}°`,
        `${spread(results.map(({ share }) => 100 * share))}%`,
      ];
    });
    say(`| ${[kind, ...cells].join(' | ')} |`);
  }
  say();
  sayPaper();
  sayShifts(shifts);
}

/** Shrivastava et al., CVPR 2017, on MPIIGaze: the shares of table 1 and the errors of table 2. */
function sayPaper(): void {
  say(
    'The paper, on MPIIGaze (Shrivastava et al., CVPR 2017, section 3.1; its own, larger estimator and 1.2 million pictures as "4x"):',
  );
  say();
  say('| trained on | within 7° | 4x: within 7° | 4x: mean error |');
  say('| --- | --- | --- | --- |');
  say('| synthetic | 62.3% | 64.9% | 11.2° |');
  say('| refined | 69.4% | 87.2% | 7.8° |');
}

/** Pictures as simulated, and everything that can be made of them without labels of the camera. */
async function sourcesOf(
  seed: number,
  length: number,
  pool: Dataset<RealImage>,
): Promise<Record<string, Eyes>> {
  const of = (purpose: string) =>
    createRng(seed)
      .fork(purpose)
      .int(2 ** 31);
  const synthetic = await collect(simulate(plugin.simulator, { seed: of('synthetic'), length }));
  const training = await collect(
    simulate(plugin.simulator, { seed: of('training'), length: sizes.training }),
  );
  const match = await matcher(recipe.match ?? 'none', training, pool, seed);
  const matched = await collect(match.match(synthetic));
  const plain = await refined(synthetic, training, pool, seed);
  note(`seed ${seed}: refined without matching`);
  const full = await refined(matched, await collect(match.match(training)), pool, seed);
  note(`seed ${seed}: refined`);
  return { synthetic, matched, 'refined without matching': plain, refined: full };
}

async function matcher(
  setting: MatchSetting,
  synthetic: Dataset<RealImage>,
  real: Dataset<RealImage>,
  seed: number,
) {
  const { corrections } = await planCorrections(setting, { synthetic, real, image, seed });
  const told = corrections.map(({ correction, strength }) => `${correction} ${strength.toFixed(2)}`);
  note(`seed ${seed}: matched by ${told.join(', ') || 'nothing'}`);
  figures.corrections = corrections;
  return createMatcher(corrections, real, { image, seed });
}

/** Trains a refiner between two sets and refines a third. */
async function refined(
  samples: Eyes,
  synthetic: Dataset<RealImage>,
  real: Dataset<RealImage>,
  seed: number,
): Promise<Eyes> {
  const state = createTrainingState(plugin, recipe, seed);
  try {
    for await (const { step, steps, refiner } of train({ plugin, state, synthetic, real, engine, seed })) {
      if (step % 200 === 0 && refiner)
        note(
          `  step ${step} of ${steps}, moved ${refiner.regularization.toFixed(3)}, lambda ${refiner.lambda.toFixed(2)}`,
        );
    }
    return await collect(refine(samples, { refiner: state.averagedRefiner, image, engine, seed }));
  } finally {
    state.dispose();
  }
}

/** How far a step from one set to the next moved the pupils. */
interface Shift {
  readonly step: string;
  readonly mean: number;
  readonly deviation: number;
  readonly p95: number;
  readonly lost: number;
  readonly measured: number;
}

/** What matching and the refiner each did to the labels, by the probe. */
async function shiftsOf(sets: Record<string, Eyes>, seed: number): Promise<Shift[]> {
  const steps = [
    ['synthetic', 'matched'],
    ['matched', 'refined'],
    ['synthetic', 'refined without matching'],
    ['synthetic', 'refined'],
  ] as const;
  const shifts: Shift[] = [];
  for (const [from, to] of steps) {
    const { quantities, pairs } = await measureLabelPreservation(
      pairById(sets[from]!, sets[to]!, 1000),
      probe!,
    );
    const { shift, lost, abstained } = quantities.pupilCenter!;
    const { mean, deviation, p95 } = shift;
    const measured = pairs - abstained;
    shifts.push({ step: `${from} → ${to}`, mean, deviation, p95, lost: lost / measured, measured });
  }
  note(`seed ${seed}: ${shifts.map(({ step, mean }) => `${step} ${mean.toFixed(2)} px`).join(', ')}`);
  return shifts;
}

function sayShifts(shifts: readonly Shift[]): void {
  say();
  say("How far the pupil's centre moved, by the label probe (the article of 2017, by hand: 1.1 ± 0.8 px):");
  say();
  say('| step | px at width 55 | 95% within | lost |');
  say('| --- | --- | --- | --- |');
  for (const step of new Set(shifts.map((shift) => shift.step))) {
    const some = shifts.filter((shift) => shift.step === step);
    const mean = (of: (shift: Shift) => number) => some.reduce((sum, one) => sum + of(one), 0) / some.length;
    say(
      `| ${step} | ${mean((one) => one.mean).toFixed(2)} ± ${mean((one) => one.deviation).toFixed(2)} | ${mean((one) => one.p95).toFixed(2)} | ${percent(mean((one) => one.lost))} |`,
    );
  }
}

/** The paper's own estimator, as large as it is: that it learns. */
async function paperNetwork(): Promise<void> {
  const steps = quick ? 60 : 600;
  const batchSize = 32;
  const sets = {
    'labelled stand-in': await collect(simulate(standIn!, { seed: 101, length: 4 * sizes.once })),
  };
  const test = await collect(simulate(standIn!, { seed: 102, length: Math.min(500, sizes.test) }));
  const learn = (count: number) =>
    compareDownstream({
      estimator: {
        ...paperGazeEstimator,
        recipe: { steps: count, batchSize, optimizer: { kind: 'adam' }, learningRate: 3e-4 },
      },
      sets,
      test,
      image,
      engine,
      seed: 1,
      onStep: (_, { step, loss }) => {
        if (step % 50 === 0) note(`  paper's network, step ${step}, loss ${loss.toFixed(4)}`);
      },
    });
  const mean = meanDirectionError(await all(sets['labelled stand-in']), await all(test));
  const { mean: error, share } = (await learn(steps))['labelled stand-in']!;
  say();
  say(
    `The paper's own network (9.8 million parameters), ${steps} steps of ${batchSize} on ${4 * sizes.once} labelled pictures of the camera: ${error.toFixed(2)}°, ${percent(share)} within 7°. Who always answers the mean direction is wrong by ${mean.toFixed(2)}°.`,
  );
  figures.paperNetwork = { steps, batchSize, error, share, meanDirection: mean };
}

/** The error of whoever always answers the mean direction. */
function meanDirectionError(
  known: readonly Sample<EyeAnnotation>[],
  test: readonly Sample<EyeAnnotation>[],
): number {
  const mean = [0, 1, 2].map((axis) =>
    known.reduce((sum, { annotation }) => sum + annotation.gaze!.direction[axis]!, 0),
  );
  const errors = test.flatMap(({ annotation }) => [
    ...smallGazeEstimator.errors(Float32Array.from(mean), annotation),
  ]);
  return errors.reduce((a, b) => a + b, 0) / errors.length;
}

/** Distances to real pictures that no refiner has seen. */
async function realism(dir: string): Promise<void> {
  const { images, ignored, rejects } = await readImages(dir, image, {});
  note(`${images.length} real pictures, ${rejects.length} rejected, ${ignored} other files`);
  const rows: Record<string, { distance: number; accuracy: number; auc: number }[]> = {};
  const shifts: Shift[] = [];
  for (const seed of seeds) {
    const [seen, heldOut] = halve(images, seed);
    const sets: Record<string, Dataset<RealImage>> = await sourcesOf(seed, sizes.once, seen);
    shifts.push(...(await shiftsOf(sets as Record<string, Eyes>, seed)));
    sets['real, the half seen'] = seen;
    const distances = await measureKernelDistances(sets, heldOut, { image, seed, control: seen });
    for (const [kind, set] of Object.entries(sets)) {
      const { balancedAccuracy: accuracy, auc } = await patchTest(heldOut, set, { image, engine, seed });
      rows[kind] = [...(rows[kind] ?? []), { distance: distances.sets[kind]!, accuracy, auc }];
      note(`seed ${seed}: ${kind}: ${distances.sets[kind]!.toFixed(2)}, ${accuracy.toFixed(2)}`);
    }
  }
  figures.realism = rows;
  figures.realShifts = shifts;
  say();
  say(`## Distances to real pictures`);
  say();
  say(
    `${images.length} real pictures; splits by the seeds ${seeds.join(', ')}: refiner and matching see one half, the other half judges; ${sizes.once} simulated pictures (mean ± deviation over splits). KID on hand-made features; told from real by 15x15 crops (0.5 is guessing).`,
  );
  say();
  say('| pictures | KID | told from real: accuracy | AUC |');
  say('| --- | --- | --- | --- |');
  for (const [kind, results] of Object.entries(rows)) {
    const cell = (of: (result: (typeof results)[number]) => number) => spread(results.map(of));
    say(
      `| ${kind} | ${cell(({ distance }) => distance)} | ${cell(({ accuracy }) => accuracy)} | ${cell(({ auc }) => auc)} |`,
    );
  }
  sayShifts(shifts);
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Dataset<Item>> {
  return datasetOf(await all(items));
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const kept: Item[] = [];
  for await (const item of items) kept.push(item);
  return kept;
}

function spread(values: readonly number[]): string {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (values.length === 1) return mean.toFixed(2);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return `${mean.toFixed(2)} ± ${Math.sqrt(squares / (values.length - 1)).toFixed(2)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
