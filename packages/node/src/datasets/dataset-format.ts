/** @file The names and records of a dataset folder, shared by its writer and its readers. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageForm } from '@simgan/core';
import { SimganError } from '@simgan/core';
import { numberedName } from '@simgan/formats';
import { z } from 'zod';
import { reasonOf } from '../files/reject.ts';
import { jsonProblem } from './json-problem.ts';

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** An object of JSON values. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Pictures, one PNG a sample. */
export const IMAGES = 'images';
/** Files that belong to pictures, such as masks: a folder of each kind. */
export const COMPANIONS = 'companions';
/** One JSON object a line and sample, in the samples' order. */
export const METADATA = 'metadata.jsonl';
/** One JSON object a line and input that was left out. */
export const REJECTS = 'rejects.jsonl';
/** The manifest, written last: with it the dataset is complete. */
export const MANIFEST = 'dataset.json';
/** The dataset described, for people and for programs. */
export const CARD = 'README.md';
export const DESCRIPTION = 'croissant.json';
/** The manifest's first half, while the dataset is being written. */
export const BEGUN_MANIFEST = 'dataset.json.partial';
/** The metadata, while the dataset is being written; its last line may be cut off. */
export const BEGUN_METADATA = 'metadata.jsonl.partial';

/** The keys of a metadata line that are not the annotation's. */
export const FILE_NAME = 'file_name';
/** Under it a line says where its sample comes from. */
export const PROVENANCE = 'simgan';
/** Within a line's provenance the SHA-256 of its picture's file, in hexadecimal. */
export const PICTURE_HASH = 'sha256';
/** Within a line's provenance the id of its sample. */
export const SAMPLE_ID = 'id';
/** Within a line's provenance where its sample was read from. */
export const SOURCE = 'source';

/**
 * The path of a sample's picture relative to the dataset's folder, by the sample's position in the whole dataset. Floats
 * are in TIFF files, all others in PNG files.
 */
export function fileNameOf(position: number, { bits }: Pick<ImageForm, 'bits'>): string {
  return `${IMAGES}/${numberedName(position, bits === 32 ? 'tif' : 'png')}`;
}

/** Whether a name is one that a picture of a dataset of this library has, however it is numbered. */
export function isPictureOfOurs(file: string): boolean {
  return file.startsWith(`${IMAGES}/`) && /\.(png|tif)$/.test(file);
}

/** The header of a dataset: all that is known before its first sample. */
export interface DatasetHeader {
  readonly format: 'simgan-dataset';
  readonly version: 1;
  /** The plugin whose form the images have. */
  readonly plugin: string;
  /** Whether the annotations are of the plugin's kind or as another program wrote them. */
  readonly annotations: 'plugin' | 'foreign';
  readonly image: ImageForm;
  /** What the fields of foreign annotations were declared to be, by their paths. */
  readonly labelGeometry?: Readonly<Record<string, string>>;
  /** The provenance of the samples. */
  readonly provenance: JsonObject;
}

/** `dataset.json`: the header and what is known once all samples are written. */
export interface DatasetManifest extends DatasetHeader {
  readonly count: number;
  readonly rejects: number;
  /** Of `metadata.jsonl`, in hexadecimal. */
  readonly metadataSha256: string;
}

const length = z
  .int()
  .min(1)
  .max(2 ** 24);

const datasetHeader = z.object({
  plugin: z.string().max(200),
  annotations: z.enum(['plugin', 'foreign']),
  image: z.object({
    width: length.optional(),
    height: length.optional(),
    channels: z.literal([1, 3]),
    bits: z.literal([8, 16, 32]),
    range: z.tuple([z.number(), z.number()]).optional(),
    keepsAlpha: z.boolean().optional(),
  }),
  labelGeometry: z.record(z.string().max(1000), z.string().max(100)).optional(),
  provenance: z.record(z.string(), z.json()),
});

const datasetManifest = datasetHeader.extend({
  count: z.int().nonnegative(),
  rejects: z.int().nonnegative(),
  metadataSha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A longer file is another program's: manifests take a few hundred bytes. */
const LONGEST_MANIFEST = 2 ** 20;

/**
 * The manifest of a dataset folder, complete or begun; `undefined` where there is none.
 *
 * @throws SimganError INVALID_FILE if the file is there and is not a manifest that this version reads.
 */
export async function readManifest<Kind extends typeof MANIFEST | typeof BEGUN_MANIFEST>(
  dir: string,
  kind: Kind,
): Promise<(Kind extends typeof MANIFEST ? DatasetManifest : DatasetHeader) | undefined> {
  const file = join(dir, kind);
  const fail = (problem: string, cause?: unknown) =>
    new SimganError('INVALID_FILE', `${file} ${problem}`, { cause });
  const found = await stat(file).catch(() => undefined);
  // A foreign dataset may have a dataset.json of its own, of any size; it is a folder of pictures like any other.
  if (!found?.isFile() || found.size > LONGEST_MANIFEST) return undefined;
  const text = await readFile(file, 'utf8').catch((error) => {
    throw fail(`cannot be read. ${reasonOf(error)}`, error);
  });
  let manifest: Partial<DatasetManifest> | null;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    throw fail(`is not JSON: ${(error as Error).message}.`, error);
  }
  if (manifest?.format !== 'simgan-dataset') return undefined;
  const restore = 'Restore it from a copy, or write the dataset again.';
  const problem = jsonProblem(manifest);
  if (problem) throw fail(`is not the manifest of a dataset: ${problem}. ${restore}`);
  if (manifest.version !== 1) {
    const version = JSON.stringify(manifest.version)?.slice(0, 20) ?? 'none';
    throw fail(`is of version ${version} and this program reads version 1. Update @simgan/core.`);
  }
  const { error } = (kind === MANIFEST ? datasetManifest : datasetHeader).safeParse(manifest);
  if (error) {
    const problems = error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw fail(`is not the manifest of a dataset: ${problems.join('; ')}. ${restore}`);
  }
  return manifest as DatasetManifest;
}
