/** @file The shards of a conversion in an output folder, and everything that keeps them from being one dataset. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CONVERSION_SHARD, type ConversionShard, damageOf, readConversionShard } from './conversion-shard.ts';
import { type FoundShard, type FoundShards, findShardsOf, runAgain } from './find-shards.ts';
import { formatShard, SHARDS, type Shard } from './shard.ts';

/** Whether the shards in an output folder are those of a conversion. */
export async function areConversionShards(out: string): Promise<boolean> {
  const names = await readdir(join(out, SHARDS)).catch(() => []);
  return names.some((name) => existsSync(join(out, SHARDS, name, CONVERSION_SHARD)));
}

/** The shards of a conversion by what their manifests say; their files are not looked at. */
export function findConversionShards(out: string): Promise<FoundShards<ConversionShard>> {
  const shared = ({ from, to, provenance, inputSha256, shard }: ConversionShard) => {
    return { from, to, provenance, inputSha256, samples: shard.total };
  };
  return findShardsOf(out, read, shared);
}

async function read(dir: string, shard: Shard): Promise<ConversionShard | string> {
  const manifest = await readConversionShard(dir);
  if (!manifest) {
    return `is not complete: its ${CONVERSION_SHARD} is missing or damaged. ${runAgain(shard)}`;
  }
  const { index, count } = manifest.shard;
  return index === shard.index && count === shard.count
    ? manifest
    : `holds another shard, ${formatShard(manifest.shard)}. Move it to where it belongs.`;
}

/** Everything that is wrong with the files of complete shards, a sentence for each shard. */
export async function findConversionDamage(
  shards: readonly FoundShard<ConversionShard>[],
  options: { readonly onPicture: () => void; readonly signal: AbortSignal | undefined },
): Promise<string[]> {
  const problems: string[] = [];
  for (const { dir, name, manifest } of shards) {
    const damage = await damageOf(dir, manifest, options);
    if (damage.length > 0)
      problems.push(`${name} is damaged: ${damage.join('; ')}. ${runAgain(manifest.shard)}`);
  }
  return problems;
}
