import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SimganError } from '@simgan/core';
import type { DatasetFormat } from '@simgan/formats';
import type { WrittenFormat } from '../formats/dataset-copies.ts';
import { readConversion } from '../formats/format-folder.ts';
import type { Job } from '../runs/job.ts';
import { type Converted, convertedOf, removeConversionFiles } from '../shards/conversion-shard.ts';
import { findConversionDamage, findConversionShards } from '../shards/conversion-shards.ts';
import { throwProblems } from '../shards/find-shards.ts';
import { removeShards } from '../shards/remove-shards.ts';
import { SHARDS } from '../shards/shard.ts';
import { writeFormats } from './write-formats.ts';

/** Options of a merge that those of a conversion have as well. */
interface MergeConversionOptions {
  readonly to?: readonly string[] | undefined;
  readonly formats?: readonly DatasetFormat[] | undefined;
  readonly keep: boolean;
}

/** What a merge of a conversion's shards made. */
interface MergedConversion {
  readonly dir: string;
  /** Samples that could be read. */
  readonly count: number;
  /** Inputs that could not be read. */
  readonly rejects: number;
  readonly shards: number;
  readonly formats: readonly WrittenFormat[];
  readonly left: readonly string[];
}

/** Writes the formats of a conversion from its shards, every byte as one run writes it. */
export async function mergeConversion(
  out: string,
  { to = [], formats, keep }: MergeConversionOptions,
  job: Job,
): Promise<MergedConversion> {
  if (to.length > 0) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      '`to` has no place here: the shards of a conversion say which formats they become. Merge without it.',
    );
  }
  const { shards, problems } = await findConversionShards(out);
  throwProblems(out, problems);
  const sum = (key: 'count' | 'rejects') => shards.reduce((all, { manifest }) => all + manifest[key], 0);
  const [count, rejects] = [sum('count'), sum('rejects')];
  const { signal } = job;
  const update = job.progress('check', count);
  let done = 0;
  throwProblems(out, await findConversionDamage(shards, { onPicture: () => update(++done), signal }));
  async function* all(): AsyncGenerator<Converted> {
    for (const { dir } of shards) yield* convertedOf(dir, signal);
  }
  const { to: names, provenance } = shards[0]!.manifest;
  const written = await writeFormats(
    all(),
    {
      to: names,
      formats,
      out,
      provenance: provenance as never,
      existing: 'same',
      companions: [SHARDS],
      length: count + rejects,
    },
    job,
  );
  const left = keep ? [] : await removeShards(out, shards, removeConversionFiles);
  return { dir: out, count, rejects, shards: shards.length, formats: written, left };
}

/**
 * What an earlier merge left, which removed the shards; `undefined` if there was none. Which inputs no format could hold
 * is not known any more: `count` is that of the format that holds most.
 */
export async function mergedConversion(out: string): Promise<MergedConversion | undefined> {
  const names = await readdir(out).catch(() => []);
  const formats: WrittenFormat[] = [];
  for (const dir of [out, ...names.sort().map((name) => join(out, name))]) {
    const { to: format, count, rejects, provenance } = (await readConversion(dir)) ?? {};
    const isFormatHere = dir === out || basename(dir) === format;
    if (format === undefined || !isFormatHere || provenance?.made !== 'converted') continue;
    formats.push({ format, dir, count: count!, rejects: rejects! });
    if (dir === out) break;
  }
  if (formats.length === 0) return undefined;
  const count = Math.max(...formats.map((one) => one.count));
  const rejects = Math.min(...formats.map((one) => one.rejects));
  return { dir: out, count, rejects, shards: 0, formats, left: [] };
}
