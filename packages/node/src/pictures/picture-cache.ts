/** @file What earlier runs decoded: pictures of a folder as pixels in one file, found again by size and time of their files. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createPixels, type Image } from '@simgan/core';
import { z } from 'zod';
import { writeFileAtomic } from '../files/atomic-file.ts';
import type { PictureFacts } from './decode-picture.ts';

/** Pixels that are kept of a set, and of all sets, bytes. */
const LARGEST_SET = 2 ** 30;
const LARGEST_CACHE = 4 * 2 ** 30;
/** A file that no index names may be one that another process is writing. */
const ORPHAN_AGE = 24 * 3600 * 1000;

const count = z.int().nonnegative();
const entrySchema = z.object({
  name: z.string(),
  size: count,
  modified: z.number(),
  file: z.string().regex(/^[0-9a-f]{16}-[0-9a-z]+\.pixels$/),
  offset: count,
  image: z.object({
    width: count,
    height: count,
    channels: z.union([z.literal(1), z.literal(3)]),
    bits: z.literal([8, 16, 32]),
    hasAlpha: z.boolean(),
  }),
  facts: z.looseObject({}),
});
type Entry = z.output<typeof entrySchema>;

/** A picture that an earlier run decoded. */
export interface CachedPicture {
  readonly facts: PictureFacts;
  image(): Image;
}

/** The pictures of one set that were decoded in one way. */
export interface PictureCache {
  /** The picture of a file, if it is as it was when it was decoded. */
  find(name: string, location: string): CachedPicture | undefined;
  /** Keeps a picture for later runs. */
  add(name: string, location: string, image: Image, facts: PictureFacts): void;
  /** Forgets what is no longer as it was, and what is too much. */
  tidy(): Promise<void>;
}

/**
 * The folder of decoded pictures: `SIMGAN_CACHE`, or `simgan` in the user's folder of caches (`XDG_CACHE_HOME`, `~/.cache`);
 * `undefined` if `SIMGAN_CACHE` is `off`.
 */
export function pictureCacheFolder(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { SIMGAN_CACHE: own, XDG_CACHE_HOME: caches } = environment;
  if (own === 'off') return undefined;
  return own ? resolve(own) : join(caches || join(homedir(), '.cache'), 'simgan', 'pictures');
}

/**
 * Opens the decoded pictures of a set. A cache is never in the way: what cannot be read of it is decoded, and what cannot
 * be written is not kept.
 *
 * @param set - what tells one set and one way of decoding from others.
 * @returns `undefined` where caching is off.
 */
export async function openPictureCache(
  set: object,
  dir = pictureCacheFolder(),
): Promise<PictureCache | undefined> {
  if (dir === undefined) return undefined;
  const key = createHash('sha256').update(JSON.stringify(set)).digest('hex').slice(0, 16);
  try {
    await mkdir(dir, { recursive: true });
    return new FolderCache(dir, key, await readIndex(join(dir, `${key}.jsonl`)));
  } catch {
    return undefined;
  }
}

async function readIndex(file: string): Promise<Map<string, Entry>> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const entries = new Map<string, Entry>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      const entry = entrySchema.parse(JSON.parse(line));
      entries.set(entry.name, entry);
    } catch {
      // A damaged line is a picture that is decoded again.
    }
  }
  return entries;
}

class FolderCache implements PictureCache {
  readonly #dir: string;
  readonly #key: string;
  readonly #entries: Map<string, Entry>;
  /** Open files of pixels, with their lengths. */
  readonly #opened = new Map<string, { readonly handle: number; readonly length: number } | undefined>();
  readonly #own: string;
  /** Files of this run, opened with the first picture that is added. */
  #writing: { readonly pixels: number; readonly index: number } | undefined;
  #written = 0;
  #forgotten = 0;
  #total: number;

  constructor(dir: string, key: string, entries: Map<string, Entry>) {
    this.#dir = dir;
    this.#key = key;
    this.#entries = entries;
    this.#own = `${key}-${process.pid.toString(36)}${Date.now().toString(36)}.pixels`;
    this.#total = [...entries.values()].reduce((sum, { image }) => sum + bytesOf(image), 0);
  }

