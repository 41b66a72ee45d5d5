import { SimganError, type Size } from '@simgan/core';
import {
  type CropWindow,
  composeTransforms,
  cropTransform,
  type ImageTransform,
  type Point,
  resizeTransform,
} from '@simgan/core/geometry';

/**
 * The window that is cut out around an eye: of a size in pixels of the picture, stretched to the form whatever its
 * aspect ratio; or `eyeWidths` times as wide as the eye is from corner to corner, with the form's aspect ratio.
 */
export type EyeWindow = Size | { readonly eyeWidths: number };

/** With it the eye fills as much of the picture as the simulator's eyes do. */
export const defaultWindow: EyeWindow = { eyeWidths: 1.5 };

/** @throws SimganError INVALID_ARGUMENT if the window has no size. */
export function checkWindow(window: EyeWindow): void {
  for (const [name, value] of Object.entries<number>({ ...window })) {
    if (Number.isFinite(value) && value > 0) continue;
    throw new SimganError('INVALID_ARGUMENT', `The window's ${name} is ${value}. Give a number above 0.`);
  }
}

/** The window around an eye whose lid margin is known, centered on the margin's bounding box. */
export function windowAround(margin: readonly Point[], window: EyeWindow, form: Size): CropWindow {
  const xs = margin.map(([x]) => x);
  const ys = margin.map(([, y]) => y);
  const center: Point = [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
  if (!('eyeWidths' in window)) return centered(center, window);
  const [inner, outer] = [margin[0]!, margin[margin.length / 2]!];
  const width = window.eyeWidths * Math.hypot(outer[0] - inner[0], outer[1] - inner[1]);
  return centered(center, { width, height: (width * form.height) / form.width });
}

/** The window where no landmark says where the eye is: in the middle, and as large as fits if its size is unknown. */
export function windowInMiddle(picture: Size, window: EyeWindow, form: Size): CropWindow {
  const scale = Math.min(picture.width / form.width, picture.height / form.height);
  const size = 'eyeWidths' in window ? { width: form.width * scale, height: form.height * scale } : window;
  return centered([picture.width / 2, picture.height / 2], size);
}

/** The transform from the picture through the window to the form; a sentence if the window reaches beyond the picture. */
export function throughWindow(picture: Size, window: CropWindow, form: Size): ImageTransform | string {
  const { left, top, width, height } = window;
  const over = Math.max(-left, -top, left + width - picture.width, top + height - picture.height);
  // Rounding must not refuse a window that is as large as the picture.
  if (over > 1e-6) {
    return (
      `The window of ${Math.round(width)} x ${Math.round(height)} pixels around the eye reaches ${Math.ceil(over)} ` +
      `pixels beyond the picture of ${picture.width} x ${picture.height}. Choose a smaller window.`
    );
  }
  const crop = cropTransform(picture, window);
  return composeTransforms(crop, resizeTransform(crop.to, form));
}

function centered([x, y]: Point, { width, height }: Size): CropWindow {
  return { left: x - width / 2, top: y - height / 2, width, height };
}
