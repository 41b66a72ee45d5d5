import { SimganError } from '@simgan/core';
import type { Shard } from './shard.ts';

/** The variables by which a scheduler tells each task of an array which one it is. */
interface Scheduler {
  readonly name: string;
  /** Counted from `first`, or from 0. */
  readonly index: string;
  readonly count: string;
  readonly first?: string;
  /** The last index and the step between indices, where an array may have gaps. */
  readonly last?: string;
  readonly step?: string;
  /** What to do where there is an index and no count. */
  readonly withoutCount?: string;
}

const schedulers: readonly Scheduler[] = [
  {
    name: 'Kubernetes',
    index: 'JOB_COMPLETION_INDEX',
    count: 'JOB_COMPLETIONS',
    withoutCount:
      'An Indexed Job does not tell its pods how many they are: set JOB_COMPLETIONS to .spec.completions in their env.',
  },
  {
    name: 'SLURM',
    index: 'SLURM_ARRAY_TASK_ID',
    count: 'SLURM_ARRAY_TASK_COUNT',
    first: 'SLURM_ARRAY_TASK_MIN',
    last: 'SLURM_ARRAY_TASK_MAX',
    step: 'SLURM_ARRAY_TASK_STEP',
  },
  { name: 'AWS Batch', index: 'AWS_BATCH_JOB_ARRAY_INDEX', count: 'AWS_BATCH_JOB_ARRAY_SIZE' },
  { name: 'Cloud Run', index: 'CLOUD_RUN_TASK_INDEX', count: 'CLOUD_RUN_TASK_COUNT' },
];

/**
 * The shard of a task of an array job, as its scheduler says in the environment:
 *
 * | scheduler | index | count |
 * | --- | --- | --- |
 * | Kubernetes, Indexed Job | `JOB_COMPLETION_INDEX` | `JOB_COMPLETIONS`, which the manifest must set |
 * | SLURM, `--array` in steps of 1 | `SLURM_ARRAY_TASK_ID` less `SLURM_ARRAY_TASK_MIN` | `SLURM_ARRAY_TASK_COUNT` |
 * | AWS Batch, array job | `AWS_BATCH_JOB_ARRAY_INDEX` | `AWS_BATCH_JOB_ARRAY_SIZE` |
 * | Cloud Run job | `CLOUD_RUN_TASK_INDEX` | `CLOUD_RUN_TASK_COUNT` |
 *
 * @throws SimganError INVALID_ARGUMENT if no scheduler says anything, or what it says does not fit together.
 */
export function shardFromEnvironment(env: NodeJS.ProcessEnv = process.env): Shard {
  const present = schedulers.filter(({ index }) => isSet(env, index));
  const found = present.map((scheduler) => ({ scheduler, shard: read(scheduler, env) }));
  const [first, ...others] = found;
  if (!first) {
    const names = schedulers.map(({ name, index }) => `${index} (${name})`).join(', ');
    throw unclear(`none of ${names} is set: this is no task of an array job.`);
  }
  const other = others.find(
    ({ shard }) => shard.index !== first.shard.index || shard.count !== first.shard.count,
  );
  if (other) {
    const saying = [first, other].map(
      ({ scheduler: { name }, shard: { index, count } }) => `${name} says ${index}/${count}`,
    );
    throw unclear(`${saying.join(' and ')}.`);
  }
  return first.shard;
}

function read(scheduler: Scheduler, env: NodeJS.ProcessEnv): Shard {
  const { count: countName, index: indexName, withoutCount = '' } = scheduler;
  if (!isSet(env, countName)) {
    throw unclear(`${indexName} is set and ${countName} is not. ${withoutCount}`.trimEnd());
  }
  const number = (name: string | undefined, otherwise: number): number => {
    if (name === undefined || !isSet(env, name)) return otherwise;
    const text = env[name]!.trim();
    if (!/^\d{1,9}$/.test(text)) throw unclear(`${name} is ${JSON.stringify(text)}, not a whole number.`);
    return Number(text);
  };
  const [first, count] = [number(scheduler.first, 0), number(countName, 0)];
  const index = number(indexName, 0) - first;
  const last = number(scheduler.last, first + count - 1);
  if (number(scheduler.step, 1) !== 1 || last - first + 1 !== count) {
    throw unclear(
      `the array has gaps (${count} tasks from ${first} to ${last}), so its tasks cannot be told from those of a smaller array.`,
    );
  }
  if (index < 0 || index >= count) {
    throw unclear(
      `${indexName} is ${env[indexName]} and ${countName} is ${env[countName]}, which do not fit together.`,
    );
  }
  return { index, count };
}

function isSet(env: NodeJS.ProcessEnv, name: string): boolean {
  return (env[name] ?? '').trim() !== '';
}

function unclear(problem: string): SimganError {
  return new SimganError(
    'INVALID_ARGUMENT',
    `\`shard\` is auto, and ${problem} Pass the shard itself, such as \`shard\` 0/8.`,
  );
}
