import { basename, join } from 'node:path';
import type { Reject } from '@simgan/core';
import { type DatasetFormat, findFormat, type JsonObject } from '@simgan/formats';
import type { WrittenFormat } from '../formats/dataset-copies.ts';
import { beginFormatFolder, type FormatFolder, readConversion } from '../formats/format-folder.ts';
import type { Job } from '../runs/job.ts';
import type { Converted } from '../shards/conversion-shard.ts';

/** What a conversion writes. */
export interface FormatsToWrite {
  /** Names of formats, each once. */
  readonly to: readonly string[];
  /** Formats beside those of `@simgan/formats`. */
  readonly formats?: readonly DatasetFormat[] | undefined;
  readonly out: string;
  readonly provenance: JsonObject;
  /** What to do with an earlier conversion; `same` replaces one of the same source. */
  readonly existing: 'refuse' | 'replace' | 'same';
  /** Names in `out` that are none of the formats' and stay. */
  readonly companions?: readonly string[];
  /** How many samples and rejects there will be. */
  readonly length: number;
}

/** The folder of a format: `out`, or of several formats a folder of its name within. */
export function formatFolderOf(out: string, to: readonly string[], name: string): string {
  return to.length === 1 ? out : join(out, name);
}

/** Writes samples in formats, each in a folder that is complete or not there. */
export async function writeFormats(
  samples: AsyncIterable<Converted>,
  { to, formats, out, provenance, existing, companions = [], length }: FormatsToWrite,
  job: Job,
): Promise<readonly WrittenFormat[]> {
  const folders: FormatFolder[] = [];
  const rejects: Reject[] = [];
  const update = job.progress('convert', length);
  try {
    for (const name of to) {
      const dir = formatFolderOf(out, to, name);
      const before = existing === 'same' ? await readConversion(dir) : undefined;
      const isSame = before !== undefined && JSON.stringify(before.provenance) === JSON.stringify(provenance);
      folders.push(
        await beginFormatFolder(dir, findFormat(name, 'write', formats), {
          name: basename(out),
          provenance,
          isReplaced: existing === 'replace' || isSame,
          companions: dir === out ? companions : [],
        }),
      );
    }
    let done = 0;
    for await (const one of samples) {
      job.signal?.throwIfAborted();
      if ('reason' in one) rejects.push(one);
      else for (const folder of folders) await folder.write(one.sample, one.source);
      update(++done);
    }
    for (const folder of folders) await folder.finish(rejects);
  } finally {
    for (const folder of folders) await folder.close();
  }
  return folders.map(({ format, dir, count, rejects: own }) => ({
    format,
    dir,
    count,
    rejects: rejects.length + own.length,
  }));
}
