/** @file What `dataset.json` says of a shard beside what it says of every dataset. */
import { z } from 'zod';
import type { DatasetHeader, DatasetManifest, JsonObject } from '../datasets/dataset-format.ts';
import { endOf, type PlacedShard, placeShard } from './shard.ts';

/** The fields of a shard's `dataset.json` that the whole dataset's has not. */
export interface ShardHeader {
  /** Which shard it is of a dataset of how many samples. */
  readonly shard: PlacedShard;
  /** Options of the plugin that made it: shards of different options are not merged. */
  readonly pluginOptions: JsonObject;
}

/** `dataset.json` of a shard. */
export type ShardManifest = DatasetManifest & ShardHeader;

const shardHeader = z.object({
  shard: z.object({
    index: z.int().nonnegative(),
    count: z.int().positive(),
    start: z.int().nonnegative(),
    total: z.int().nonnegative(),
  }),
  pluginOptions: z.record(z.string(), z.json()),
});

/** Options of a plugin as a file keeps them. */
export function storedOptions(options: Readonly<Record<string, unknown>>): JsonObject {
  return JSON.parse(JSON.stringify(options)) as JsonObject;
}

/** Whether a manifest is that of a shard, and the shard has as many samples as is its part. */
export function isShardManifest(manifest: DatasetManifest): manifest is ShardManifest {
  const { success, data } = shardHeader.safeParse(manifest);
  if (!success || data.shard.index >= data.shard.count) return false;
  const { shard } = data;
  return (
    shard.start === placeShard(shard, shard.total).start && manifest.count === endOf(shard) - shard.start
  );
}

/** The header of the whole dataset that a shard is part of: its own without what is true of the shard alone. */
export function wholeHeader(manifest: ShardManifest): DatasetHeader {
  const { shard: _, pluginOptions: __, count: ___, rejects: ____, metadataSha256: _____, ...header } = manifest;
  return header;
}

/** A manifest, whole or begun, as the writer of datasets writes it. */
export function manifestText(manifest: DatasetHeader): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
