/** @file A shard of a conversion: its samples as every format's writer gets them, with their pictures. */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Reject, SimganError } from '@simgan/core';
import type { FormatOutput } from '@simgan/formats';
import { z } from 'zod';
import { outputFailed, temporaryName, writeFileAtomic } from '../files/atomic-file.ts';
import { LOCK, lockFolder, TAKEOVER } from '../files/folder-lock.ts';
import { jsonDifferences } from '../files/json-differences.ts';
import { readLines } from '../files/read-lines.ts';
import { sha256 } from '../files/sha256.ts';
import { folderOutput } from '../formats/folder-output.ts';
import { companionFile, type StoredSample } from '../formats/stored-sample.ts';

/** Written last: with it the shard is complete. */
export const CONVERSION_SHARD = 'conversion-shard.json';
const SAMPLES = 'samples.jsonl';
const REJECTS = 'rejects.jsonl';
const PICTURES = 'pictures';

/** A sample on its way from one format to others, with the name of its source, or why it is left out. */
export type Converted = { readonly sample: StoredSample; readonly source: string } | Reject;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const whole = z.int().nonnegative();

const header = z.object({
  format: z.literal('simgan-conversion-shard'),
  version: z.literal(1),
  shard: z.object({ index: whole, count: z.int().positive(), start: whole, total: whole }),
  /** The format that was read, and the formats that are to be written. */
  from: z.string(),
  to: z.array(z.string()).min(1),
  provenance: z.record(z.string(), z.json()),
  /** Of the ids of all samples of the input and of its rejects: shards of a folder that changed are not merged. */
  inputSha256: hash,
});

const manifest = header.extend({ count: whole, rejects: whole, samplesSha256: hash, rejectsSha256: hash });

/** What is known of a shard before its samples. */
export type ConversionShardHeader = z.output<typeof header>;

/** `conversion-shard.json`. */
export type ConversionShard = z.output<typeof manifest>;

/** `pictures/0000000.png`, and what belongs to it: `pictures/0000000.mask.png`. */
const pictureFile = z.string().regex(/^pictures\/\d{7,}(\.[A-Za-z0-9_-]+)?\.[A-Za-z0-9]{1,20}$/);

const line = z.object({
  file: pictureFile,
  sha256: hash,
  source: z.string(),
  companions: z
    .array(z.object({ name: z.string().regex(/^[A-Za-z0-9_-]+$/), file: pictureFile, sha256: hash }))
    .optional(),
  sample: z.object({
    id: z.string(),
    width: z.int().positive(),
    height: z.int().positive(),
    channels: z.int().positive(),
    bits: z.literal([8, 16, 32]),
    extension: z.string(),
    columns: z.record(z.string(), z.json()),
    // Checked when it was read of the source; the line's hash says that it is still the same.
    objects: z.looseObject({ objects: z.array(z.unknown()) }),
  }),
});

