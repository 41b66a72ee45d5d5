/** @file Decides what `augment` does to the pictures: as it was told, as it decided before, or as a comparison says. */
import { join } from 'node:path';
import { SimganError } from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import { climb, recommendation } from '../ladder/climb.ts';
import { type Decision, readDecision, writeDecision } from '../ladder/decision.ts';
import { quickJudging, rungJudge, taskToJudge } from '../ladder/judge-rungs.ts';
import type { JudgedTask } from '../ladder/judged-task.ts';
import { type RungMeans, rungMaker, stackOf } from '../ladder/prepare-rung.ts';
import { parseTreat, type RungName, rungsOf, treatText } from '../ladder/rungs.ts';
import { rawStack, type Stack } from '../ladder/stack.ts';
import { augmentFiles } from '../runs/run-folder.ts';
import type { AugmentOptions } from './augment-options.ts';

/** What was decided, ready to be done. */
export interface ChosenTreatment {
  readonly decision: Decision;
  readonly stack: Stack;
  /** What pictures are judged by, or why they cannot be. */
  readonly task: JudgedTask | string;
}

/** What deciding needs. */
type DecidingMeans = Omit<RungMeans, 'task'> & { readonly engine: Engine };

/** The options that only a training has a use for, of those that were given. */
export function trainingOptionsIn(options: AugmentOptions): string[] {
  const names = ['recipe', 'steps', 'batchSize', 'match', 'features', 'displacement'] as const;
  return names.filter((name) => options[name] !== undefined);
}

/**
 * Decides, and makes what was decided. A decision is kept in the folder: a resumed job does what it decided.
 *
 * @throws SimganError INVALID_ARGUMENT if the folder was begun with another treatment, or one that was named cannot be
 * made.
 */
export async function chooseTreatment(
  dir: string,
  options: AugmentOptions,
  means: DecidingMeans,
): Promise<ChosenTreatment> {
  const { job } = means;
  const file = join(dir, augmentFiles.treatment);
  const task = await taskToJudge(means.plugin, means);
  const wanted = wantedRungs(options, task);
  const before = options.existing === 'resume' ? await readDecision(file) : undefined;
  if (before) checkSame(before, wanted, dir);
  let chosen: Omit<ChosenTreatment, 'task'>;
  if (before || wanted.rungs !== 'auto') {
    const decision = before ?? { ...wanted, treat: treatText(wanted.rungs as readonly RungName[]) };
    const names = rungsOf(parseTreat(decision.treat)) as readonly RungName[];
    job.emit({ type: 'treatment', ...said(decision) });
    chosen = { decision: said(decision), stack: await namedStack(names, rungMaker({ ...means, task })) };
  } else {
    chosen = await judged({ ...means, task: task as JudgedTask });
    job.emit({ type: 'treatment', ...chosen.decision });
  }
  await writeDecision(file, chosen.decision);
  return { ...chosen, task };
}

interface Wanted {
  readonly rungs: readonly RungName[] | 'auto';
  readonly chosen: Decision['chosen'];
  readonly reason: string;
}

/** What the options ask for. */
function wantedRungs(options: AugmentOptions, task: JudgedTask | string): Wanted {
  const given = options.treat === undefined ? trainingOptionsIn(options) : [];
  if (given.length > 0) {
    return { rungs: ['refined'], chosen: 'by hand', reason: `Asked for by ${given.join(' and ')}.` };
  }
  const rungs = rungsOf(options.treat ?? 'auto');
  if (rungs !== 'auto') return { rungs, chosen: 'by hand', reason: 'Asked for by treat.' };
  if (typeof task !== 'string') return { rungs, chosen: 'judged', reason: '' };
  return { rungs: ['refined'], chosen: 'not judged', reason: `${task} They are refined, as by default.` };
}

/** A quick comparison of what can be done to these pictures. */
async function judged(
  means: DecidingMeans & { readonly task: JudgedTask },
): Promise<Omit<ChosenTreatment, 'task'>> {
  means.job.emit({ type: 'task', what: means.task.what, image: means.task.image });
  const make = rungMaker(means);
  const { judge, compare } = rungJudge({ ...means, judging: quickJudging });
  const found = await climb({
    // A training takes longer than all that is judged.
    prepare: async (name, standing) =>
      name === 'warped'
        ? { skipped: 'Skipped: compare tries it, which takes longer.' }
        : make(name, standing),
    judge,
    compare,
    onRung: ({ name, taken, reason }) => means.job.emit({ type: 'rung', name, taken, reason }),
  });
  const treat = treatText(found.stack.names);
  return { decision: { treat, chosen: 'judged', reason: recommendation(found) }, stack: found.stack };
}

async function namedStack(names: readonly RungName[], make: ReturnType<typeof rungMaker>): Promise<Stack> {
  const { stack, skipped } = await stackOf(names, make, rawStack);
  if (skipped.length === 0) return stack;
  const problems = skipped.map(({ name, reason }) => `\`treat\` ${name}: ${reason.replace('Skipped: ', '')}`);
  throw new SimganError('INVALID_ARGUMENT', problems.join(' '), { problems });
}

function checkSame(before: Decision, { rungs, chosen }: Wanted, dir: string): void {
  const isSame =
    rungs === 'auto'
      ? before.chosen === 'judged'
      : before.treat === treatText(rungs) && before.chosen === chosen;
  if (isSame) return;
  const now = rungs === 'auto' ? 'what is judged useful' : `${treatText(rungs)} (${chosen})`;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `The run in ${dir} was started with the treatment ${before.treat} (${before.chosen}) and would now get ${now}. Pass the same options, or replace the run.`,
  );
}

function said({ treat, chosen, reason }: Decision): Decision {
  return { treat, chosen, reason };
}
