import { SimganError } from '@simgan/core';
import { shardFromEnvironment } from './environment.ts';
import type { Shard } from './shard.ts';

/**
 * The shard that is meant: an object as it is, a text such as `3/8`, or with `auto` what the scheduler says in the
 * environment (see {@link shardFromEnvironment}).
 *
 * @throws SimganError INVALID_ARGUMENT if it is none.
 */
export function shardOf(shard: Shard | string, env: NodeJS.ProcessEnv = process.env): Shard {
  if (shard === 'auto') return shardFromEnvironment(env);
  const { index, count } = typeof shard === 'string' ? parse(shard) : shard;
  const isShard = Number.isSafeInteger(count) && Number.isSafeInteger(index) && index >= 0 && index < count;
  if (isShard) return { index, count };
  const received = typeof shard === 'string' ? JSON.stringify(shard) : `index ${index}, count ${count}`;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `\`shard\` must be auto or I/N, such as 0/8 for the first and 7/8 for the last of 8 shards, but is ${received}.`,
  );
}

function parse(text: string): Shard {
  const [, index, count] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  return { index: Number(index), count: Number(count) };
}

/** @throws SimganError INVALID_ARGUMENT if a shard is to be written in other formats, which hold whole datasets. */
export function checkShardCopies({
  shard,
  to = [],
}: {
  readonly shard?: Shard | string | undefined;
  readonly to?: readonly string[] | undefined;
}): void {
  if (shard === undefined || to.length === 0) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    '`to` has no place beside `shard`: other formats hold the whole dataset. Pass it when the shards are merged.',
  );
}
