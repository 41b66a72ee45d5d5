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
}
