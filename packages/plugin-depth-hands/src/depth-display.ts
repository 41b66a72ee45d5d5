import { createImage, type ImageDisplay, type Rgb, type SizedForm } from '@simgan/core';
import { cubeOf, pixelKind } from './hand-image.ts';

/** From the near face of the cube to the far one, at equal steps: warm is near, cold is far. */
const SCALE: readonly Rgb[] = [
  [128, 10, 30],
  [206, 38, 34],
  [242, 104, 36],
  [252, 178, 48],
  [216, 226, 66],
  [110, 212, 98],
  [44, 184, 172],
  [52, 136, 222],
  [66, 84, 200],
  [74, 40, 130],
];
const BACKGROUND: Rgb = [40, 42, 48];
/** White, which the scale does not contain. */
const INVALID: Rgb = [240, 240, 240];
/** Colors of the scale in the legend. */
const LEGEND_STEPS = 120;

/**
 * Shows depth in colors of a fixed scale: the same number of millimeters behind the near face of the cube has the
 * same color in every picture. Background is dark gray, a pixel without a measurement is white.
 *
 * @param form - as `handImage` returns it.
 * @throws SimganError INVALID_ARGUMENT for any other form.
 */
export function depthDisplay(form: SizedForm): Required<ImageDisplay> {
  const cube = cubeOf(form);
  const colors = Array.from({ length: cube + 1 }, (_, depth) => onScale(depth / cube));
  const colorOf = (value: number): Rgb => {
    const kind = pixelKind(value, cube);
    if (kind === 'depth') return colors[Math.min(value, cube)]!;
    return kind === 'background' ? BACKGROUND : INVALID;
  };
  const steps = Array.from({ length: LEGEND_STEPS }, (_, step) => onScale(step / (LEGEND_STEPS - 1)));
  return {
    paint({ width, height, data }) {
      const painted = createImage({ width, height, channels: 3, bits: 8 });
      for (const [pixel, value] of data.entries()) painted.data.set(colorOf(value), 3 * pixel);
      return painted;
    },
    legend: [
      { colors: steps, label: `0 to ${cube} mm` },
      { colors: [BACKGROUND], label: 'background' },
      { colors: [INVALID], label: 'not measured' },
    ],
  };
}

/** @param share - from 0, the near face, to 1, the far one. */
function onScale(share: number): Rgb {
  const place = share * (SCALE.length - 1);
  const below = Math.min(SCALE.length - 2, Math.floor(place));
  const mix = (channel: 0 | 1 | 2) =>
    Math.round(
      SCALE[below]![channel] + (place - below) * (SCALE[below + 1]![channel] - SCALE[below]![channel]),
    );
  return [mix(0), mix(1), mix(2)];
}
