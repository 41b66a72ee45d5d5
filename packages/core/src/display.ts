import type { Image } from './image.ts';

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * How people are shown pictures whose values are no light: depth, temperature. Networks never see it. One value
 * has one colour in every picture, so that pictures can be compared.
 */
export interface ImageDisplay {
  /** A picture of the same size in 8-bit RGB. */
  paint(image: Image): Image;
  /** What the colours mean, from left to right below the pictures. */
  readonly legend?: readonly LegendEntry[];
}

/** Some colours side by side and what they say. */
export interface LegendEntry {
  /** One for a kind of pixel, many for a scale. */
  readonly colors: readonly Rgb[];
  /** Letters of the English alphabet, digits and common signs. */
  readonly label: string;
}
