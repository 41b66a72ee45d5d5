/** @file The names and records of a dataset folder, shared by its writer and its readers. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageForm } from '@simgan/core';
import { SimganError } from '@simgan/core';

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** An object of JSON values. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Pictures, one PNG a sample. */
export const IMAGES = 'images';
/** One JSON object a line and sample, in the samples' order. */
export const METADATA = 'metadata.jsonl';
/** One JSON object a line and input that was left out. */
export const REJECTS = 'rejects.jsonl';
/** The manifest, written last: with it the dataset is complete. */
export const MANIFEST = 'dataset.json';
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

/** The header of a dataset: all that is known before its first sample. */
export interface DatasetHeader {
  readonly format: 'simgan-dataset';
  readonly version: 1;
  /** The plugin whose form the images have. */
  readonly plugin: string;
  /** Whether the annotations are of the plugin's kind or as another program wrote them. */
  readonly annotations: 'plugin' | 'foreign';
  readonly image: ImageForm;
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
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  let manifest: Partial<DatasetManifest> | null;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    throw new SimganError('INVALID_FILE', `${file} is not JSON: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  // A foreign dataset may have a dataset.json of its own; it is a folder of pictures like any other.
  if (manifest?.format !== 'simgan-dataset') return undefined;
  if (manifest.version !== 1) {
    throw new SimganError(
      'INVALID_FILE',
      `${file} is of version ${manifest.version} and this program reads version 1. Update @simgan/core.`,
    );
  }
  return manifest as DatasetManifest;
}
