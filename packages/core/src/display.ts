import type { Image } from './image.ts';

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * How to display pictures whose values are not light, such as depth or temperature. Networks never see it. A value
 * has the same color in every picture, so that pictures can be compared.
 */
export interface ImageDisplay {
  /** A picture of the same size in 8-bit RGB. */
  paint(image: Image): Image;
  /** The meaning of the colors, shown from left to right below the pictures. */
  readonly legend?: readonly LegendEntry[];
}

/** One entry of a legend: colors side by side, and their label. */
export interface LegendEntry {
  /** One color for a kind of pixel, many for a scale. */
  readonly colors: readonly Rgb[];
  /** Letters of the English alphabet, digits and common symbols. */
  readonly label: string;
}
