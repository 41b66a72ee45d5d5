import { html, type Markup } from '../html.ts';
import { extentOf, linearScale, shortNumber } from './scale.ts';

/** A set of points of a scatter plot. */
export interface Points {
  readonly name: string;
  readonly color: 1 | 2 | 3 | 4;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Options for {@link scatterPlot}. */
export interface ScatterPlotOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly sets: readonly Points[];
  /** Draws the line on which x and y are the same. */
  readonly diagonal?: boolean;
  /** Circles around the origin, in the units of the axes. */
  readonly circles?: readonly { readonly label: string; readonly radius: number }[];
}

const SIDE = 340;
const area = { left: 52, right: 14, top: 14, bottom: 42 };

/** A square plot of points as SVG, both axes of the same scale. */
export function scatterPlot(options: ScatterPlotOptions): Markup {
  const { title, xLabel, yLabel, sets, diagonal = false, circles = [] } = options;
  const values = sets.flatMap(({ points }) => points.flat());
  const reach = Math.max(0, ...circles.map(({ radius }) => radius), ...values.map(Math.abs));
  const extent: [number, number] = circles.length > 0 ? [-1.1 * reach, 1.1 * reach] : extentOf(values);
  const x = linearScale(extent, area.left, SIDE - area.right, 4);
  const y = linearScale(extent, SIDE - area.bottom, area.top, 4);
  const at = (pixel: number) => pixel.toFixed(1);
  return html`<figure class="plot square"><svg viewBox="0 0 ${SIDE} ${SIDE}" role="img" aria-label="${title}">
${y.ticks.map((tick) => html`<line class="grid" x1="${area.left}" x2="${SIDE - area.right}" y1="${at(y(tick))}" y2="${at(y(tick))}"/><text class="tick" x="${area.left - 8}" y="${at(y(tick) + 4)}" text-anchor="end">${shortNumber(tick)}</text>`)}
${x.ticks.map((tick) => html`<line class="grid" y1="${area.top}" y2="${SIDE - area.bottom}" x1="${at(x(tick))}" x2="${at(x(tick))}"/><text class="tick" x="${at(x(tick))}" y="${SIDE - area.bottom + 18}" text-anchor="middle">${shortNumber(tick)}</text>`)}
<text class="axis" x="${(area.left + SIDE - area.right) / 2}" y="${SIDE - 6}" text-anchor="middle">${xLabel}</text>
<text class="axis" x="12" y="${SIDE / 2 - 12}" text-anchor="middle" transform="rotate(-90 12 ${SIDE / 2 - 12})">${yLabel}</text>
${diagonal && html`<line class="reference" x1="${at(x(extent[0]))}" y1="${at(y(extent[0]))}" x2="${at(x(extent[1]))}" y2="${at(y(extent[1]))}"/>`}
${circles.map(({ radius }) => html`<circle class="reference" cx="${at(x(0))}" cy="${at(y(0))}" r="${at(x(radius) - x(0))}"/>`)}
${sets.map(({ name, color, points }) => html`<g class="c${color} dots"><title>${name}</title>${points.map(([px, py]) => html`<circle r="2.6" cx="${at(x(px))}" cy="${at(y(py))}"/>`)}</g>`)}
</svg><figcaption>${sets.length > 1 && sets.map(({ name, color }) => html`<span class="key"><i class="c${color}"></i>${name}</span>`)}${circles.map(({ label }) => html`<span class="key"><i class="reference"></i>${label}</span>`)}${diagonal && html`<span class="key"><i class="reference"></i>unchanged</span>`}</figcaption></figure>`;
}
