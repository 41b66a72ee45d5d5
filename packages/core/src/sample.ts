import { type Dataset, mapDataset } from './dataset.ts';
import type { Image } from './image.ts';

/** The stored picture that a sample was read from, for its provenance. */
export interface SourcePicture {
  /** Its path relative to the folder that was read, or its place in a file: `day1/7.jpg`, `gaze.h5:image/17`. */
  readonly file: string;
  /** Its id as its reader gave it, where that cannot be the sample's. */
  readonly id?: string;
  /** The size as stored, pixels. */
  readonly width?: number;
  readonly height?: number;
  /** The point (x, y) of the stored picture is at (scale[0] x + shift[0], scale[1] y + shift[1]) in the sample's. */
  readonly scale?: readonly [x: number, y: number];
  /** Pixels of the sample's picture. */
  readonly shift?: readonly [x: number, y: number];
  /** How stored values became those of the image, where they are not the same: `float32, 0 to 1, times 255`. */
  readonly values?: string;
}

/** How far a refiner moved what a picture shows, for its provenance. */
export interface SampleDisplacement {
  /** The root mean square over the picture, and the largest displacement, pixels. */
  readonly rms: number;
  readonly largest: number;
  /** What the refiner's field was multiplied by to keep the labels true: 1 unless it went beyond their limits. */
  readonly share: number;
}

/** An unlabeled picture. */
export interface RealImage {
  /** Unique within its dataset. */
  readonly id: string;
  readonly image: Image;
  /** Where it was read from; missing if it was made. */
  readonly source?: SourcePicture;
  /** Of refined pictures, if their refiner moves things. */
  readonly displacement?: SampleDisplacement;
}

/**
 * A picture with its annotation. Refinement changes `image` and nothing else, unless the refiner moves things: then the
 * annotation moves with them, and `displacement` says how far.
 */
export interface Sample<Annotation> extends RealImage {
  readonly annotation: Annotation;
  /** Pictures and other files that belong to it: masks, depth, normals. Default: none. */
  readonly companions?: readonly Companion[];
}

/** The bytes that the companions of a sample keep in memory. */
export function companionBytes({ companions = [] }: Pick<Sample<unknown>, 'companions'>): number {
  return companions.reduce((sum, { bytesInMemory = 0 }) => sum + bytesInMemory, 0);
}

/** The same samples without their companions, for whoever keeps many of them in memory and writes none. */
export function withoutCompanions<Item extends RealImage>(items: Dataset<Item>): Dataset<Item> {
  return mapDataset(items, (item) => {
    if (!('companions' in item)) return item;
    const { companions: _, ...rest } = item;
    return rest as unknown as Item;
  });
}

/** A file as it is stored. */
export interface StoredFile {
  readonly bytes: Uint8Array;
  /** The ending of its name, without the dot: `png`, `exr`, `npy`. */
  readonly extension: string;
}

/**
 * A file that belongs to a sample's picture and shows the same place by place: a mask, a depth map, normals. It goes where
 * its picture goes; where it cannot follow, it is left out with the reason.
 */
export interface Companion {
  /** What it is: `mask`, `depth`. Names its folder in a dataset. */
  readonly name: string;
  /** Where it was read from, for messages and provenance. */
  readonly file: string;
  /** The path of the annotation's field that names it: `mask_file_name`, `depth.file_name`. Default: none does. */
  readonly field?: string;
  /** The file, as long as its picture is where it was stored. */
  readonly stored?: () => Promise<StoredFile>;
  /** Bytes that it keeps in memory, for whoever keeps many samples there. Default: 0. */
  readonly bytesInMemory?: number;
  /** Its values, in the size of its picture; missing for what is no picture. */
  readonly pixels?: () => Promise<Image>;
  /** Why it is left out, as a sentence. */
  readonly problem?: string;
}
