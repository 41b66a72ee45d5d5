/** @file What a dataset format is: how its folders are recognized, read and written. */
import type { Dataset, Image, PixelBits } from '@simgan/core';
import type { Folder, Reject } from '@simgan/core/reading';
import type { JsonObject, ObjectsAnnotation } from '../objects/objects.ts';

/**
 * A dataset format, for anybody to add: a plain object that says how a folder of it is recognized, read and written.
 *
 * @example
 * const pairs: DatasetFormat = {
 *   name: 'pairs',
 *   description: 'a picture a.png beside its class in a.txt',
 *   coordinates: 'none',
 *   async read(folder) {
 *     const pictures = folder.files.filter((file) => file.endsWith('.png'));
 *     const entry = async (file: string) => ({
 *       id: file.slice(0, -4),
 *       file,
 *       picture: { file },
 *       annotation: { class: new TextDecoder().decode(await folder.read(file.replace('.png', '.txt'))), objects: [] },
 *     });
 *     return {
 *       entries: createDataset(pictures.length, (n) => entry(pictures[n]!), (n) => pictures[n]!.slice(0, -4)),
 *       rejects: [],
 *     };
 *   },
 * };
 */
export interface DatasetFormat {
  /** As users write it: `coco`. */
  readonly name: string;
  /** One line for lists and help. */
  readonly description: string;
  /** How the format counts pixels, and what is done with its coordinates. */
  readonly coordinates: string;
  /**
   * Whether what belongs to pictures (masks, depth) is written too, or of which names. Default: false; what is not written is
   * listed as left out.
   */
  readonly hasCompanions?: boolean | readonly string[];
  /**
   * How further fields follow their pictures, by their paths and kinds of labels: `{ 'fields.cam_K': 'camera' }`. Default:
   * the user says it.
   */
  readonly labelGeometry?: Readonly<Record<string, string>>;
  /** Whether a folder looks like this format, by the names of its files alone. */
  readonly detect?: (folder: Folder) => boolean;
  readonly read?: (folder: Folder, options: FormatReadOptions) => Promise<FormatContent>;
  readonly write?: (output: FormatOutput, options: FormatWriteOptions) => Promise<FormatWriter>;
}

/** Options for reading a format. */
export interface FormatReadOptions {
  /** Called with the number of files looked at so far and in all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a folder of a format holds. */
export interface FormatContent {
  /** In a fixed order; ids are valid and unique (`idsOfFiles`). */
  readonly entries: Dataset<FormatEntry>;
  readonly rejects: readonly Reject[];
}

/** A picture as a format stores it, and what is known of it. */
export interface FormatEntry {
  readonly id: string;
  /** Where it stands, for rejects and provenance: `a/b.png`, `shard-000.tar:0001.png`. */
  readonly file: string;
  readonly picture: StoredPicture;
  readonly annotation: ObjectsAnnotation;
  /** Files that belong to the picture. Default: none. */
  readonly companions?: readonly FormatCompanion[];
}

/** A file that belongs to a picture and shows the same place by place: a mask, depth, normals. */
export interface FormatCompanion {
  /** What it is: `mask`, `depth`. */
  readonly name: string;
  /** The file of the folder, or where it stands within one. */
  readonly file: string;
  /** Its bytes, if it stands within another file. */
  readonly bytes?: () => Promise<Uint8Array>;
  /** Its values, if it is an array within another file. */
  readonly image?: () => Promise<Image>;
  /** The path of the annotation's field that names it: `fields.mask_file_name`. Default: none does. */
  readonly field?: string;
}

/** A picture that is a file of the folder, the bytes of a file within another, or pixels of an array. */
export type StoredPicture = { readonly file: string } | { readonly bytes: Uint8Array } | ArrayPicture;

/** Pixels of an array. */
export interface ArrayPicture {
  readonly image: Image;
  /** How they became those of the image, where they are not the same: `f4, 0 to 1, times 255`. */
  readonly values?: string;
  /** The floats that are black and white, where the whole array says so. */
  readonly range?: readonly [low: number, high: number];
}

/** Where a format is written to, wherever that is. Names are relative, with `/` between parts. */
export interface FormatOutput {
  /** Writes a whole file. */
  write(file: string, content: string | Uint8Array): Promise<void>;
  /** Begins a file that grows. */
  append(file: string): Promise<GrowingFile>;
  /** Stores a sample's picture under a name, without copying it where that can be avoided. */
  picture(file: string, sample: FormatSample): Promise<void>;
  /** The bytes of a file that was written, as a stream of chunks. */
  read(file: string): AsyncIterable<Uint8Array>;
  /** Removes a file that was needed meanwhile. */
  remove(file: string): Promise<void>;
  /** An image as a PNG file that holds exactly its values. */
  encodePng(image: Image): Promise<Uint8Array>;
}

/** A file that grows. */
export interface GrowingFile {
  write(content: string | Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Options for writing a format. */
export interface FormatWriteOptions {
  /** What the dataset is called. */
  readonly name: string;
  /** Provenance of all samples. */
  readonly provenance?: JsonObject;
  /** To be called with what of a sample is left out, as a sentence, while the sample is written. */
  readonly onLeftOut?: (reason: string) => void;
}

/** A sample as a writer gets it. */
export interface FormatSample {
  readonly id: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** 32: floats. */
  readonly bits: PixelBits;
  /** The kind of its file: `png`, `jpg`, `webp`, `tif`. */
  readonly extension: string;
  /** The bytes of its file. */
  bytes(): Promise<Uint8Array>;
  /** All labels as columns, for formats that hold any: those of the plugin, or the objects. */
  readonly columns: JsonObject;
  /** The same labels as objects, for formats of boxes, outlines and keypoints. */
  readonly objects: ObjectsAnnotation;
  /** Files that belong to the picture; no column names them. Default: none. */
  readonly companions?: readonly SampleCompanion[];
}

/** A file that belongs to a sample's picture, as a writer gets it. */
export interface SampleCompanion {
  /** What it is, in letters, digits, `-` and `_`: `mask`. Of a sample each has another name. */
  readonly name: string;
  /** The kind of the file: `png`, `npy`. */
  readonly extension: string;
  bytes(): Promise<Uint8Array>;
}

/** Writes samples one by one, at a cost that does not grow with their number. */
export interface FormatWriter {
  write(sample: FormatSample): Promise<void>;
  /** Writes what can only be known at the end. */
  finish(): Promise<void>;
}