/** The complete shard in a folder; `undefined` if there is none. */
export async function readConversionShard(dir: string): Promise<ConversionShard | undefined> {
  const text = await readFile(join(dir, CONVERSION_SHARD), 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : manifest.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Writes a shard of a conversion to its folder. A complete shard that is what its manifest says stays as it is; one that
 * is not complete, or damaged, is written anew, to the same bytes.
 *
 * @param samples - those of the shard in order; not read if the shard stays.
 * @throws SimganError OUTPUT_EXISTS if the folder holds files of others, or a shard with other settings that may not be
 * replaced; OUTPUT_LOCKED, OUTPUT_FAILED.
 */
export async function writeConversionShard(
  dir: string,
  about: ConversionShardHeader,
  samples: AsyncIterable<Converted>,
  { isReplaced, signal }: { readonly isReplaced: boolean; readonly signal?: AbortSignal | undefined },
): Promise<ConversionShard> {
  await refuseForeign(dir);
  const lock = await lockFolder(dir);
  try {
    const existing = isReplaced ? undefined : await readConversionShard(dir);
    if (existing) {
      const { count: _, rejects: __, samplesSha256: ___, rejectsSha256: ____, ...before } = existing;
      const [difference] = jsonDifferences(before, about);
      if (difference) throw otherSettings(dir, difference.path.join('.'));
      if ((await damageOf(dir, existing, { signal })).length === 0) return existing;
    }
    await removeConversionFiles(dir);
    return await writeFiles(dir, about, samples);
  } finally {
    await lock.release();
  }
}

async function writeFiles(
  dir: string,
  about: ConversionShardHeader,
  samples: AsyncIterable<Converted>,
): Promise<ConversionShard> {
  const output = folderOutput(dir);
  const [lines, left] = [await output.append(SAMPLES), await output.append(REJECTS)];
  let [count, rejects] = [0, 0];
  try {
    for await (const one of samples) {
      if ('reason' in one) {
        await left.write(`${JSON.stringify({ file: one.file, reason: one.reason })}\n`);
        rejects++;
        continue;
      }
      const { location: _, isOwnFile: __, bytes, companions, ...sample } = one.sample;
      const stem = `${PICTURES}/${String(about.shard.start + count++).padStart(7, '0')}`;
      const file = `${stem}.${sample.extension}`;
      const beside = await writeBeside(output, stem, companions);
      await output.picture(file, one.sample);
      const digest = createHash('sha256')
        .update(await bytes())
        .digest('hex');
      await lines.write(
        `${JSON.stringify({ file, sha256: digest, source: one.source, ...beside, sample })}\n`,
      );
    }
  } finally {
    await lines.close();
    await left.close();
  }
  const [samplesSha256, rejectsSha256] = [await sha256(join(dir, SAMPLES)), await sha256(join(dir, REJECTS))];
  const complete: ConversionShard = { ...about, count, rejects, samplesSha256, rejectsSha256 };
  const text = `${JSON.stringify(complete, null, 2)}\n`;
  await writeFileAtomic(join(dir, CONVERSION_SHARD), text, { durable: true });
  return complete;
}

/** Writes what belongs to a picture beside it. @returns what its line says of that. */
async function writeBeside(
  output: FormatOutput,
  stem: string,
  companions: StoredSample['companions'] = [],
): Promise<{ companions?: { name: string; file: string; sha256: string }[] }> {
  const written = [];
  for (const { name, extension, bytes } of companions) {
    const content = await bytes();
    const file = `${stem}.${name}.${extension}`;
    await output.write(file, content);
    written.push({ name, file, sha256: createHash('sha256').update(content).digest('hex') });
  }
  return written.length > 0 ? { companions: written } : {};
}

/** What is wrong with the files of a complete shard, a clause each. */
export async function damageOf(
  dir: string,
  { samplesSha256, rejectsSha256 }: ConversionShard,
  { onPicture, signal }: { readonly onPicture?: () => void; readonly signal?: AbortSignal | undefined } = {},
): Promise<string[]> {
  const isAsWritten = async (file: string, expected: string) =>
    (await sha256(join(dir, file)).catch(() => undefined)) === expected;
  const problems: string[] = [];
  if (!(await isAsWritten(SAMPLES, samplesSha256))) problems.push(`${SAMPLES} is missing or was changed`);
  if (!(await isAsWritten(REJECTS, rejectsSha256))) problems.push(`${REJECTS} is missing or was changed`);
  // Where the lines cannot be relied on, their pictures say nothing.
  if (problems.length > 0) return problems;
  for await (const { companions = [], ...picture } of linesOf(dir, signal)) {
    for (const { file, sha256: expected } of [picture, ...companions]) {
      if (!(await isAsWritten(file, expected))) problems.push(`${file} is missing or was changed`);
    }
    onPicture?.();
  }
  return problems.length > 3 ? [...problems.slice(0, 3), `and ${problems.length - 3} more`] : problems;
}

/** What a complete shard holds: its rejects, then its samples. */
export async function* convertedOf(dir: string, signal?: AbortSignal | undefined): AsyncGenerator<Converted> {
  const reject = z.object({ file: z.string(), reason: z.string() });
  for await (const one of readLines(join(dir, REJECTS), { signal })) {
    if ('text' in one) yield reject.parse(JSON.parse(one.text));
  }
  for await (const { file, source, sample, companions } of linesOf(dir, signal)) {
    const location = join(dir, file);
    const stored = {
      ...{ ...sample, location, isOwnFile: true, bytes: () => readFile(location) },
      ...(companions && {
        companions: companions.map((one) => companionFile(one.name, join(dir, one.file))),
      }),
    };
    yield { sample: stored as unknown as StoredSample, source };
  }
}

/** A sample's labels can be longer than lines of others may be: this library wrote them. */
const LONGEST = 2 ** 29;

async function* linesOf(dir: string, signal: AbortSignal | undefined) {
  for await (const one of readLines(join(dir, SAMPLES), { longest: LONGEST, signal })) {
    const parsed = 'text' in one ? line.safeParse(JSON.parse(one.text)) : undefined;
    if (!parsed?.success) {
      throw new SimganError(
        'INVALID_FILE',
        `${join(dir, SAMPLES)}, line ${one.number}, is no sample. Write the shard again.`,
      );
    }
    yield parsed.data;
  }
}

const own = [CONVERSION_SHARD, SAMPLES, REJECTS, PICTURES];

/** Removes a shard's own files, its manifest first: what is being removed must not look complete. */
export async function removeConversionFiles(dir: string): Promise<void> {
  try {
    await rm(temporaryName(join(dir, CONVERSION_SHARD)), { force: true });
    for (const name of own) await rm(join(dir, name), { recursive: true, force: true });
  } catch (error) {
    throw outputFailed(dir, error);
  }
}

async function refuseForeign(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  const known = [...own, `.${CONVERSION_SHARD}.tmp`, LOCK, TAKEOVER];
  const others = names.filter((name) => !known.includes(name));
  if (others.length === 0) return;
  throw new SimganError(
    'OUTPUT_EXISTS',
    `${dir} holds files of others (${others.slice(0, 3).join(', ')}). Choose another folder for the output.`,
  );
}

function otherSettings(dir: string, key: string): SimganError {
  return new SimganError(
    'OUTPUT_EXISTS',
    `${dir} holds a shard of another conversion: its ${key} differs. Choose another folder, or allow it to be replaced.`,
  );
}
