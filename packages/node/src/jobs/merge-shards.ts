import { join } from 'node:path';
import { type Plugin, type Reject, SimganError } from '@simgan/core';
import {
  type DatasetHeader,
  type DatasetManifest,
  type JsonObject,
  MANIFEST,
  REJECTS,
  readManifest,
} from '../datasets/dataset-format.ts';
import { inspectOutput, type OutputFolder, someOf } from '../datasets/output-folder.ts';
import { lockFolder } from '../files/folder-lock.ts';
import { readLines } from '../files/read-lines.ts';
import { type CopyOptions, checkCopies, copyDataset, type WrittenFormat } from '../formats/dataset-copies.ts';
import { describeDataset } from '../formats/describe-dataset.ts';
import type { JobOptions } from '../runs/events.ts';
import { choosePlugin, type Job, startJob } from '../runs/job.ts';
import { augmentFiles } from '../runs/run-folder.ts';
import { areConversionShards } from '../shards/conversion-shards.ts';
import { type FoundShard, findDamage, findShards, throwProblems } from '../shards/find-shards.ts';
import { compareJoined, joinShards } from '../shards/join-shards.ts';
import { removeShards } from '../shards/remove-shards.ts';
import { SHARDS } from '../shards/shard.ts';
import { findTextProblems } from '../shards/shard-content.ts';
import { headerOf, wholeHeader } from '../shards/shard-manifest.ts';
import { mergeConversion, mergedConversion } from './merge-conversion.ts';

/** Options for {@link mergeShards}. */
export interface MergeShardsOptions extends JobOptions, CopyOptions {
  /** The plugin whose labels other formats get. Default: the one that the dataset names, if it is installed. */
  readonly plugin?: string | Plugin | undefined;
  /** Whether the shards stay once the dataset is complete. Their pictures take no space of their own. Default: false. */
  readonly keep?: boolean | undefined;
}

/** What {@link mergeShards} merged. */
export interface MergedDataset {
  /** The whole path of the dataset. */
  readonly dir: string;
  /** Samples in the dataset. */
  readonly count: number;
  /** Inputs that were left out, listed in its `rejects.jsonl`. */
  readonly rejects: number;
  /** How many shards there were; 0 if they had been merged and removed before. */
  readonly shards: number;
  /** The dataset in other formats. */
  readonly formats: readonly WrittenFormat[];
  /** Folders of shards that were to be removed and hold files of others. */
  readonly left: readonly string[];
}

/**
 * Merges the shards that `augment` or `simulateDataset` wrote to `dir/shards` into the dataset that one run would have
 * written: `dir/dataset`, or for simulated samples `dir` itself. Every byte is the same.
 *
 * First everything is verified: that all shards are there, complete and made alike, and that every file is what was
 * written. Pictures are then linked, or copied where the file system has no hard links, and the shards removed unless
 * they are kept. Shards of `convertDataset` become the formats that they were made for, in `dir`. It may be interrupted and repeated at any time. The time it takes grows linearly with the dataset, and
 * memory does not grow.
 *
 * @param dir - the folder that was the shards' `out`.
 * @throws SimganError INVALID_FILE naming everything that is missing, damaged or differs; OUTPUT_EXISTS if something
 * else is where the dataset is to be, OUTPUT_LOCKED, OUTPUT_FAILED; the signal's reason if it aborts.
 * @example
 * ```ts no-run
 * for (let index = 0; index < 8; index++) {
 *   // Each on a machine of its own, in any order.
 *   await augment({ refiner: 'runs/eyes', count: 100_000, out: 'eyes-refined', shard: { index, count: 8 } });
 * }
 * const { dir, count } = await mergeShards('eyes-refined');
 * ```
 */
