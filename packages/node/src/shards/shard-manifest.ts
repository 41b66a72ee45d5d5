/** @file What `dataset.json` says of a shard beside what it says of every dataset. */
import { z } from 'zod';
import type { DatasetHeader, DatasetManifest, JsonObject } from '../datasets/dataset-format.ts';
import { endOf, type PlacedShard, placeShard } from './shard.ts';

/** The fields of a shard's `dataset.json` that the whole dataset's has not. */
export interface ShardHeader {
  /** Which shard it is of a dataset of how many samples. */
  readonly shard: PlacedShard;
  /** Options of the plugin, and parameters of a renderer, that made it: shards of different ones are not merged. */
  readonly pluginOptions: JsonObject;
  readonly rendererParameters?: JsonObject;
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
  rendererParameters: z.record(z.string(), z.json()).optional(),
});

/** What a shard is made with, beside its provenance. */
export interface ShardOptions {
  readonly pluginOptions: Readonly<Record<string, unknown>>;
  readonly rendererParameters?: Readonly<Record<string, unknown>> | undefined;
}

/** The header of a shard, as a file keeps it. */
export function shardHeaderOf(
  shard: PlacedShard,
  { pluginOptions, rendererParameters }: ShardOptions,
): ShardHeader {
  return JSON.parse(JSON.stringify({ shard, pluginOptions, rendererParameters })) as ShardHeader;
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
  const { shard: _, pluginOptions: __, rendererParameters: ___, ...whole } = manifest;
  return headerOf(whole);
}

/** A manifest without what is known once all samples are written. */
export function headerOf(manifest: DatasetManifest | DatasetHeader): DatasetHeader {
  const { count: _, rejects: __, metadataSha256: ___, ...header } = manifest as DatasetManifest;
  return header;
}

/** A manifest, whole or begun, as the writer of datasets writes it. */
export function manifestText(manifest: DatasetHeader): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
