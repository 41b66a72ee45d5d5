import { PIXEL_BUDGET } from './pixel-budget.ts';
import type { StoredRange } from './stored-range.ts';

/** Options for decoding pictures. */
export interface DecodeOptions {
  /**
   * `cover` (the default) scales until the form is filled and cuts off what stands over at both sides equally,
   * so that nothing is distorted. `fill` stretches to the form and cuts nothing.
   */
  readonly fit?: 'cover' | 'fill';
  /** Pictures of more pixels are refused from their header, before anything is decoded. Default: 50 million. */
  readonly maxPixels?: number;
  /** Files of more bytes are refused unread. Default: 100 MiB. */
  readonly maxBytes?: number;
  /**
   * Pictures narrower or lower than this part of the form are refused: scaled up they would teach the
   * discriminator that real pictures are blurred. Default: 0.5.
   */
  readonly minScale?: number;
  /**
   * Pixels that are decoded at the same time, in all of the process; a picture of more is decoded alone. A pixel takes 1
   * to 14 bytes meanwhile. Default: 100 million.
   */
  readonly pixelBudget?: number;
  /**
   * The stored values of 16-bit pictures and of floats that become the lowest and the highest value of a form of fewer bits:
   * cameras of 10 bits store 0 to 1023. Default: 0 to 65535; of a set, what its values say. Floats are refused without it.
   */
  readonly valueRange?: StoredRange;
}

/** The defaults of {@link DecodeOptions}. */
export const decodeDefaults: Required<Omit<DecodeOptions, 'valueRange'>> = {
  fit: 'cover',
  maxPixels: 50_000_000,
  maxBytes: 100 * 2 ** 20,
  minScale: 0.5,
  pixelBudget: PIXEL_BUDGET,
};
