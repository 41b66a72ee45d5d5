import { expect, test } from 'vitest';
import { shardFromEnvironment } from './environment.ts';

const kubernetes = { JOB_COMPLETION_INDEX: '3', JOB_COMPLETIONS: '8' };
const slurm = {
  SLURM_ARRAY_TASK_ID: '3',
  SLURM_ARRAY_TASK_MIN: '0',
  SLURM_ARRAY_TASK_MAX: '7',
  SLURM_ARRAY_TASK_STEP: '1',
  SLURM_ARRAY_TASK_COUNT: '8',
};
const batch = { AWS_BATCH_JOB_ARRAY_INDEX: '3', AWS_BATCH_JOB_ARRAY_SIZE: '8' };
const cloudRun = { CLOUD_RUN_TASK_INDEX: '3', CLOUD_RUN_TASK_COUNT: '8' };

test.each([
  ['Kubernetes', kubernetes, '3/8'],
  ['the first pod', { JOB_COMPLETION_INDEX: '0', JOB_COMPLETIONS: '1' }, '0/1'],
  ['SLURM', slurm, '3/8'],
  [
    'SLURM, counted from 1',
    { ...slurm, SLURM_ARRAY_TASK_ID: '8', SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_MAX: '8' },
    '7/8',
  ],
  ['SLURM without a last task', { ...slurm, SLURM_ARRAY_TASK_MAX: undefined }, '3/8'],
  ['AWS Batch', batch, '3/8'],
  ['Cloud Run', cloudRun, '3/8'],
  ['two schedulers that agree', { ...kubernetes, ...batch }, '3/8'],
  ['a scheduler whose variables are empty beside another', { ...slurm, JOB_COMPLETION_INDEX: '' }, '3/8'],
])('reads what %s says', (_, env, expected) => {
  const { index, count } = shardFromEnvironment(env);
  expect(`${index}/${count}`).toBe(expected);
});

test.each<[string, Record<string, string>, string]>([
  ['nothing', {}, 'none of JOB_COMPLETION_INDEX (Kubernetes), SLURM_ARRAY_TASK_ID (SLURM)'],
  ['a count alone', { JOB_COMPLETIONS: '8' }, 'this is no task of an array job'],
  [
    'Kubernetes without a count',
    { JOB_COMPLETION_INDEX: '3' },
    'JOB_COMPLETION_INDEX is set and JOB_COMPLETIONS is not. An Indexed Job does not tell its pods how many they are: set JOB_COMPLETIONS to .spec.completions in their env.',
  ],
  [
    'SLURM without a count',
    { SLURM_ARRAY_TASK_ID: '3' },
    'SLURM_ARRAY_TASK_ID is set and SLURM_ARRAY_TASK_COUNT is not.',
  ],
  ['an index beyond the count', { ...batch, AWS_BATCH_JOB_ARRAY_INDEX: '8' }, 'do not fit together'],
  ['no task at all', { ...cloudRun, CLOUD_RUN_TASK_COUNT: '0' }, 'do not fit together'],
  ['a word', { ...batch, AWS_BATCH_JOB_ARRAY_SIZE: 'eight' }, 'AWS_BATCH_JOB_ARRAY_SIZE is "eight"'],
  ['a negative number', { ...cloudRun, CLOUD_RUN_TASK_INDEX: '-1' }, 'CLOUD_RUN_TASK_INDEX is "-1"'],
  ['SLURM in steps of 2', { ...slurm, SLURM_ARRAY_TASK_STEP: '2' }, 'the array has gaps'],
  [
    'SLURM with some tasks only',
    { ...slurm, SLURM_ARRAY_TASK_COUNT: '2' },
    'the array has gaps (2 tasks from 0 to 7)',
  ],
  [
    'SLURM below its first task',
    { ...slurm, SLURM_ARRAY_TASK_MIN: '4', SLURM_ARRAY_TASK_MAX: '11' },
    'fit together',
  ],
  [
    'two schedulers that disagree',
    { ...slurm, ...kubernetes, JOB_COMPLETION_INDEX: '4' },
    'Kubernetes says 4/8 and SLURM says 3/8.',
  ],
])('refuses %s', (_, env, problem) => {
  expect(() => shardFromEnvironment(env)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(
        /^`shard` is auto, and .* Pass the shard itself, such as `shard` 0\/8\.$/,
      ),
    }),
  );
  expect(() => shardFromEnvironment(env)).toThrow(problem);
});
