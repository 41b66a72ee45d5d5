import { join } from 'node:path';

/** One of several parts of a dataset that are made independently, on as many machines, and merged afterwards. */
export interface Shard {
  /** Which part it is, an integer in [0, count). */
  readonly index: number;
  /** How many parts there are, an integer of at least 1. */
  readonly count: number;
}

/** A shard and the samples that are its part: those from `start` on, of `total` in the whole dataset. */
export interface PlacedShard extends Shard {
  /** The index in the whole dataset of the shard's first sample. */
  readonly start: number;
  /** Samples in the whole dataset. */
  readonly total: number;
}

/** The folder within an output folder that holds the shards. */
export const SHARDS = 'shards';

/** The part of a dataset of `total` samples that a shard is: contiguous, and within one sample as long as the others. */
export function placeShard({ index, count }: Shard, total: number): PlacedShard {
  return { index, count, start: startOf(index, count, total), total };
}

/** The index of the first sample behind a shard. */
export function endOf({ index, count, total }: PlacedShard): number {
  return startOf(index + 1, count, total);
}

function startOf(index: number, count: number, total: number): number {
  return Math.floor((index * total) / count);
}

/** A shard as it is written on the command line: `3/8`. */
export function formatShard({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/** The name of a shard's folder: `0003-of-0008`. */
export function shardName({ index, count }: Shard): string {
  return `${digits(index)}-of-${digits(count)}`;
}

/** The folder of a shard of the dataset that is written to `out`. */
export function shardFolder(out: string, shard: Shard): string {
  return join(out, SHARDS, shardName(shard));
}

/** The shard that a folder's name says; `undefined` for other names. */
export function shardNamed(name: string): Shard | undefined {
  const [, index, count] = /^(\d{4,9})-of-(\d{4,9})$/.exec(name) ?? [];
  if (index === undefined) return undefined;
  const shard = { index: Number(index), count: Number(count) };
  return shardName(shard) === name ? shard : undefined;
}

function digits(value: number): string {
  return String(value).padStart(4, '0');
}
