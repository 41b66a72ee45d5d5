import { relative } from 'node:path';
import type { PlacedShard } from '@simgan/node';
import { commandLine } from './next-command.ts';

/** A shard that was written, with whole paths. */
interface WrittenShard {
  readonly shard: PlacedShard;
  readonly count: number;
  /** Inputs that are its part, where some are left out. Default: `count`. */
  readonly length?: number;
  /** The shard's own folder. */
  readonly folder: string;
  /** The folder that is to be merged. */
  readonly out: string;
}

/** The last word on a shard: lines for people, fields for machines. */
export function shardReport(
  what: string,
  { shard, count, length = count, folder, out }: WrittenShard,
  cwd: string,
): [string[], Record<string, unknown>] {
  const { start, total } = shard;
  const range = length > 0 ? `${start} to ${start + length - 1} of ${total}` : `none of ${total}`;
  const whole = shownPath(cwd, out);
  return [
    [
      `${count} ${what} (${range}) in ${shownPath(cwd, folder)}`,
      `Next, when all ${shard.count} shards are done: ${commandLine(['simgan-cli', 'merge', whole])}`,
    ],
    { out: whole, shard, count },
  ];
}

/** A path as people read it best: relative where it lies in the current folder. */
export function shownPath(cwd: string, path: string): string {
  const short = relative(cwd, path);
  return short.startsWith('..') ? path : short || '.';
}
