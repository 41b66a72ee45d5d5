import type { Image } from './image.ts';

/** An unlabeled picture. */
export interface RealImage {
  /** Unique within its dataset; names its file. */
  readonly id: string;
  readonly image: Image;
}

/** A picture with its annotation. Refinement changes `image` and nothing else. */
export interface Sample<Annotation> extends RealImage {
  readonly annotation: Annotation;
}
