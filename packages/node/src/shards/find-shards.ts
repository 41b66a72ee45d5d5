/** @file The shards in an output folder, and everything that keeps them from being one dataset. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SimganError } from '@simgan/core';
import { BEGUN_MANIFEST, MANIFEST, readManifest } from '../datasets/dataset-format.ts';
import { reasonOf } from '../files/reject.ts';
import { formatShard, SHARDS, type Shard, shardName, shardNamed } from './shard.ts';
import { findPictureProblems, findTextProblems } from './shard-content.ts';
import { isShardManifest, type ShardManifest, wholeHeader } from './shard-manifest.ts';

/** A complete shard. */
export interface FoundShard<Manifest = ShardManifest> {
  readonly dir: string;
  readonly name: string;
  readonly manifest: Manifest;
}

/** The shards of an output folder. */
export interface FoundShards<Manifest = ShardManifest> {
  /** Those that are complete and agree with each other, in order. */
  readonly shards: readonly FoundShard<Manifest>[];
  /** What is missing or does not belong here, a sentence each. */
  readonly problems: readonly string[];
}

/**
 * The shards in an output folder by what their manifests say; their files are not looked at. There is none where the
 * folder has no `shards`.
 *
 * @throws SimganError INVALID_FILE if the folder cannot be listed.
 */
export async function findShards(out: string): Promise<FoundShards> {
  return findShardsOf(out, readShard, sharedBy);
}

/**
 * The same for shards of any kind.
 *
 * @param read - the manifest of a complete shard, or why the folder is none, to stand behind its name.
 * @param shared - what all shards of a dataset have in common.
 */
export async function findShardsOf<Manifest>(
  out: string,
  read: (dir: string, shard: Shard) => Promise<Manifest | string>,
  shared: (manifest: Manifest) => object,
): Promise<FoundShards<Manifest>> {
  const named = await listShards(join(out, SHARDS));
  const count = mostFrequent(named.map((shard) => shard.count));
  if (count === undefined) return { shards: [], problems: [] };
  const problems: string[] = [];
  const complete: FoundShard<Manifest>[] = [];
  for (const shard of named) {
    const name = shardName(shard);
    const dir = join(out, SHARDS, name);
    if (shard.count !== count) {
      problems.push(
        `${name} is a shard of another dataset: most shards here are of ${count}. Move it away or delete it.`,
      );
      continue;
    }
    const found = await read(dir, shard);
    if (typeof found === 'string') problems.push(`${name} ${found}`);
    else complete.push({ dir, name, manifest: found });
  }
  const traits = complete.map(({ manifest }) => JSON.stringify(shared(manifest)));
  const usual = traits.indexOf(mostFrequent(traits) ?? '');
  const shards = complete.filter(({ name, manifest }, index) => {
    if (traits[index] === traits[usual]) return true;
    const other = complete[usual]!;
    const differences = differencesBetween(shared(manifest), shared(other.manifest));
    problems.push(
      `${name} was made with other settings than ${other.name}: ${differences.join('; ')}. Run it again with the same settings, and allow it to be replaced.`,
    );
    return false;
  });
  const present = named.filter((shard) => shard.count === count).map(({ index }) => index);
  const missing = missingRanges(present, count);
  if (missing.length > 0) {
    const listed = missing.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(', ');
    const first = formatShard({ index: missing[0]![0], count });
    problems.push(
      `Missing shards, of ${count} counted from 0: ${listed}. Run them, the first with \`shard\` ${first}.`,
    );
  }
  return { shards, problems };
}

/**
 * Everything that is wrong with the files of complete shards, a sentence for each shard and kind.
 *
 * @param onPicture - called after each picture.
 */
export async function findDamage(
  shards: readonly FoundShard[],
  { onPicture, signal }: { onPicture?: (() => void) | undefined; signal?: AbortSignal | undefined } = {},
): Promise<string[]> {
  const problems: string[] = [];
  for (const { dir, name, manifest } of shards) {
    const ofTexts = await findTextProblems(dir, manifest, signal);
    // Where the lines cannot be relied on, their pictures say nothing.
    const all = ofTexts.length > 0 ? ofTexts : await findPictureProblems(dir, { onPicture, signal });
    if (all.length === 0) continue;
    problems.push(`${name} is damaged: ${all.join('; ')}. ${runAgain(manifest.shard)}`);
  }
  return problems;
}

/** @throws SimganError INVALID_FILE with all problems, if there are any. */
export function throwProblems(out: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  const lines = [`The shards in ${join(out, SHARDS)} cannot be merged.`, ...problems];
  throw new SimganError('INVALID_FILE', lines.join(' '), { problems: lines });
}

async function listShards(dir: string): Promise<Shard[]> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new SimganError('INVALID_FILE', `${dir} cannot be read. ${reasonOf(error)}`, { cause: error });
  });
  return names
    .flatMap((name) => shardNamed(name) ?? [])
    .sort((a, b) => a.count - b.count || a.index - b.index);
}

/** The manifest of a complete shard, or why the folder is none. */
async function readShard(dir: string, shard: Shard): Promise<ShardManifest | string> {
  try {
    const manifest = await readManifest(dir, MANIFEST);
    if (!manifest) {
      const hasBegun = (await readManifest(dir, BEGUN_MANIFEST)) !== undefined;
      return `is not complete: ${hasBegun ? 'its writing was interrupted, or still goes on' : `it has no ${MANIFEST}`}. ${runAgain(shard)}`;
    }
    if (!isShardManifest(manifest)) return `is no shard: its ${MANIFEST} does not say so. Move it away.`;
    const { index, count } = manifest.shard;
    return index === shard.index && count === shard.count
      ? manifest
      : `holds another shard, ${formatShard(manifest.shard)}. Move it to where it belongs.`;
  } catch (error) {
    if (!(error instanceof SimganError)) throw error;
    return `cannot be used: ${error.message}`;
  }
}

/** What mends a shard. */
export function runAgain(shard: Shard): string {
  return `Run it again with \`shard\` ${formatShard(shard)}; what is usable of it stays.`;
}

/** What all shards of a dataset have in common. */
function sharedBy(manifest: ShardManifest) {
  const { shard, pluginOptions, rendererParameters } = manifest;
  return { ...wholeHeader(manifest), pluginOptions, rendererParameters, samples: shard.total };
}

/** Where two values differ: `provenance.seed is 2, and 1 there`. */
function differencesBetween(one: unknown, other: unknown, path = ''): string[] {
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  if (!isObject(one) || !isObject(other)) {
    return [
      `${path} is ${JSON.stringify(one) ?? 'not set'}, and ${JSON.stringify(other) ?? 'not set'} there`,
    ];
  }
  return Object.keys({ ...other, ...one }).flatMap((key) =>
    differencesBetween(one[key], other[key], path ? `${path}.${key}` : key),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value that comes most often, the first of several; `undefined` if there is none. */
function mostFrequent<Value>(values: readonly Value[]): Value | undefined {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let most: Value | undefined;
  for (const [value, count] of counts) if (count > (counts.get(most as Value) ?? 0)) most = value;
  return most;
}

/** The indices below `count` that are not among ascending ones, as ranges from first to last. */
function missingRanges(present: readonly number[], count: number): [number, number][] {
  const ranges: [number, number][] = [];
  let next = 0;
  for (const index of [...present, count]) {
    if (index > next) ranges.push([next, index - 1]);
    next = index + 1;
  }
  return ranges;
}
