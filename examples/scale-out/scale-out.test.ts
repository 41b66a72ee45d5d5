/** @file Whether schedulers and our command line would accept the examples. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { shardFromEnvironment } from '@simgan/node';
import { Job } from 'kubernetes-models/batch/v1';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import type { Command } from '../../packages/cli/src/command.ts';
import { augmentVerb } from '../../packages/cli/src/commands/augment.ts';
import { mergeVerb } from '../../packages/cli/src/commands/merge.ts';
import { readOptions } from '../../packages/cli/src/options.ts';

const call = promisify(execFile);
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The parts of a Job's manifest that are looked at. */
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly completionMode?: string;
    readonly completions?: number;
    readonly parallelism?: number;
    readonly template: { readonly spec: PodSpec };
  };
}

interface PodSpec {
  readonly restartPolicy: string;
  readonly containers: readonly {
    readonly command: readonly string[];
    readonly env?: readonly { readonly name: string; readonly value: string }[];
    readonly volumeMounts: readonly { readonly name: string }[];
  }[];
  readonly volumes: readonly { readonly name: string }[];
}

async function readJob(name: string): Promise<Manifest> {
  const manifest = parse(await readFile(path(name), 'utf8')) as Manifest;
  expect(manifest).toMatchObject({ apiVersion: 'batch/v1', kind: 'Job' });
  // By the schema of Kubernetes' own API.
  new Job(manifest as ConstructorParameters<typeof Job>[0]).validate();
  expect(manifest.metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  const { restartPolicy, containers, volumes } = manifest.spec.template.spec;
  expect(restartPolicy).toBe('Never');
  const mounted = containers.flatMap(({ volumeMounts }) => volumeMounts.map((mount) => mount.name));
  expect(volumes.map((volume) => volume.name)).toEqual(mounted);
  return manifest;
}

/** What our command line reads in the words of a command; fails if it would refuse them. */
function understood([program, name, ...args]: readonly string[], command: Command): Record<string, unknown> {
  expect([program, name]).toEqual(['simgan-cli', command.name]);
  return readOptions(command.options, args);
}

test('the Kubernetes job is an Indexed Job whose pods find their shards', async () => {
  const { spec } = await readJob('kubernetes.yaml');
  expect(spec).toMatchObject({ completionMode: 'Indexed', completions: 8 });
  expect(spec.parallelism).toBeLessThanOrEqual(spec.completions!);
  const [container, ...others] = spec.template.spec.containers;
  const { command, env } = container!;
  expect(others).toEqual([]);
  const values = understood(command, augmentVerb);
  expect(values).toMatchObject({ refiner: 'runs/eyes', engine: 'onnx', device: 'cpu', shard: 'auto' });
  const shards = Array.from({ length: spec.completions! }, (_, index) =>
    shardFromEnvironment({
      ...Object.fromEntries(env!.map(({ name, value }) => [name, value])),
      // Kubernetes sets it.
      JOB_COMPLETION_INDEX: String(index),
    }),
  );
  expect(shards).toEqual(shards.map((_, index) => ({ index, count: 8 })));

  const merge = await readJob('merge.yaml');
  const [merging] = merge.spec.template.spec.containers;
  expect(understood(merging!.command, mergeVerb)).toMatchObject({ out: values.out });
});

test('the schema of Kubernetes finds what is missing and of the wrong type', async () => {
  const sound = await readFile(path('kubernetes.yaml'), 'utf8');
  for (const [from, to, problem] of [
    ['completions: 8', 'completions: "8"', 'completions must be integer'],
    ['value: "8"', 'value: 8', 'value must be string'],
    ['mountPath: /data', 'mountpath: /data', 'must have required property mountPath'],
  ] as const) {
    const damaged = parse(sound.replace(from, to)) as ConstructorParameters<typeof Job>[0];
    expect(() => new Job(damaged).validate(), to).toThrow(problem);
  }
});

test('the SLURM script is valid, and its command finds its shard', async () => {
  const script = path('slurm.sh');
  await call('bash', ['-n', script]);
  const text = await readFile(script, 'utf8');
  expect(text).toMatch(/^#!\/bin\/bash\n/);
  // SLURM reads its options up to the first command.
  const [head] = text.split('set -euo pipefail');
  const given = new Set([...head!.matchAll(/^#SBATCH (--[a-z-]+)/gm)].map(([, option]) => option));
  for (const option of ['--array', '--requeue', '--cpus-per-task', '--open-mode'])
    expect(given).toContain(option);
  const [, last] = /^#SBATCH --array=0-(\d+)$/m.exec(head!)!;
  const bin = await mkdtemp(join(tmpdir(), 'simgan-example-'));
  onTestFinished(() => rm(bin, { recursive: true, force: true }));
  await writeFile(join(bin, 'simgan-cli'), '#!/bin/sh\nprintf "%s\\n" simgan-cli "$@"\n');
  await chmod(join(bin, 'simgan-cli'), 0o755);
  const scheduler = {
    SLURM_CPUS_PER_TASK: '4',
    SLURM_ARRAY_TASK_ID: '3',
    SLURM_ARRAY_TASK_MIN: '0',
    SLURM_ARRAY_TASK_MAX: last!,
    SLURM_ARRAY_TASK_STEP: '1',
    SLURM_ARRAY_TASK_COUNT: String(Number(last) + 1),
  };
  const env = { PATH: `${bin}:${process.env.PATH}`, REFINER: 'my runs/eyes', OUT: 'out', COUNT: '1000' };
  const { stdout } = await call('bash', [script], { env: { ...env, ...scheduler } });
  expect(understood(stdout.trimEnd().split('\n'), augmentVerb)).toMatchObject({
    refiner: 'my runs/eyes',
    count: 1000,
    out: 'out',
    threads: 4,
    shard: 'auto',
  });
  expect(shardFromEnvironment(scheduler)).toEqual({ index: 3, count: 8 });
  await expect(call('bash', [script], { env: { ...scheduler, PATH: env.PATH } })).rejects.toThrow('REFINER');
});