  find(name: string, location: string): CachedPicture | undefined {
    const entry = this.#entries.get(name);
    if (!entry) return undefined;
    const { size, mtimeMs } = statSync(location, { throwIfNoEntry: false }) ?? {};
    if (size !== entry.size || mtimeMs !== entry.modified || !this.#holds(entry)) {
      this.#entries.delete(name);
      this.#forgotten++;
      return undefined;
    }
    return { facts: entry.facts as unknown as PictureFacts, image: () => this.#read(entry) };
  }

  add(name: string, location: string, image: Image, facts: PictureFacts): void {
    const { width, height, channels, bits, data, alpha } = image;
    const stored = { width, height, channels, bits, hasAlpha: alpha !== undefined };
    const length = bytesOf(stored);
    if (this.#total + length > LARGEST_SET) return;
    try {
      const found = statSync(location);
      this.#writing ??= {
        pixels: openSync(join(this.#dir, this.#own), 'a'),
        index: openSync(this.#index, 'a'),
      };
      const offset = this.#written;
      for (const part of alpha ? [data, alpha] : [data]) {
        const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
        for (let done = 0; done < bytes.length; ) done += writeSync(this.#writing.pixels, bytes, done);
        this.#written += bytes.length;
      }
      this.#total += length;
      const entry = {
        ...{ name, size: found.size, modified: found.mtimeMs, file: this.#own, offset, image: stored },
        facts: facts as unknown as Entry['facts'],
      };
      this.#entries.set(name, entry);
      // Its pixels are there: a run that is killed leaves lines of whole pictures, and at most one that is cut off.
      writeSync(this.#writing.index, `${JSON.stringify(entry)}\n`);
    } catch {
      // A full disk: nothing more is kept.
      this.#total = LARGEST_SET;
    }
  }

  async tidy(): Promise<void> {
    try {
      if (this.#forgotten > 0) {
        const lines = Array.from(this.#entries.values(), (entry) => `${JSON.stringify(entry)}\n`);
        await writeFileAtomic(this.#index, lines.join(''));
        // Lines of later pictures belong to the new file.
        if (this.#writing) closeSync(this.#writing.index);
        if (this.#writing) this.#writing = { ...this.#writing, index: openSync(this.#index, 'a') };
      }
      if (this.#forgotten === 0 && this.#written === 0) return;
      this.#forgotten = 0;
      await prune(this.#dir, this.#key, new Set(Array.from(this.#entries.values(), ({ file }) => file)));
    } catch {
      // It is decoded again.
    }
  }

  get #index(): string {
    return join(this.#dir, `${this.#key}.jsonl`);
  }

  /** Whether the file of an entry's pixels is there, and long enough. */
  #holds({ file, offset, image }: Entry): boolean {
    if (!this.#opened.has(file)) {
      try {
        const handle = openSync(join(this.#dir, file), 'r');
        this.#opened.set(file, { handle, length: statSync(join(this.#dir, file)).size });
      } catch {
        this.#opened.set(file, undefined);
      }
    }
    const opened = this.#opened.get(file);
    return opened !== undefined && offset + bytesOf(image) <= opened.length;
  }

  #read({ file, offset, image: { hasAlpha, ...form } }: Entry): Image {
    const { width, height, channels, bits } = form;
    const data = createPixels(bits, width * height * channels);
    const alpha = hasAlpha ? createPixels(bits, width * height) : undefined;
    let at = offset;
    for (const part of alpha ? [data, alpha] : [data]) {
      const bytes = new Uint8Array(part.buffer);
      const read = readSync(this.#opened.get(file)!.handle, bytes, 0, bytes.length, at);
      if (read !== bytes.length) throw new Error(`The file of decoded pictures ${file} was cut off.`);
      at += bytes.length;
    }
    return { ...form, data, ...(alpha && { alpha }) };
  }
}

function bytesOf({ width, height, channels, bits, hasAlpha }: Entry['image']): number {
  return width * height * (channels + (hasAlpha ? 1 : 0)) * (bits / 8);
}

/** Removes pixels of this set that its index does not name, and of other sets the longest unused beyond the budget. */
async function prune(dir: string, key: string, named: ReadonlySet<string>): Promise<void> {
  const files = await Promise.all(
    (await readdir(dir)).map(async (name) => ({
      name,
      found: await stat(join(dir, name)).catch(() => undefined),
    })),
  );
  const pixels = files.flatMap(({ name, found }) =>
    found && name.endsWith('.pixels') ? { name, found } : [],
  );
  const orphans = pixels.filter(
    ({ name, found }) =>
      name.startsWith(`${key}-`) && !named.has(name) && Date.now() - found.mtimeMs > ORPHAN_AGE,
  );
  const others = pixels
    .filter(({ name }) => !name.startsWith(`${key}-`))
    .sort((a, b) => b.found.atimeMs - a.found.atimeMs);
  let total = pixels.reduce(
    (sum, { name, found }) => sum + (others.some((one) => one.name === name) ? 0 : found.size),
    0,
  );
  const beyond = others.filter(({ found }) => {
    total += found.size;
    return total > LARGEST_CACHE;
  });
  for (const { name } of [...orphans, ...beyond]) await rm(join(dir, name), { force: true });
}
