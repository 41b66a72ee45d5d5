import { type Plugin, spreadItems } from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import type { PseudoLabeled } from '@simgan/core/evaluation';
import type { JudgedTask } from '../ladder/judged-task.ts';
import { labelReal } from '../ladder/pseudo-labeled.ts';
import { type Stack, treatedFor, withoutRandomization } from '../ladder/stack.ts';
import type { Job } from '../runs/job.ts';
import type { RealSource, SyntheticSource } from '../runs/sources.ts';

/** Samples that the networks which label learn from, at most. */
const LEARNED_FROM = 4000;

/** Labels the real pictures of a job by what networks learn from its treated samples. */
export async function labelAllReal(
  {
    plugin,
    task,
    stack,
    synthetic,
    real,
    engine,
    seed,
  }: {
    readonly plugin: Plugin;
    readonly task: JudgedTask;
    readonly stack: Stack;
    readonly synthetic: SyntheticSource;
    readonly real: RealSource;
    readonly engine: Engine;
    readonly seed: number;
  },
  job: Job,
): Promise<PseudoLabeled<unknown>> {
  const learnedFrom = spreadItems(synthetic.training, LEARNED_FROM);
  const { judged: samples } = await treatedFor(task, withoutRandomization(stack), learnedFrom);
  const { steps } = task.estimator.recipe;
  let update: ((done: number) => void) | undefined;
  return labelReal({
    ...{ plugin, task, engine, seed, steps, samples, real: real.images, signal: job.signal },
    onStep(done, total) {
      update ??= job.progress('label', total);
      update(done);
    },
  });
}