export async function mergeShards(dir: string, options: MergeShardsOptions = {}): Promise<MergedDataset> {
  const { keep = false } = options;
  const job = startJob(options);
  const { signal } = job;
  const out = job.path(dir);
  signal?.throwIfAborted();
  if (await areConversionShards(out)) return mergeConversion(out, { ...options, keep }, job);
  await checkCopies(out, options, 'resume');
  const { shards, problems } = await findShards(out);
  const [first] = shards;
  if (!first) {
    throwProblems(out, problems);
    const converted = await mergedConversion(out);
    if (converted) return converted;
    const merged = await mergedBefore(out);
    const manifest = (await readManifest(merged.dir, MANIFEST))!;
    const plugin = await pluginOf(manifest, {}, options, job);
    return { ...merged, formats: await copyMerged(out, merged, plugin, options, job) };
  }
  const plugin = await pluginOf(first.manifest, first.manifest.pluginOptions, options, job);
  const { made } = first.manifest.provenance;
  const target = made === 'refined' ? join(out, augmentFiles.dataset) : out;
  const companions = target === out ? [SHARDS] : [];
  // First without the lock, so that nothing is touched in a folder that is not ours to write to.
  refuseUnwanted(target, await inspectOutput(target, companions), first);
  const lock = await lockFolder(target);
  try {
    const existing = await readManifest(target, MANIFEST);
    const state = existing && (await compareJoined(target, existing, shards, signal));
    if (state === 'other') throw inTheWay(target, 'a dataset that is not made of these shards');
    const merge = async (): Promise<DatasetManifest> => {
      const total = shards.reduce((sum, { manifest }) => sum + manifest.count, 0);
      const counter = (phase: 'check' | 'merge') => {
        const update = job.progress(phase, total);
        let done = 0;
        return () => update(++done);
      };
      const damage = await findDamage(shards, { onPicture: counter('check'), signal });
      throwProblems(out, [...problems, ...damage]);
      return joinShards(target, shards, { onPicture: counter('merge'), signal });
    };
    const { count, rejects } = state === 'joined' ? existing! : await merge();
    const merged = { dir: target, count, rejects, shards: shards.length };
    const formats = await copyMerged(out, merged, plugin, options, job);
    await describeMerged(out, target, (await readManifest(target, MANIFEST))!);
    const left = keep ? [] : await removeShards(out, shards);
    return { ...merged, formats, left };
  } finally {
    await lock.release();
  }
}

/** The plugin of a dataset's labels, if they are to be written in other formats. */
async function pluginOf(
  manifest: DatasetHeader,
  pluginOptions: JsonObject,
  { plugin, to = [] }: MergeShardsOptions,
  job: Job,
): Promise<Plugin | undefined> {
  if (to.length === 0) return undefined;
  const { plugin: named = manifest.plugin } = manifest.provenance;
  return (await choosePlugin({ plugin: plugin ?? String(named), pluginOptions }, job)).plugin;
}

/** Describes a merged dataset where one run describes it; what a run measures of labels is not known here. */
function describeMerged(out: string, target: string, { plugin }: DatasetManifest): Promise<void> {
  return target === out
    ? describeDataset(out, { name: `${plugin}-synthetic` })
    : describeDataset(out, { name: `${plugin}-augmented`, within: augmentFiles.dataset });
}

/** Writes the merged dataset in other formats. */
async function copyMerged(
  out: string,
  { dir, count }: Pick<MergedDataset, 'dir' | 'count'>,
  plugin: Plugin | undefined,
  options: MergeShardsOptions,
  job: Job,
): Promise<readonly WrittenFormat[]> {
  const manifest = await readManifest(dir, MANIFEST);
  if (!manifest || !plugin) return [];
  const update = job.progress('convert', count);
  let done = 0;
  return copyDataset(dir, {
    ...options,
    out,
    schema: manifest.annotations === 'plugin' ? plugin.annotation : undefined,
    name: plugin.name,
    provenance: manifest.provenance,
    rejects: await readRejects(dir),
    onSample: () => update(++done),
    signal: job.signal,
  });
}

async function readRejects(dir: string): Promise<Reject[]> {
  const rejects: Reject[] = [];
  for await (const line of readLines(join(dir, REJECTS))) {
    if ('text' in line && line.text !== '') rejects.push(JSON.parse(line.text) as Reject);
  }
  return rejects;
}

/** What an earlier merge left, which removed the shards: whoever repeats it is told the same. */
async function mergedBefore(out: string): Promise<Omit<MergedDataset, 'formats'>> {
  for (const dir of [join(out, augmentFiles.dataset), out]) {
    const manifest = await readManifest(dir, MANIFEST);
    if (!manifest || (await findTextProblems(dir, manifest)).length > 0) continue;
    return { dir, count: manifest.count, rejects: manifest.rejects, shards: 0, left: [] };
  }
  throw new SimganError(
    'INVALID_ARGUMENT',
    `There are no shards in ${join(out, SHARDS)}. Merge the folder that was \`out\` when they were made.`,
  );
}

function refuseUnwanted(target: string, found: OutputFolder, { manifest }: FoundShard): void {
  if (found.state === 'free') return;
  if (found.state === 'foreign') throw inTheWay(target, `files of others (${someOf(found.files)})`);
  if (JSON.stringify(headerOf(found.header)) === JSON.stringify(wholeHeader(manifest))) return;
  throw inTheWay(target, 'a dataset that was made with other settings');
}

function inTheWay(target: string, what: string): SimganError {
  return new SimganError(
    'OUTPUT_EXISTS',
    `${target}, where the merged dataset is to be, holds ${what}. Nothing was changed; move it away, then merge again.`,
  );
}
