import type { Size } from '@simgan/core';
import {
  composeTransforms,
  cropTransform,
  type ImageTransform,
  resizeTransform,
} from '@simgan/core/geometry';

/** How a picture is brought to a size. */
export type Fit = 'cover' | 'fill';

/** The steps that bring a picture to a size: it is scaled to `scaled`, and the window at (`left`, `top`) is kept. */
export interface FitSteps {
  readonly scaled: Size;
  readonly left: number;
  readonly top: number;
  /** The same for points and labels. */
  readonly transform: ImageTransform;
}

/**
 * The steps that bring a picture to a size. `cover` scales both axes alike, until the size is filled, and cuts off what
 * stands over at both sides equally; `fill` scales each axis by itself. Everything is in whole pixels, so that labels
 * follow exactly what happens to pixels.
 */
export function fitSteps(from: Size, to: Size, fit: Fit): FitSteps {
  const factor = Math.max(to.width / from.width, to.height / from.height);
  const side = (name: 'width' | 'height') =>
    fit === 'fill' ? to[name] : Math.max(to[name], Math.round(from[name] * factor));
  const scaled = { width: side('width'), height: side('height') };
  const left = Math.floor((scaled.width - to.width + 1) / 2);
  const top = Math.floor((scaled.height - to.height + 1) / 2);
  const transform = composeTransforms(
    resizeTransform(from, scaled),
    cropTransform(scaled, { left, top, width: to.width, height: to.height }),
  );
  return { scaled, left, top, transform };
}
